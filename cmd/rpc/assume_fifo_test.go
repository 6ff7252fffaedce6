//go:build unix

package rpc_test

import (
	"path/filepath"
	"syscall"
	"testing"
)

// To open a FIFO would wait until somebody writes to it, and hold a place of the calls as long.
func TestAFifoIsNoSnapshot(t *testing.T) {
	w := start(t)
	fifo := filepath.Join(w.dir, "utxo.dat")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	w.refused(-8, "Couldn't open file "+fifo+" for reading.", "loadtxoutset", fifo)
	w.refused(-8, "Couldn't open file "+w.dir+" for reading.", "loadtxoutset", w.dir)
}
