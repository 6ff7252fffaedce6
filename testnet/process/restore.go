package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"grapevine/testnet"
)

// A network is restored in steps of which each may be the last, by kill -9 or a full
// disk:
//
//	restore.new/      the snapshot is copied; a failure or a stop until here changes nothing
//	(nodes end)       they can be started again, as they were
//	restore.ready/    the copy is whole and has this name; from here on whoever starts a
//	                  node of the network first does the rest
//	nodeN/            takes the place of the old one, which moves to restore.old/
//	net.json          as it was
const (
	restoreNew   = "restore.new"
	restoreReady = "restore.ready"
	restoreOld   = "restore.old"
)

// Restore brings the network back to a snapshot, and starts the nodes that ran then. It
// returns when they stand where they stood.
func (n *Net) Restore(ctx context.Context, name string) (s Snapshot, err error) {
	if s, err = n.snapshot(name); err != nil {
		return s, err
	}
	release, err := n.Reserve()
	if err != nil {
		return s, err
	}
	defer release()
	dir := filepath.Join(n.cfg.Dir, restoreNew)
	if err = errors.Join(n.tidySnapshots(), os.RemoveAll(dir)); err == nil {
		err = copySnapshot(n.snapshotPath(name), dir, s)
	}
	if err != nil {
		return s, errors.Join(err, os.RemoveAll(dir))
	}
	if err := n.killAll(context.WithoutCancel(ctx)); err != nil {
		return s, err
	}
	if err := os.Rename(dir, filepath.Join(n.cfg.Dir, restoreReady)); err != nil {
		return s, err
	}
	if err := n.finishRestore(); err != nil {
		return s, err
	}
	return s, n.resume(ctx, s)
}

// copySnapshot copies a snapshot's network, several nodes at once.
func copySnapshot(from, to string, s Snapshot) error {
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	f, err := ReadFile(from)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(atOnce())
	for _, one := range s.Nodes {
		g.Go(func() error {
			_, err := copyState(filepath.Join(from, folder(one.Node)), filepath.Join(to, folder(one.Node)))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return writeFile(to, f)
}

// finishRestore does what is left of a restore whose copy is whole. All nodes are down.
func (n *Net) finishRestore() error {
	ready, old := filepath.Join(n.cfg.Dir, restoreReady), filepath.Join(n.cfg.Dir, restoreOld)
	f, err := ReadFile(ready)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(old, 0o700); err != nil {
		return err
	}
	aside := func(number int) error {
		to := filepath.Join(old, folder(number))
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(n.cfg.Dir, folder(number)), to); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	for _, m := range n.Members() {
		if !slices.ContainsFunc(f.Nodes, func(k testnet.Member) bool { return k.Node == m.Node }) {
			if err := aside(m.Node); err != nil {
				return err
			}
		}
	}
	for _, m := range f.Nodes {
		if _, err := os.Stat(m.DataDir); errors.Is(err, fs.ErrNotExist) {
			continue // it is in its place
		}
		if err := aside(m.Node); err != nil {
			return err
		}
		// What it said before stays to be read.
		if err := os.Rename(filepath.Join(old, folder(m.Node), logName), filepath.Join(m.DataDir, logName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Rename(m.DataDir, filepath.Join(n.cfg.Dir, folder(m.Node))); err != nil {
			return err
		}
	}
	for i := range f.Nodes {
		f.Nodes[i].DataDir = filepath.Join(n.cfg.Dir, folder(f.Nodes[i].Node))
	}
	if err := writeFile(n.cfg.Dir, f); err != nil {
		return err
	}
	n.file = f
	// The old ones first: while restore.ready is there whoever comes next does it again. It
	// goes at once, for half of it could not be read.
	done := filepath.Join(n.cfg.Dir, restoreNew)
	if err := errors.Join(os.RemoveAll(old), os.RemoveAll(done)); err != nil {
		return err
	}
	if err := os.Rename(ready, done); err != nil {
		return err
	}
	return os.RemoveAll(done)
}

// roll finishes a restore that was ended in the middle. The network is ours alone.
func (n *Net) roll() error {
	if _, err := os.Stat(filepath.Join(n.cfg.Dir, restoreReady)); err != nil {
		return nil
	}
	if anyUp(n.Members()) {
		return fmt.Errorf("the network in %s is being restored, and a node of it runs: stop it first", n.cfg.Dir)
	}
	return n.finishRestore()
}

// resume starts the nodes that ran, and waits until they stand where they stood.
func (n *Net) resume(ctx context.Context, s Snapshot) error {
	var numbers []int
	for _, one := range s.Nodes {
		if one.Up {
			numbers = append(numbers, one.Node)
		}
	}
	if _, err := n.many(ctx, numbers, nil); err != nil {
		return err
	}
	var g errgroup.Group
	for _, m := range n.Members() {
		i := slices.IndexFunc(s.Nodes, func(one SnapshotNode) bool { return one.Node == m.Node })
		if m.PID == 0 || i < 0 {
			continue
		}
		g.Go(func() error { return n.stands(ctx, m, s.Nodes[i]) })
	}
	return g.Wait()
}

// stands waits until a node has connected again what it had, and stops its clock where
// it stood.
func (n *Net) stands(ctx context.Context, m testnet.Member, was SnapshotNode) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	node, err := n.cfg.Dial(m)
	if err != nil {
		return err
	}
	if was.Still != 0 {
		if err := node.Call(ctx, "setmocktime", nil, was.Still); err != nil {
			return err
		}
	}
	for height := int32(-1); ; {
		if err := node.Call(ctx, "getblockcount", &height); err != nil {
			return fmt.Errorf("node %d: %w", m.Node, err)
		}
		if height >= was.Height {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("node %d is at block %d of %d: %w", m.Node, height, was.Height, ctx.Err())
		case <-time.After(pollEvery):
		}
	}
}
