package loader

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/db"
	"grapevine/wallet"
	"grapevine/wallet/service"
)

// chainOf is a chain of one block.
type chainOf struct{ genesis *chain.HeaderNode }

func (c chainOf) Tip() *chain.HeaderNode { return c.genesis }
func (c chainOf) AtHeight(h int32) *chain.HeaderNode {
	if h == 0 {
		return c.genesis
	}
	return nil
}
func (c chainOf) Block(hash chain.Hash) (*chain.Block, error) {
	return nil, fmt.Errorf("no block %s", hash)
}

// several opens the wallets of a directory, as a node's start does.
func several(t *testing.T, change func(*WalletsConfig)) (*Wallets, error) {
	dir, p := t.TempDir(), chain.RegTest()
	cfg := WalletsConfig{
		Config: service.Config{Params: p, Chain: chainOf{p.Genesis()}, Submit: func(context.Context, *chain.Tx) error { return nil },
			Rand: rand.NewChaCha8([32]byte{3}), Now: time.Now, Lookahead: 10},
		Dir: filepath.Join(dir, "wallets"), Old: filepath.Join(dir, "wallet.db"),
		Open: func(path string) (*db.DB, error) {
			return service.OpenFile(path, db.Options{NoSync: true, Timeout: 50 * time.Millisecond})
		},
	}
	if change != nil {
		change(&cfg)
	}
	return OpenWallets(cfg)
}

// running are wallets that follow the chain, as in a node, until stop is called.
type running struct {
	*Wallets
	stop func() error
}

func mustSeveral(t *testing.T, change func(*WalletsConfig)) *running {
	t.Helper()
	all, err := several(t, change)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- all.Run(ctx) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return &running{all, stop}
}

func mustMake(t *testing.T, all *running, names ...string) {
	t.Helper()
	for _, name := range names {
		err := all.Create(name, func(s *service.Service) error {
			_, err := s.Create(context.Background(), "")
			return err
		})
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
	}
}

// wordsOf are the words of a wallet in use.
func wordsOf(t *testing.T, all *running, name string) string {
	t.Helper()
	s, err := all.Pick(name, true)
	if err != nil {
		t.Fatal(err)
	}
	words, err := s.Words(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return words
}

func TestWalletsComeAndGoByName(t *testing.T) {
	all := mustSeveral(t, nil)
	outside := filepath.Join(t.TempDir(), "abroad", "w")
	names := []string{"", "a", "a/b", "ä ö.x", "..b", "../beside", outside}
	mustMake(t, all, names...)
	if got := all.Names(); !slices.Equal(got, names) {
		t.Errorf("in use: %q", got)
	}
	for _, name := range names {
		if err := all.Create(name, func(*service.Service) error { return nil }); !errors.Is(err, wallet.ErrTaken) {
			t.Errorf("%q made twice: %v", name, err)
		}
		if err := all.Load(name); !errors.Is(err, wallet.ErrLoaded) {
			t.Errorf("%q loaded twice: %v", name, err)
		}
		before := wordsOf(t, all, name)
		if err := all.Unload(name); err != nil {
			t.Fatal(err)
		}
		if err := all.Unload(name); !errors.Is(err, wallet.ErrNotLoaded) {
			t.Errorf("%q unloaded twice: %v", name, err)
		}
		if err := all.Load(name); err != nil {
			t.Fatal(err)
		}
		if wordsOf(t, all, name) != before {
			t.Errorf("%q has other words", name)
		}
	}
	listed, err := all.Dir()
	if want := []string{"", "..b", "a", "a/b", "ä ö.x"}; err != nil || !slices.Equal(listed, want) {
		t.Errorf("on disk: %q, %v", listed, err)
	}
	if _, err := all.Pick("", false); !errors.Is(err, wallet.ErrWhich) {
		t.Error(err)
	}
	if _, err := all.Pick("nobody", true); !errors.Is(err, wallet.ErrNotLoaded) {
		t.Error(err)
	}
	for _, name := range names {
		if err := all.Unload(name); err != nil {
			t.Error(err)
		}
	}
	if _, err := all.Pick("", false); !errors.Is(err, wallet.ErrNoneLoaded) {
		t.Error(err)
	}
}

func TestWhatIsNoWalletIsNotLoaded(t *testing.T) {
	all := mustSeveral(t, nil)
	mustMake(t, all, "w")
	dir := all.cfg.Dir
	write := func(name, content string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700), os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("empty/wallet.db", "")
	write("junk/wallet.db", strings.Repeat("junk", 4096))
	write("file", "x")
	write("bare/other", "x")
	if err := errors.Join(os.Symlink("file", filepath.Join(dir, "linked")), os.Symlink("w", filepath.Join(dir, "alias"))); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{
		"nosuch": wallet.ErrNoPath, "empty": wallet.ErrNoFormat, "junk": wallet.ErrNoFormat, "bare": wallet.ErrNoFormat, "file": wallet.ErrNoFormat,
		"a\x00b": wallet.ErrName, strings.Repeat("x", 4097): wallet.ErrName, "alias": wallet.ErrLoaded, "./w": wallet.ErrLoaded,
	} {
		if err := all.Load(name); !errors.Is(err, want) {
			t.Errorf("%.20q: %v, want %v", name, err, want)
		}
	}
	if err := all.Load("linked"); err == nil || !strings.HasPrefix(err.Error(), "Invalid -wallet path 'linked'") {
		t.Error(err)
	}
	for _, name := range []string{"w/wallet.db/x", "file/below", strings.Repeat("x", 300)} {
		if err := all.Create(name, func(*service.Service) error { return nil }); err == nil || !strings.Contains(err.Error(), "filesystem error:") {
			t.Errorf("%.20q: %v", name, err)
		}
	}
	broken := errors.New("no keys")
	if err := all.Create("fails", func(*service.Service) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "fails")); err == nil {
		t.Error("what was not made left its directory behind")
	}
	mustMake(t, all, "fails")
}

// Its node was killed between the file and the keys.
func TestAWalletThatWasNeverMadeWholeIsMadeAgain(t *testing.T) {
	all := mustSeveral(t, nil)
	path := all.file("half")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := service.OpenFile(path, db.Options{NoSync: true})
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := all.Load("half"); !errors.Is(err, wallet.ErrNoFormat) {
		t.Error(err)
	}
	mustMake(t, all, "half")
}

func TestOneFileIsUsedByOneNode(t *testing.T) {
	all := mustSeveral(t, nil)
	mustMake(t, all, "w")
	other := mustSeveral(t, func(cfg *WalletsConfig) { cfg.Dir = all.cfg.Dir })
	if err := other.Load("w"); !errors.Is(err, wallet.ErrExclusive) {
		t.Error(err)
	}
	if err := all.Unload("w"); err != nil {
		t.Fatal(err)
	}
	if err := other.Load("w"); err != nil {
		t.Error(err)
	}
	if _, err := several(t, func(cfg *WalletsConfig) { cfg.Dir, cfg.Names = all.cfg.Dir, []string{"w"} }); !errors.Is(err, wallet.ErrExclusive) {
		t.Errorf("at the start: %v", err)
	}
}

func TestWalletsAreLoadedAtTheStartAsWasAsked(t *testing.T) {
	first := mustSeveral(t, nil)
	mustMake(t, first, "a", "b", "c")
	for _, name := range []string{"a", "b", "a"} {
		if err := first.AtStart(name, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(first.AtStart("b", false), first.AtStart("gone", true), first.stop()); err != nil {
		t.Fatal(err)
	}
	var warned []string
	again := mustSeveral(t, func(cfg *WalletsConfig) {
		cfg.Dir, cfg.Names = first.cfg.Dir, []string{"c", "c"}
		cfg.Warn = func(text string) { warned = append(warned, text) }
	})
	if got := again.Names(); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("%q are loaded", got)
	}
	if len(warned) != 2 || !strings.HasPrefix(warned[0], "Skipping -wallet path that doesn't exist. Failed to load database path") || warned[1] != "Ignoring duplicate -wallet c." {
		t.Errorf("%q", warned)
	}

	// One that is there and cannot be read is no path that does not exist.
	if err := again.stop(); err != nil {
		t.Fatal(err)
	}
	cfg := again.cfg
	cfg.Names = []string{"broken"}
	if err := os.MkdirAll(filepath.Join(cfg.Dir, "broken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if w, err := OpenWallets(cfg); !errors.Is(err, wallet.ErrNoFormat) {
		t.Errorf("a directory without a wallet in it: %v, %v", w, err)
	}
}

const oldWords = "legal winner thank year wave sausage worth useful legal winner thank yellow"

// unzip writes out a wallet file that an early version made.
func unzip(t *testing.T) (path string) {
	t.Helper()
	f, err := os.Open("../service/testdata/schema1.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "wallet.db")
	raw, err := io.ReadAll(z)
	if err == nil {
		err = os.WriteFile(path, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// The unnamed wallet of an earlier version lay beside the chain.
func TestTheOldWalletIsTakenOverOnceAfterABackup(t *testing.T) {
	old := unzip(t)
	raw, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	move := func(cfg *WalletsConfig) {
		cfg.Old, cfg.Dir, cfg.Unnamed = old, filepath.Join(filepath.Dir(old), "wallets"), true
	}
	for range 2 {
		all := mustSeveral(t, move)
		if words := wordsOf(t, all, "old"); words != oldWords {
			t.Errorf("its words are %q", words)
		}
		if err := all.stop(); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := os.ReadFile(old + ".backup"); err != nil || !slices.Equal(kept, raw) {
		t.Errorf("the backup: %v", err)
	}
	if _, err := os.Lstat(old); err == nil {
		t.Error("the old file is still there")
	}
	if err := os.WriteFile(old, raw, 0o600); err != nil { // somebody puts it back
		t.Fatal(err)
	}
	if err := os.Remove(old + ".backup"); err != nil {
		t.Fatal(err)
	}
	mustSeveral(t, move)
	if _, err := os.Lstat(old); err != nil {
		t.Error("an old file was taken over twice")
	}
	if _, err := os.Lstat(old + ".backup"); err == nil {
		t.Error("a file that was left alone has a backup")
	}
	for _, bad := range []string{"", "no keys in here"} {
		if err := os.WriteFile(old, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := several(t, func(cfg *WalletsConfig) { cfg.Old, cfg.Unnamed = old, true }); !errors.Is(err, db.ErrCorrupt) {
			t.Errorf("an old file that holds %q: %v", bad, err)
		}
		if _, err := os.Lstat(old + ".backup"); err == nil {
			t.Errorf("of an old file that holds %q a backup was made, which would be taken for the right one", bad)
		}
	}
}

// withBackup is wallet a, and a copy of it.
func withBackup(t *testing.T) (all *running, copied string) {
	t.Helper()
	all = mustSeveral(t, nil)
	mustMake(t, all, "a")
	s, err := all.Pick("a", true)
	if err != nil {
		t.Fatal(err)
	}
	copied = filepath.Join(t.TempDir(), "copy")
	if _, err := db.BackupFile(copied, s.Backup); err != nil {
		t.Fatal(err)
	}
	return all, copied
}

func TestABackupIsRestoredUnderAnotherName(t *testing.T) {
	all, copied := withBackup(t)
	if err := all.Restore("b", copied); err != nil {
		t.Fatal(err)
	}
	if wordsOf(t, all, "b") != wordsOf(t, all, "a") {
		t.Error("it has other words")
	}
	junk := filepath.Join(t.TempDir(), "junk")
	if err := os.WriteFile(junk, []byte(strings.Repeat("junk", 4096)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct {
		name, from string
		want       error
	}{{"c", copied + ".nowhere", wallet.ErrNoBackup}, {"a", copied, wallet.ErrTaken}, {"", copied, wallet.ErrTaken}, {"c", junk, wallet.ErrNoFormat}} {
		if err := all.Restore(bad.name, bad.from); !errors.Is(err, bad.want) {
			t.Errorf("%q from %s: %v", bad.name, bad.from, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(all.cfg.Dir, "c")); err == nil {
		t.Error("what was not restored left its directory behind")
	}
}

// One that lists as many as ten thousand is slow in no other way than a disk is.
func TestTenThousandWalletsAreListed(t *testing.T) {
	all := mustSeveral(t, nil)
	mustMake(t, all, "w")
	for i := range 10_000 {
		dir := filepath.Join(all.cfg.Dir, fmt.Sprintf("w%05d", i))
		if err := errors.Join(os.Mkdir(dir, 0o700), os.Link(all.file("w"), filepath.Join(dir, fileName))); err != nil {
			t.Fatal(err)
		}
	}
	names, err := all.Dir()
	if err != nil || len(names) != 10_001 || names[10_000] != "w09999" {
		t.Errorf("%d names, %v", len(names), err)
	}
}
