package node

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/wallet/service"
)

// Commands are run with what has happened in their places; a wallet's name is one
// word for the shell, whatever is in it.
func TestCommandsAreRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // its shell quotes otherwise
	}
	dir := t.TempDir()
	var syncing atomic.Bool
	syncing.Store(true)
	c := newCommands(Commands{
		Started: "echo > " + dir + "/started", Stopping: []string{"echo > " + dir + "/one", "echo > " + dir + "/two"},
		Block: "echo > " + dir + "/block-%s", Wallet: "echo %h_%b > " + dir + "/%s-%w",
	}, slog.New(slog.DiscardHandler), syncing.Load)
	ready := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	c.moved(chain.Hash{1}) // while the node syncs nothing is run
	c.walletTx(service.News{Wallet: `it's $HOME`, ID: chain.Hash{2}, Height: -1})
	c.walletTx(service.News{Wallet: "w", ID: chain.Hash{3}, Block: chain.Hash{4}, Height: 7})
	go func() { ended <- c.Run(ctx, ready) }()
	wants := map[string]string{
		chain.Hash{2}.String() + "-it's $HOME": "-1_unconfirmed\n",
		chain.Hash{3}.String() + "-w":          "7_" + chain.Hash{4}.String() + "\n",
	}
	for name, want := range wants {
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			if got, _ := os.ReadFile(filepath.Join(dir, name)); string(got) == want {
				break
			} else if time.Now().After(deadline) {
				t.Fatalf("%s holds %q, want %q", name, got, want)
			}
		}
	}
	syncing.Store(false) // the line before has been looked at: they are taken in order
	c.moved(chain.Hash{5})
	close(ready)
	for _, name := range []string{"started", "block-" + chain.Hash{5}.String()} {
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				break
			} else if time.Now().After(deadline) {
				t.Fatalf("no %s", name)
			}
		}
	}
	c.stopping()
	c.stopping() // once
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	entries, err := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if err != nil || len(names) != 6 || slices.Contains(names, "block-"+chain.Hash{1}.String()) {
		t.Errorf("%q, %v", names, err)
	}
}

func TestCommandsThatWaitAreBounded(t *testing.T) {
	c := newCommands(Commands{Block: "true %s"}, slog.New(slog.DiscardHandler), func() bool { return false })
	for range maxCommands + 1 {
		c.moved(chain.Hash{})
	}
	if len(c.due) != maxCommands {
		t.Errorf("%d wait, want %d", len(c.due), maxCommands)
	}
}
