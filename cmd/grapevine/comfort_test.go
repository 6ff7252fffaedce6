package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestVersionIsAFlagToo(t *testing.T) {
	home := t.TempDir()
	if a, b := ok(t, home, "--version"), ok(t, home, "version"); a != b || !strings.Contains(a, "grapevine ") {
		t.Errorf("%q and %q", a, b)
	}
}

func TestTheManualPageNamesEveryCommand(t *testing.T) {
	page := ok(t, t.TempDir(), "man")
	for _, want := range []string{".TH grapevine 1", ".SH NAME", "compare", "faucet", "seedrate", "nodes-file"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
}

// Shells ask the program for what could come next.
func TestShellsCompleteCommandsAndFlags(t *testing.T) {
	home := t.TempDir()
	for line, want := range map[string]string{
		"": "testnet", "testnet": "compare", "wallet": "balance", "wallet balance -": "", "testnet compare --see": "--seedrate",
	} {
		s := gv(t, home, append(strings.Fields(line), askForWords)...)
		if !strings.Contains(s.out, want) {
			t.Errorf("%q: %s%s", line, s.out, s.err)
		}
	}
	for shell, want := range map[string]string{"bash": "complete -o", "zsh": "#compdef grapevine", "fish": "__fish_grapevine"} {
		if out := ok(t, home, "completion", shell); !strings.Contains(out, want) {
			t.Errorf("%s:\n%s", shell, out)
		}
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		return // no bash here
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(exe, filepath.Join(dir, "grapevine")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bash, "-c", bashWords+`COMP_WORDS=(grapevine testnet bal); COMP_CWORD=2; _grapevine; echo "${COMPREPLY[*]}"`)
	cmd.Env = append(os.Environ(), asCommand+"=1", "HOME="+home, "PATH="+dir+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "balances" {
		t.Errorf("bash completes `testnet bal` by %q (%v)", out, err)
	}
}

// The example of a configuration file is one: a node reads it to its last line.
func TestTheExampleConfigurationIsRead(t *testing.T) {
	home, dir := t.TempDir(), t.TempDir()
	raw, err := os.ReadFile("../../docs/grapevine.conf")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(raw), "\n#", "\n") // what is commented out is right too
	head, rest, _ := strings.Cut(text, "\nlisten")       // prose
	text = "listen" + rest
	if head == "" || !strings.Contains(text, "prune = 550") {
		t.Fatal("the example has changed: this test no longer fits")
	}
	if err := os.WriteFile(filepath.Join(dir, "grapevine.conf"), []byte(text+"\nmaxpeers = 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s := gv(t, home, "node", "--datadir", dir); s.status != 2 || !strings.Contains(s.err, "--maxpeers 0: at least 1") {
		t.Errorf("the file is not read to its end: %d\n%s", s.status, s.err)
	}
}
