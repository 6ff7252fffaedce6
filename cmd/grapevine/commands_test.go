package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grapevine/testnet/process"
)

// What a command printed that outlives its page is there for whoever looks afterwards.
func TestWhatBecomesOfABegunCommandIsKept(t *testing.T) {
	o := ownCommands{dir: t.TempDir()}
	if c, ok := o.began(); ok {
		t.Errorf("before any command: %+v", c)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(process.BegunOut, "")
	write(process.BegunErr, "")
	if c, ok := o.began(); !ok || c.Printed+c.Failed != "" || c.At.IsZero() {
		t.Errorf("while it runs: %+v, %v", c, ok)
	}
	write(process.BegunErr, "grapevine: testnet restore: the disk is full\n"+strings.Repeat("x", 2*maxPrinted))
	if c, ok := o.began(); !ok || !strings.HasPrefix(c.Failed, "testnet restore: the disk is full\n") || len(c.Failed) > maxPrinted {
		t.Errorf("when it has failed: %.80q, %v", c.Failed, ok)
	}
	write(process.BegunOut, "back at start\n")
	if c, ok := o.began(); !ok || c.Printed != "back at start" || c.Failed != "" {
		t.Errorf("when it is done: %+v, %v", c, ok)
	}
}
