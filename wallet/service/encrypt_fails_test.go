package service

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"grapevine/db"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// failsOnce has the first file that is opened anew fail, after others have asked the
// wallet for what locks it when its time is over.
func failsOnce(t *testing.T, u *user) {
	t.Helper()
	failed := false
	u.cfg.Reopen = func(path string) (*db.DB, error) {
		asked := make(chan error)
		go func() {
			_, err := u.Balance(context.Background())
			asked <- errors.Join(err, u.Unlocked())
		}()
		if err := <-asked; err != nil && !failed {
			t.Errorf("while it is encrypted: %v", err)
		}
		if !failed {
			failed = true
			return nil, errors.New("no space left")
		}
		return OpenFile(path, db.Options{NoSync: true})
	}
}

func TestAWalletWhoseEncryptionFailedIsAsItWas(t *testing.T) {
	w := newWorld(t)
	u := w.rich(1, 2)
	bring(t, u, oneKey)
	told := traces(u)
	failsOnce(t, u)
	if err := u.Encrypt(t.Context(), []byte("pass")); err == nil {
		t.Fatal("it failed and says nothing")
	}
	if sealed, _ := u.Encrypted(); sealed || u.Unlocked() != nil {
		t.Error("it is no plain wallet any more")
	}
	if words, err := u.Words(t.Context()); err != nil || words != string(told["words"]) {
		t.Errorf("its words are gone: %v", err)
	}
	if _, err := u.pay(u.script(wallet.SegWit), 1e8); err != nil {
		t.Fatalf("it cannot sign: %v", err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(u.path)); len(entries) != 1 {
		t.Errorf("%v are left in the directory", entries)
	}
	if err := u.Encrypt(t.Context(), []byte("pass")); err != nil {
		t.Fatal(err)
	}
	u.Service.Close()
	u.open(2)
	if err := u.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := u.Unlock(t.Context(), []byte("pass"), time.Hour); err != nil {
		t.Fatal(err)
	}
	for what, b := range traces(u) {
		if !bytes.Equal(told[what], b) {
			t.Errorf("%s came back otherwise", what)
		}
	}
	u.mustPay(u.script(wallet.SegWit), 1e8)
}

// Keys that are brought while the file is written anew are sealed, too.
func TestKeysThatComeDuringEncryptionAreSealed(t *testing.T) {
	w := newWorld(t)
	u := w.rich(1, 1)
	added, done := make(chan struct{}), make(chan error, 1)
	u.cfg.Reopen = func(path string) (*db.DB, error) {
		if strings.HasSuffix(path, freshSuffix) {
			d, err := descriptor.Parse(anotherKey, w.params.Params, false)
			if err != nil {
				return nil, err
			}
			go func() { done <- u.AddDescriptors(context.Background(), []Import{{Desc: d, End: 1, Timestamp: 1}}) }()
			go func() {
				for has := false; !has; {
					u.mu.Lock()
					has = len(u.state.rows) > len(wallet.Branches())
					u.mu.Unlock()
				}
				close(added)
			}()
			<-added
		}
		return OpenFile(path, db.Options{NoSync: true})
	}
	if err := u.Encrypt(t.Context(), []byte("pass")); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	u.Service.Close()
	u.open(2)
	if err := u.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := u.Unlock(t.Context(), []byte("pass"), time.Hour); err != nil {
		t.Fatal(err)
	}
	told := traces(u)
	if len(u.state.secrets.Private) != len(wallet.Branches())+1 {
		t.Error("a key is lost")
	}
	if got := found(t, filepath.Dir(u.path), told); len(got) > 0 {
		t.Errorf("in clear: %q", got)
	}
}
