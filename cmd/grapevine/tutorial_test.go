package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/tutorial.md is a script: each of its lines works, from an empty folder, and shows
// what it says.
func TestTheTutorialRuns(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Log("there is no bash here: its lines are for one")
		return
	}
	raw, err := os.ReadFile("../../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	home, bin := t.TempDir(), t.TempDir()
	if err := os.Symlink(exe, filepath.Join(bin, "grapevine")); err != nil {
		t.Fatal(err)
	}
	shell := func(line string) (string, error) {
		cmd := exec.Command(bash, "-c", line)
		cmd.Dir = home
		cmd.Env = append(os.Environ(), asCommand+"=1", "HOME="+home, "TMPDIR="+home, "PATH="+bin+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	t.Cleanup(func() { // of a tutorial that failed
		_, _ = shell("grapevine testnet down --wipe; grapevine testnet down --wipe --dir other")
	})
	lines, last := 0, ""
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(raw), -1) {
		for line := range strings.Lines(block[1]) {
			line = strings.TrimSpace(line)
			if want, claim := strings.CutPrefix(line, "#=> "); claim {
				if !strings.Contains(last, want) {
					t.Errorf("the tutorial says %q and this is shown:\n%s", want, last)
				}
				continue
			}
			lines++
			if last, err = shell(line); err != nil {
				t.Fatalf("$ %s\n%v\n%s", line, err, last)
			}
		}
	}
	if lines < 40 {
		t.Errorf("only %d lines", lines)
	}
}
