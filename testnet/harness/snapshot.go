package harness

import (
	"os"
	"path/filepath"
)

// Snapshot keeps what all nodes have on disk now, chains, wallets and pools, and gives a
// function that brings the network back to it, as often as it is called: a set-up that
// takes long is made once. The nodes are stopped for it and started again. Clocks and
// cuts stay as they are.
func (n *Net) Snapshot() (restore func()) {
	n.t.Helper()
	kept := n.t.TempDir()
	at := func(i int) string { return filepath.Join(kept, hostOf(i)) }
	n.pause(func(i int) error { return os.CopyFS(at(i), os.DirFS(n.kind.dir(i))) })
	return func() {
		n.t.Helper()
		n.pause(func(i int) error {
			if err := os.RemoveAll(n.kind.dir(i)); err != nil {
				return err
			}
			return os.CopyFS(n.kind.dir(i), os.DirFS(at(i)))
		})
	}
}

// pause stops the nodes that run, does something with each node's data, and starts those again.
func (n *Net) pause(do func(i int) error) {
	n.t.Helper()
	var up []int
	for i, node := range n.nodes {
		if node != nil {
			up = append(up, i)
			n.Stop(i)
		}
	}
	for i := range n.nodes {
		if err := do(i); err != nil {
			n.t.Fatalf("harness: the data of node %d: %v", i, err)
		}
	}
	for _, i := range up {
		n.Start(i)
	}
	n.await("every node has a peer", func() bool { return len(up) < 2 || n.group != nil || n.linked() })
}
