package process

import (
	"context"
	"io/fs"
	"os"
	"strings"
	"sync"
)

// LeftSnapshot is whether a snapshot of the network in that folder is under way, or was killed. It looks
// at no node.
func LeftSnapshot(dir string) bool {
	left, err := (&Net{cfg: Config{Dir: dir}}).unfinished()
	return err == nil && len(left) > 0
}

// EndSnapshot ends what a snapshot has left that was killed: nodes that stand still until their
// time is over, and its half. One that goes on is left alone.
func (n *Net) EndSnapshot(ctx context.Context) error {
	if left, err := n.unfinished(); err != nil || len(left) == 0 {
		return err
	}
	release, err := n.reserve(0) // one that goes on has the network
	if err != nil {
		return err
	}
	defer release()
	var g sync.WaitGroup
	for _, m := range n.Members() {
		if m.PID == 0 {
			continue
		}
		g.Go(func() { // beside each other: a node that hangs is in no other's way
			if node, err := n.cfg.Dial(m); err == nil {
				_ = node.Call(ctx, "hold", nil, 0) // it goes, or has ended the hold by itself
			}
		})
	}
	g.Wait()
	return n.tidySnapshots()
}

// unfinished are the folders of snapshots under way, of this moment or left by a command that
// was killed.
func (n *Net) unfinished() (names []string, err error) {
	dir, err := n.openSnapshots()
	if dir == nil {
		return nil, err
	}
	defer dir.Close()
	return unfinishedIn(dir)
}

// unfinishedIn is unfinished for who has their folder open. What begins with a dot but is no
// snapshot is not among them.
func unfinishedIn(dir *os.Root) (names []string, err error) {
	found, err := fs.ReadDir(dir.FS(), ".")
	for _, e := range found {
		hidden, unfinished := strings.CutPrefix(e.Name(), ".")
		if unfinished && e.IsDir() && CheckName(strings.TrimSuffix(hidden, oldSuffix)) == nil && isSnapshot(dir, e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// tidySnapshots ends what a command has left that was killed. It touches nothing that is
// not ours.
func (n *Net) tidySnapshots() error {
	dir, err := n.openSnapshots()
	if dir == nil {
		return err
	}
	defer dir.Close()
	left, err := unfinishedIn(dir)
	if err != nil {
		return err
	}
	for _, hidden := range left {
		name, replaced := strings.CutSuffix(hidden[1:], oldSuffix)
		if replaced && dir.Rename(hidden, name) == nil {
			continue // the newer one had not taken its place
		}
		if err := dir.RemoveAll(hidden); err != nil {
			return err
		}
	}
	return nil
}
