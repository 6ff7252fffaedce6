package service

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"grapevine/db"
	"grapevine/wallet"
	"grapevine/wallet/crypter"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/state"
)

// cheap lets a test try many passphrases.
func cheap() crypter.Params { return crypter.Params{Passes: 1, KiB: 8, Lanes: 1} }

// traces are the bytes that tell a wallet's secrets.
func traces(u *user) map[string][]byte {
	u.mu.Lock()
	defer u.mu.Unlock()
	x := u.state.Secrets()
	t := map[string][]byte{"words": bytes.Clone(x.Words), "seed": bytes.Clone(x.Seed), "seed in hex": []byte(hex.EncodeToString(x.Seed))}
	for i, word := range bytes.Fields(x.Words) {
		if i < 2 { // with its neighbour: one word may stand there by chance
			t["words "+string(word)] = append(append(bytes.Clone(word), ' '), bytes.Fields(x.Words)[i+1]...)
		}
	}
	for public, private := range x.Private {
		t["private "+public] = bytes.Clone(private)
		for _, part := range strings.FieldsFunc(string(private), func(r rune) bool { return strings.ContainsRune("()/*[],", r) }) {
			if strings.HasPrefix(part, "tprv") || strings.HasPrefix(part, "c") && len(part) > 50 {
				t["key "+part[:6]] = []byte(part)
			}
		}
	}
	return t
}

func found(t *testing.T, dir string, traces map[string][]byte) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if st, _ := e.Info(); st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), st.Mode())
		}
		for what, b := range traces {
			if len(b) > 0 && bytes.Contains(raw, b) {
				list = append(list, e.Name()+": "+what)
			}
		}
	}
	return list
}

// bring imports a private descriptor.
func bring(t *testing.T, u *user, text string) {
	t.Helper()
	d, err := descriptor.Parse(text, u.w.params.Params, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.AddDescriptors(t.Context(), []state.Import{{Desc: d, End: 1, Timestamp: 1}}); err != nil {
		t.Fatal(err)
	}
}

const (
	oneKey     = "pkh(cVpF924EspNh8KjYsfhgY96mmxvT6DgdWiTYMtMjuM74hJaU5psW)"
	anotherKey = "wpkh(cTe1f5rdT8A8DFgVWTjyPwACsDPJM9ff4QngFxUixCSvvbg1x6sh)"
)

func TestNothingIsInClearInTheFileAfterEncryption(t *testing.T) {
	w := newWorld(t)
	u := w.rich(1, 2)
	bring(t, u, oneKey)
	told := traces(u)
	dir := filepath.Dir(u.path)
	if len(found(t, dir, told)) == 0 {
		t.Fatal("a wallet that is not encrypted holds its secrets where they are not looked for")
	}
	if err := u.Encrypt(t.Context(), []byte("pass")); err != nil {
		t.Fatal(err)
	}
	if got := found(t, dir, told); len(got) > 0 {
		t.Errorf("in clear: %q", got)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%v are left in the directory", entries)
	}
	if _, err := u.pay(u.script(wallet.SegWit), 1e8); !errors.Is(err, wallet.ErrLocked) {
		t.Errorf("a locked wallet pays: %v", err)
	}
	if _, err := u.Words(t.Context()); !errors.Is(err, wallet.ErrLocked) {
		t.Errorf("a locked wallet tells its words: %v", err)
	}
	if err := u.Unlock(t.Context(), []byte("pass"), time.Hour); err != nil {
		t.Fatal(err)
	}
	bring(t, u, anotherKey) // it is sealed, too
	for what, b := range traces(u) {
		told[what] = b
	}
	u.mustPay(u.script(wallet.SegWit), 1e8)
	if err := u.Repass(t.Context(), []byte("pass"), []byte("new")); err != nil {
		t.Fatal(err)
	}
	if err := u.Lock(); err != nil {
		t.Fatal(err)
	}
	if got := found(t, dir, told); len(got) > 0 {
		t.Errorf("in clear after more keys came: %q", got)
	}
	if u.state.Secrets() != nil || u.state.Unlocked() {
		t.Error("what is private is still in memory")
	}
	u.reopen()
	if err := u.Unlock(t.Context(), []byte("pass"), time.Hour); !errors.Is(err, wallet.ErrPassphrase) {
		t.Errorf("the old passphrase: %v", err)
	}
	opens(t, u, "new", told)
}

func TestAWalletMadeWithAPassphraseIsNeverInClear(t *testing.T) {
	w := newWorld(t)
	u := w.user(5)
	if err := u.Make(t.Context(), Plan{Passphrase: []byte("pass")}); err != nil {
		t.Fatal(err)
	}
	if err := u.Unlock(t.Context(), []byte("pass"), time.Hour); err != nil {
		t.Fatal(err)
	}
	told := traces(u)
	if len(told["words"]) == 0 {
		t.Error("it has no words")
	}
	u.script(wallet.Taproot)
	if got := found(t, filepath.Dir(u.path), told); len(got) > 0 {
		t.Errorf("in clear: %q", got)
	}
	if err := u.Restore(t.Context(), oldTestWords, ""); !errors.Is(err, wallet.ErrExists) {
		t.Errorf("it was replaced: %v", err)
	}
}

const oldTestWords = "legal winner thank year wave sausage worth useful legal winner thank yellow"

func TestALockedWalletStillWatches(t *testing.T) {
	w := newWorld(t)
	u := w.rich(1, 2)
	if err := u.Encrypt(t.Context(), []byte("pass")); err != nil {
		t.Fatal(err)
	}
	before := u.balance().Confirmed
	for range 3 * ahead {
		u.script(wallet.SegWit)
	}
	w.mine(u.script(wallet.Legacy))
	w.mineN(100, []byte{0x51})
	if got := u.balance().Confirmed; got <= before {
		t.Errorf("it has %d, before %d", got, before)
	}
	if err := u.flush(); err != nil {
		t.Fatal(err)
	}
	u.reopen()
	if got := u.balance().Confirmed; got <= before {
		t.Errorf("after a start it has %d, before %d", got, before)
	}
}

func TestTheStatesOfEncryptionAreTold(t *testing.T) {
	w := newWorld(t)
	u := w.user(1)
	ctx := t.Context()
	if err := u.Encrypt(ctx, []byte("x")); !errors.Is(err, wallet.ErrNoWallet) {
		t.Error(err)
	}
	u.script(wallet.SegWit)
	for _, err := range []error{u.Unlock(ctx, []byte("x"), 1), u.Lock(), u.Repass(ctx, []byte("x"), []byte("y"))} {
		if !errors.Is(err, wallet.ErrPlain) {
			t.Error(err)
		}
	}
	if err := u.Encrypt(ctx, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := u.Encrypt(ctx, []byte("x")); !errors.Is(err, wallet.ErrEncrypted) {
		t.Error(err)
	}
	watch := w.user(2)
	if err := watch.Make(ctx, Plan{Watch: true}); err != nil {
		t.Fatal(err)
	}
	if err := watch.Encrypt(ctx, []byte("x")); !errors.Is(err, wallet.ErrNoSecrets) {
		t.Error(err)
	}
}

// The service's clock is one that people may set.
func TestAWalletLocksItselfByEitherClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.user(1)
		u.cfg.Stretch = cheap()
		u.script(wallet.SegWit)
		if err := u.Encrypt(t.Context(), []byte("x")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- u.Run(ctx) }()
		unlock := func(d time.Duration) {
			t.Helper()
			if err := u.Unlock(t.Context(), []byte("x"), d); err != nil {
				t.Fatal(err)
			}
		}
		open := func() bool {
			_, until := u.Encrypted()
			return !until.IsZero()
		}
		unlock(time.Minute)
		time.Sleep(59 * time.Second)
		if !open() {
			t.Error("locked before its time")
		}
		unlock(time.Hour) // the new time counts
		time.Sleep(59 * time.Minute)
		if !open() {
			t.Error("locked by an older time")
		}
		time.Sleep(2 * time.Minute)
		if open() {
			t.Error("not locked by the real clock")
		}
		unlock(time.Hour)
		set := func(d time.Duration) {
			u.mu.Lock() // under which the service looks at its clock
			defer u.mu.Unlock()
			w.now = w.now.Add(d)
		}
		set(59 * time.Minute)
		if !open() {
			t.Error("locked before its time by the clock that was set")
		}
		set(time.Minute)
		time.Sleep(2 * time.Second) // nobody asks: the keys go by themselves
		u.mu.Lock()
		if u.state.Secrets() != nil {
			t.Error("not locked by the clock that was set")
		}
		u.mu.Unlock()
		unlock(0)
		if open() {
			t.Error("unlocked for no time at all")
		}
		unlock(MaxUnlock + time.Hour)
		if _, until := u.Encrypted(); !until.Equal(w.now.Add(MaxUnlock)) {
			t.Errorf("unlocked until %v", until)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestWrongPassphrasesCostTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.user(1)
		u.cfg.Stretch = cheap()
		u.script(wallet.SegWit)
		if err := u.Encrypt(t.Context(), []byte("x")); err != nil {
			t.Fatal(err)
		}
		for i, want := range []time.Duration{0, 0, 0, 500 * time.Millisecond, time.Second, 1500 * time.Millisecond, 2 * time.Second, 2500 * time.Millisecond, 3 * time.Second,
			3500 * time.Millisecond, 4 * time.Second, 4500 * time.Millisecond, 5 * time.Second, 5 * time.Second} {
			begun := time.Now()
			if err := u.Unlock(t.Context(), []byte("y"), 1); !errors.Is(err, wallet.ErrPassphrase) {
				t.Fatal(err)
			}
			if took := time.Since(begun); took != want {
				t.Errorf("attempt %d took %v, want %v", i+1, took, want)
			}
		}
		if err := u.Unlock(t.Context(), []byte("x"), 1); err != nil || u.wrong != 0 {
			t.Error(err, u.wrong)
		}
		_ = u.Lock()
	})
}

// A node is killed at each step of replacing the file: what lies under its name is a
// whole wallet, and the next start ends what was begun.
func TestEncryptionMayBeKilledAtEachStep(t *testing.T) {
	w := newWorld(t)
	u := w.rich(1, 1)
	told := traces(u)
	if err := u.flush(); err != nil {
		t.Fatal(err)
	}
	u.Service.Close()
	plain, err := os.ReadFile(u.path)
	if err != nil {
		t.Fatal(err)
	}
	u.open(1)
	if err := u.Encrypt(t.Context(), []byte("pass")); err != nil {
		t.Fatal(err)
	}
	u.Service.Close()
	sealed, err := os.ReadFile(u.path)
	if err != nil {
		t.Fatal(err)
	}
	fresh, aside := freshSuffix, asideSuffix
	for _, step := range []struct {
		name      string
		files     map[string][]byte
		link      bool
		encrypted bool
	}{
		{"the fresh file is half written", map[string][]byte{"": plain, fresh: sealed[:5000]}, false, false},
		{"the fresh file is whole", map[string][]byte{"": plain, fresh: sealed}, false, false},
		{"the old file has its second name", map[string][]byte{"": plain, fresh: sealed}, true, false},
		{"the fresh file has its name", map[string][]byte{"": sealed, aside: plain}, false, true},
		{"the old file is half overwritten", map[string][]byte{"": sealed, aside: append(make([]byte, 5000), plain[5000:]...)}, false, true},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "wallet.db")
		for suffix, content := range step.files {
			if err := os.WriteFile(path+suffix, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if step.link {
			if err := os.Link(path, path+aside); err != nil {
				t.Fatal(err)
			}
		}
		file, err := OpenFile(path, db.Options{NoSync: true})
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		s := &Service{cfg: u.cfg, tables: newTables()}
		s.cfg.DB = file
		st, err := s.load()
		if err != nil || st.Encrypted() != step.encrypted || (st.Secrets() != nil) == step.encrypted {
			t.Errorf("%s: %v", step.name, err)
		}
		file.Close()
		if entries, _ := os.ReadDir(dir); len(entries) != 1 {
			t.Errorf("%s: %v are left", step.name, entries)
		}
		if in := found(t, dir, told); step.encrypted && len(in) > 0 {
			t.Errorf("%s: %v in clear", step.name, in)
		}
	}
}

func TestCopiesInClearAreNamed(t *testing.T) {
	w := newWorld(t)
	u := w.rich(1, 1)
	dir := t.TempDir()
	clear, sealedCopy, other := filepath.Join(dir, "clear"), filepath.Join(dir, "sealed"), w.user(2)
	if _, err := db.BackupFile(clear, u.Backup); err != nil {
		t.Fatal(err)
	}
	if err := u.NoteCopy(clear); err != nil {
		t.Fatal(err)
	}
	if err := u.Encrypt(t.Context(), []byte("pass")); err != nil {
		t.Fatal(err)
	}
	if _, err := db.BackupFile(sealedCopy, u.Backup); err != nil {
		t.Fatal(err)
	}
	if err := u.NoteCopy(sealedCopy); err != nil {
		t.Fatal(err)
	}
	other.script(wallet.SegWit)
	if got := u.Copies(); len(got) != 1 || got[0] != clear {
		t.Errorf("copies %q", got)
	}
	if !u.ToldInClear(clear) || u.ToldInClear(sealedCopy) || u.ToldInClear(other.path) || u.ToldInClear(dir) {
		t.Error("what tells the keys in clear is mistaken")
	}
}

// A copy is looked at while the file is replaced: the race detector sees both at once.
func TestACopyIsLookedAtWhileTheFileIsReplaced(t *testing.T) {
	w := newWorld(t)
	u := w.rich(1, 1)
	copied := filepath.Join(t.TempDir(), "copy")
	if _, err := db.BackupFile(copied, u.Backup); err != nil {
		t.Fatal(err)
	}
	told := make(chan bool, 1)
	u.cfg.Reopen = func(path string) (*db.DB, error) {
		file, err := OpenFile(path, db.Options{NoSync: true})
		if !strings.HasSuffix(path, freshSuffix) {
			u.mu.Lock()
			go func() { told <- u.ToldInClear(copied) }()
			time.Sleep(100 * time.Millisecond) // until it waits for the wallet
			u.mu.Unlock()
		}
		return file, err
	}
	if err := u.Encrypt(t.Context(), []byte("pass")); err != nil {
		t.Fatal(err)
	}
	if !<-told {
		t.Error("what is in clear is not seen")
	}
}
