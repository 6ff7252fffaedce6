//go:build unix

package node

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/testnet/simnet"
)

// A FIFO where a file should be holds nobody up: to open one waits for who writes
// to it, perhaps for ever, and SIGTERM would not end that.
func TestAFifoKeepsNoNodeFromStopping(t *testing.T) {
	for _, name := range []string{"mempool.dat", ".cookie"} {
		dir := t.TempDir()
		fifo(t, filepath.Join(dir, name))
		n, err := New(quiet(dir))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- n.Run(ctx) }()
		<-n.Ready()
		cancel() // as SIGTERM does
		within(t, name+": the node stops", done)
	}
}

// The same where the node cannot do without the file: it says what is wrong.
func TestAFifoIsNoDatabase(t *testing.T) {
	for _, name := range []string{"chain.db", "wallet.db", "peers.db"} {
		dir := t.TempDir()
		fifo(t, filepath.Join(dir, name))
		opened := make(chan error, 1)
		go func() {
			n, err := New(quiet(dir))
			if err == nil {
				err = n.Close()
			}
			opened <- err
		}()
		if err := within(t, name+" is opened", opened); err == nil || !strings.Contains(err.Error(), "FIFO") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func fifo(t *testing.T, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}

func quiet(dir string) Config {
	return Config{Params: chain.RegTest(), DataDir: dir, Wallet: true, Version: "test", NoSync: true,
		RPCListen: "127.0.0.1:0", Net: simnet.New(simnet.Config{}).Host("10.0.0.1")}
}

// within is what comes on a channel, in a minute at most.
func within(t *testing.T, what string, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Minute):
		t.Fatalf("not within a minute: %s", what)
		return os.ErrDeadlineExceeded
	}
}
