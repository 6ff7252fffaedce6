package service

import (
	"path/filepath"
	"testing"

	"grapevine/db"
)

// A kill after the first write must not leave a wallet that is other than it was asked for.
func TestAWalletIsMadeInOneWrite(t *testing.T) {
	u := newWorld(t).user(7)
	for _, p := range []Plan{
		{Name: "plain", AvoidReuse: true},
		{Name: "blank", Blank: true, AvoidReuse: true},
		{Name: "watch", Watch: true, AvoidReuse: true},
		{Name: "sealed", Passphrase: []byte("pass"), AvoidReuse: true},
		{Name: "both", Passphrase: []byte("pass"), Blank: true},
	} {
		cfg, commits := u.cfg, 0
		path := filepath.Join(t.TempDir(), "wallet.db")
		var err error
		if cfg.DB, err = openAs(path, db.Options{NoSync: true, OnCommit: func(int) { commits++ }}); err != nil {
			t.Fatal(err)
		}
		s, err := Open(cfg)
		if err == nil {
			err = s.Make(t.Context(), p)
		}
		if err == nil {
			err = s.Rename(p.Name) // it is called so already
		}
		if err != nil || commits != 2 { // before and after it
			t.Errorf("%s: %v, %d steps of commits", p.Name, err, commits)
		}
		if err := s.Close(); err != nil { // without what was never written
			t.Fatal(err)
		}
		if cfg.DB, err = OpenFile(path, db.Options{NoSync: true}); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(cfg); err != nil {
			t.Fatal(err)
		}
		name, _ := s.Name()
		watch, blank := s.Keys()
		sealed, _ := s.Encrypted()
		if name != p.Name || s.AvoidReuse() != p.AvoidReuse || watch != p.Watch || blank != p.Blank || sealed != (p.Passphrase != nil) {
			t.Errorf("%+v became %q, %v, %v, %v, %v", p, name, s.AvoidReuse(), watch, blank, sealed)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
