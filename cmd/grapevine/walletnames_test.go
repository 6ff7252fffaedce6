package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The wallet of "wallet use" is meant by what names none, until it is forgotten; it is
// another one on another data directory, and --wallet goes before it.
func TestAWalletIsChosenOnce(t *testing.T) {
	home := t.TempDir()
	dir := filepath.Join(home, "node")
	d := startNode(t, dir)
	defer d.kill()
	wallet := func(args ...string) []string { return append([]string{"wallet", "--datadir", dir}, args...) }
	for _, name := range []string{"savings", "daily"} {
		ok(t, home, wallet("create", name)...)
	}
	words := ok(t, home, wallet("backup", "--wallet", "savings")...)
	if got := ok(t, home, wallet("use")...); !strings.Contains(got, "no wallet is chosen") {
		t.Errorf("at first: %q", got)
	}
	ok(t, home, wallet("use", "savings")...)
	if got := ok(t, home, wallet("use")...); got != "savings" {
		t.Errorf("chosen: %q", got)
	}
	if got := ok(t, home, wallet("backup")...); got != words {
		t.Error("another wallet than the chosen one tells its words")
	}
	if got := ok(t, home, wallet("backup", "--wallet", "daily")...); got == words {
		t.Error("--wallet does not go before the choice")
	}
	ok(t, home, "mine", "1", "--datadir", dir) // its reward goes to the chosen one
	if got := ok(t, home, wallet("balance")...); !strings.Contains(got, "50.0") {
		t.Errorf("the chosen wallet has mined: %q", got)
	}
	for line := range strings.Lines(ok(t, home, wallet("list")...)) {
		if strings.Contains(line, "meant") != strings.Contains(line, "savings") {
			t.Errorf("the list says %q", line)
		}
	}
	for _, bad := range [][]string{{"use", "nobody"}, {"use", "a", "b"}, {"use", "--forget", "daily"}} {
		if s := run(t, command(t, home, wallet(bad...)...)); s.status == 0 {
			t.Errorf("%v: %+v", bad, s)
		}
	}
	if got := ok(t, home, wallet("use")...); got != "savings" {
		t.Errorf("after wrong ones: %q", got)
	}
	ok(t, home, wallet("unload", "savings")...) // which is not asked of the wallet itself
	if s := run(t, command(t, home, wallet("balance")...)); s.status == 0 || !strings.Contains(s.err, "not loaded") {
		t.Errorf("a wallet that is not in use answers: %+v", s)
	}
	ok(t, home, wallet("load", "savings")...)
	ok(t, home, wallet("use", "--forget")...)
	ok(t, home, wallet("use", "--forget")...)
	if got := ok(t, home, wallet("use")...); !strings.Contains(got, "no wallet is chosen") {
		t.Errorf("forgotten: %q", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "wallet-chosen.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s := run(t, command(t, home, wallet("balance")...)); s.status == 0 || !strings.Contains(s.err, "does not name a wallet") {
		t.Errorf("a choice that cannot be read: %+v", s)
	}
	if s := run(t, command(t, home, "wallet", "use", "daily", "--rpc", "http://127.0.0.1:1")); s.status == 0 {
		t.Errorf("a choice for a node elsewhere is kept: %+v", s)
	}
}
