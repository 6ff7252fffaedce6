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
	"grapevine/wallet/state"
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
	unlockedAnew(t, u, told)
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
			go func() {
				done <- u.AddDescriptors(context.Background(), []state.Import{{Desc: d, End: 1, Timestamp: 1}})
			}()
			go func() {
				for has := false; !has; {
					u.mu.Lock()
					rows, _ := u.state.DescribeRows()
					has = len(rows) > len(wallet.Branches())
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
	u.reopen()
	if err := u.Unlock(t.Context(), []byte("pass"), time.Hour); err != nil {
		t.Fatal(err)
	}
	told := traces(u)
	if len(u.state.Secrets().Private) != len(wallet.Branches())+1 {
		t.Error("a key is lost")
	}
	if got := found(t, filepath.Dir(u.path), told); len(got) > 0 {
		t.Errorf("in clear: %q", got)
	}
}

// linked is a rich user whose wallet.db is a symbolic link to a file elsewhere.
func linked(t *testing.T, w *world) (u *user, dir string) {
	t.Helper()
	u, dir = w.rich(1, 1), t.TempDir()
	if err := u.flush(); err != nil {
		t.Fatal(err)
	}
	u.kill()
	target := filepath.Join(dir, "kept.db")
	if err := errors.Join(os.Rename(u.path, target), os.Symlink(target, u.path)); err != nil {
		t.Fatal(err)
	}
	u.open(1)
	if err := u.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return u, dir
}

// unlockedAnew says what of the wallet is not in its file once that is opened again.
func unlockedAnew(t *testing.T, u *user, told map[string][]byte) {
	t.Helper()
	u.reopen()
	opens(t, u, "pass", told)
}

// opens says what a passphrase does not bring back of a wallet, which pays then.
func opens(t *testing.T, u *user, passphrase string, told map[string][]byte) {
	t.Helper()
	if err := u.Unlock(t.Context(), []byte(passphrase), time.Hour); err != nil {
		t.Fatal(err)
	}
	for what, b := range traces(u) {
		if !bytes.Equal(told[what], b) {
			t.Errorf("%s came back otherwise", what)
		}
	}
	u.mustPay(u.script(wallet.SegWit), 1e8)
}

func TestAWalletBehindASymbolicLinkIsEncryptedWhereItIs(t *testing.T) {
	w := newWorld(t)
	u, dir := linked(t, w)
	told := traces(u)
	if len(found(t, dir, told)) == 0 {
		t.Fatal("its secrets are not where they are looked for")
	}
	if err := u.Encrypt(t.Context(), []byte("pass")); err != nil {
		t.Fatal(err)
	}
	u.script(wallet.SegWit)
	if st, err := os.Lstat(u.path); err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if got := found(t, dir, told); len(got) > 0 {
		t.Errorf("in clear: %q", got)
	}
	for _, d := range []string{dir, filepath.Dir(u.path)} {
		if entries, _ := os.ReadDir(d); len(entries) != 1 {
			t.Errorf("%v are left in %s", entries, d)
		}
	}
	unlockedAnew(t, u, told)
	if err := os.WriteFile(filepath.Join(dir, "kept.db"+freshSuffix), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := tidy(u.path); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%v are left of one that was killed", entries)
	}
}

// What fails when the fresh file has its name leaves an encrypted wallet.
func TestAWalletIsEncryptedAsSoonAsItsFileIs(t *testing.T) {
	for name, second := range map[string]func(path string) (*db.DB, error){
		"the old file cannot be erased": func(path string) (*db.DB, error) {
			if err := errors.Join(os.Remove(path+asideSuffix), os.Mkdir(path+asideSuffix, 0o700)); err != nil {
				return nil, err
			}
			return openAs(path, db.Options{NoSync: true})
		},
		"the fresh file cannot be opened": func(string) (*db.DB, error) { return nil, errors.New("too many open files") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			u := w.rich(1, 1)
			told := traces(u)
			u.cfg.Reopen = func(path string) (*db.DB, error) {
				if strings.HasSuffix(path, freshSuffix) {
					return OpenFile(path, db.Options{NoSync: true})
				}
				return second(path)
			}
			if err := u.Encrypt(t.Context(), []byte("pass")); err == nil {
				t.Error("nobody is told")
			}
			if sealed, _ := u.Encrypted(); !sealed || !errors.Is(u.Unlocked(), wallet.ErrLocked) {
				t.Error("it says that it is plain")
			}
			_, _ = u.NewAddress(t.Context(), wallet.SegWit, "") // is written, if there is a file
			_ = os.Remove(u.path + asideSuffix)
			if got := found(t, filepath.Dir(u.path), told); len(got) > 0 {
				t.Errorf("in clear: %q", got)
			}
			unlockedAnew(t, u, told)
		})
	}
}

// A file that cannot be opened again once it is encrypted takes no more addresses, which
// is said; when it can be, the wallet goes on by itself.
func TestAWalletGoesOnWhenItsFileCanBeOpenedAgain(t *testing.T) {
	w := newWorld(t)
	u := w.rich(1, 1)
	tell := u.script(wallet.SegWit)
	open := false
	u.cfg.Reopen = func(path string) (*db.DB, error) {
		if !open && !strings.HasSuffix(path, freshSuffix) {
			return nil, errors.New("too many open files")
		}
		return OpenFile(path, db.Options{NoSync: true})
	}
	if err := u.Encrypt(t.Context(), []byte("pass")); !errors.Is(err, errAdrift) {
		t.Errorf("encrypt: %v", err)
	}
	if _, err := u.NewAddress(t.Context(), wallet.SegWit, ""); !errors.Is(err, errAdrift) {
		t.Errorf("an address that cannot be kept: %v", err)
	}
	open = true
	address, err := u.NewAddress(t.Context(), wallet.SegWit, "here")
	if err != nil {
		t.Fatal(err)
	}
	u.reopen()
	if _, ours, err := u.Owned(t.Context(), tell); !ours || err != nil {
		t.Errorf("what was there is gone: %v", err)
	}
	if own, _, err := u.Owned(t.Context(), address); err != nil || own.Label != "here" {
		t.Errorf("%+v, %v: what came later is gone", own, err)
	}
}

// What was made behind a hardened step while the keys were there is known when they are
// locked away, after a start too.
func TestALockedWalletKnowsItsHardenedKeys(t *testing.T) {
	const hardened = "wpkh(tprv8ZgxMBicQKsPerQj6m35no46amfKQdjY7AhLnmatHYXs8S4MTgeZYkWAn4edSGwwL3vkSiiGqSZQrmy5D3P5gBoqgvYP2fCUpBwbKTMTAkL/*h)"
	w := newWorld(t)
	u := w.rich(1, 1)
	d, err := descriptor.Parse(hardened, w.params.Params, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.AddDescriptors(t.Context(), []state.Import{{Desc: d, Start: 2, End: 5, Next: 2, Timestamp: 1}}); err != nil {
		t.Fatal(err)
	}
	scripts, err := d.Expand(4, nil)
	if err != nil {
		t.Fatal(err)
	}
	before, ours, err := u.Owned(t.Context(), scripts[0])
	if err != nil || !ours || !strings.HasPrefix(before.Desc, "wpkh([") {
		t.Fatalf("%+v, %v", before, err)
	}
	if err := u.Encrypt(t.Context(), []byte("pass")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if locked, _, err := u.Owned(t.Context(), scripts[0]); err != nil || locked.Desc != before.Desc {
			t.Errorf("locked: %+v, %v", locked, err)
		}
		u.reopen()
	}
}

// A file that cannot take its name leaves the old one in use.
func TestAPassphraseThatCannotBeChangedStays(t *testing.T) {
	w := newWorld(t)
	u := w.rich(1, 1)
	told := traces(u)
	if err := u.Encrypt(t.Context(), []byte("pass")); err != nil {
		t.Fatal(err)
	}
	u.cfg.Reopen = func(path string) (*db.DB, error) {
		file, err := OpenFile(path, db.Options{NoSync: true})
		if err == nil && strings.HasSuffix(path, freshSuffix) { // it has no name to be renamed by
			err = os.Remove(path)
		}
		return file, err
	}
	if err := u.Repass(t.Context(), []byte("pass"), []byte("new")); err == nil {
		t.Error("nobody is told")
	}
	u.script(wallet.SegWit)
	unlockedAnew(t, u, told)
}
