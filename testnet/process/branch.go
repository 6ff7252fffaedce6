package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"grapevine/testnet"
)

// Branch makes a network of its own of a snapshot, in a folder that is not there or
// empty, and starts the nodes that ran. Its nodes have ports of their own.
func (n *Net) Branch(ctx context.Context, name, dir string) (branch *Net, s Snapshot, err error) {
	if s, err = n.snapshot(name); err != nil {
		return nil, s, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, s, err
	}
	if inside, err := filepath.Rel(n.cfg.Dir, dir); err == nil && (inside == "." || filepath.IsLocal(inside)) {
		return nil, s, fmt.Errorf("%s lies in the network's own folder: choose another one", dir)
	}
	if err := freeFor(dir); err != nil {
		return nil, s, err
	}
	if err := n.placeCopy(s, dir); err != nil {
		return nil, s, err
	}
	cfg := n.cfg
	cfg.Dir = dir
	branch, release, err := Reserve(cfg)
	if err != nil {
		return nil, s, err
	}
	defer release()
	return branch, s, branch.resume(ctx, s)
}

// placeCopy puts a snapshot, with ports of its own, where dir is to be, whole or not at all.
func (n *Net) placeCopy(s Snapshot, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	tidyBranches(dir)
	tmp, err := os.MkdirTemp(filepath.Dir(dir), branchPrefix(dir))
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	lock, err := Occupy(tmp) // a second branch knows by it that this one goes on
	if err != nil {
		return err
	}
	defer lock.Close()
	whole := filepath.Join(tmp, unfinishedNet)
	if err = copySnapshot(n.snapshotPath(s.Name), whole, s); err == nil {
		err = renumber(whole)
	}
	if err == nil {
		err = os.Remove(dir)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = os.Rename(whole, dir)
	}
	return err
}

// unfinishedNet is the copy in a folder beside dir, hidden and with a number behind this name,
// until the copy is whole and takes its place.
const unfinishedNet = "network"

func branchPrefix(dir string) string { return "." + filepath.Base(dir) + "." }

// tidyBranches removes what commands have left beside dir that were to branch there and were
// killed. Other folders stay, those of other users (see tidyScratch), and those of commands that go on;
// what cannot be removed is in nobody's way.
func tidyBranches(dir string) {
	numbered(filepath.Dir(dir), branchPrefix(dir), func(root *os.Root, name string) {
		if about, err := root.Lstat(name); err != nil || !isPrivate(about) || !isBranch(root, name) {
			return
		}
		if lock, err := Occupy(filepath.Join(root.Name(), name)); err == nil {
			lock.Close()
			_ = root.RemoveAll(name)
		}
	})
}

// isBranch tells whether a folder holds nothing but what a branch does before its copy takes its
// place: its lock, the copy, or neither yet.
func isBranch(dir *os.Root, name string) bool {
	inside, err := fs.ReadDir(dir.FS(), name)
	return err == nil && !slices.ContainsFunc(inside, func(e fs.DirEntry) bool {
		return e.Name() != lockName && (e.Name() != unfinishedNet || !isSnapshot(dir, name+"/"+unfinishedNet))
	})
}

// freeFor says whether a network may be put there: nothing is there, or an empty folder. A
// link is neither, wherever it leads.
func freeFor(dir string) error {
	about, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !about.IsDir():
		return fmt.Errorf("%s is no folder: choose another name", dir)
	}
	if _, err := ReadFile(dir); err == nil {
		return fmt.Errorf("%s holds a network already, which `grapevine testnet up --dir` starts: choose another folder", dir)
	}
	found, err := os.ReadDir(dir)
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("%s is not empty: choose another folder", dir)
	}
	return err
}

// renumber gives all nodes of a network that was copied new ports, and lets them forget
// the addresses of the other one.
func renumber(dir string) error {
	f, err := ReadFile(dir)
	if err == nil {
		err = readdress(dir, f.Nodes)
	}
	if err != nil {
		return err
	}
	return writeFile(dir, f)
}

// readdress gives all nodes of the network in dir new ports, and lets them forget all
// addresses.
func readdress(dir string, nodes []testnet.Member) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for i := range nodes {
		m := &nodes[i]
		if !isOwn(m.DataDir) {
			return foreign(*m)
		}
		if m.P2P, m.RPC, err = FreeAddresses(nodes); err != nil {
			return err
		}
		if err := forget(root, m.Node); err != nil {
			return err
		}
	}
	return nil
}
