package ledger

import (
	"errors"
	"testing"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/db"
)

// Blocks that came before segwit held are not gone on with where it does, until the
// file is built anew; then they are validated by what holds now.
func TestBlocksFromBeforeSegwitAreAskedForAgain(t *testing.T) {
	late := func(c *Config, _ *db.Options) {
		c.Params = chain.RegTest()
		if err := c.Params.Activate("segwit", 100); err != nil {
			t.Fatal(err)
		}
		c.NeedWitnesses = true
	}
	r := newRig(t, late)
	parent := r.Tip()
	for range 8 {
		m := chaintest.Mine(t, r.cfg.Params, parent)
		if err := r.Submit(m); err != nil {
			t.Fatal(err)
		}
		parent = m.Node
	}
	path := r.cfg.DB.Path()
	r.stop()
	again := func(change func(*Config)) (*Ledger, error) {
		file, err := db.Open(path, Name, Schema, db.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		c := r.cfg
		c.DB, c.Params = file, chain.RegTest()
		if err := c.Params.Activate("segwit", 5); err != nil {
			t.Fatal(err)
		}
		change(&c)
		l, err := Open(c)
		if err != nil {
			file.Close()
		}
		return l, err
	}
	var bare *BareError
	if _, err := again(func(*Config) {}); !errors.As(err, &bare) || bare.From != 5 {
		t.Errorf("opened: %v", err)
	}
	if _, err := again(func(c *Config) { c.NeedWitnesses = false }); err != nil {
		t.Errorf("to look at it: %v", err)
	}
}
