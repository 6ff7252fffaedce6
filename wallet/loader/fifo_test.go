//go:build unix

package loader

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"grapevine/wallet"
)

// A FIFO is no backup: to open one would wait for who writes to it.
func TestAFifoIsNoBackup(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "backup")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- new(Wallets).Restore("a", fifo) }()
	select {
	case err := <-done:
		if !errors.Is(err, wallet.ErrUnread) {
			t.Errorf("restored: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("not refused within a minute")
	}
}
