package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	bolterrors "go.etcd.io/bbolt/errors"

	"grapevine/chain/mempool/dump"
	"grapevine/cmd/rpc"
	"grapevine/db"
)

// hold stops the conversation with everybody until it is released or so much time is
// over, when all that was heard before has been followed.
func (n *Node) hold(ctx context.Context, most time.Duration) error {
	if err := n.follow.sync(ctx); err != nil {
		return err
	}
	return n.Swarm.Hold(ctx, most)
}

// isState says whether a file of the data directory, by its base name, is a part of the
// node's state that is copied as it is: not what belongs to the process, what is half
// written, or the pool, of which the file knows what it was.
func isState(name string) bool {
	switch name {
	case ".lock", ".cookie", "node.log", "grapevine.conf", "links.json", "mempool.dat":
		return false
	}
	return !strings.HasSuffix(name, ".part") && !strings.HasSuffix(name, ".new")
}

// copyTo makes a directory and copies into it all that the node would need to go on as
// it is now: what lies in its data directory, the databases by their own copy, and the
// pool. The node works on; whoever wants that nothing moves holds it.
func (n *Node) copyTo(ctx context.Context, dir string) (c rpc.Copied, err error) {
	if !filepath.IsAbs(dir) {
		return c, fmt.Errorf("%s: want an absolute path", dir)
	}
	if err := outside(n.cfg.DataDir, dir); err != nil {
		return c, err
	}
	if err := errors.Join(n.Ledger.Sync(ctx), n.Ledger.FlushCoins(ctx)); err != nil { // who starts from the copy connects nothing again
		return c, err
	}
	if err := n.book.Save(); err != nil {
		return c, err
	}
	return n.copyFiles(ctx, dir)
}

// copyFiles makes the directory, whole or not at all.
func (n *Node) copyFiles(ctx context.Context, dir string) (c rpc.Copied, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return c, err
	}
	defer func() {
		if err != nil { // half a copy is of no use
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	n.keeper.mu.Lock()
	defer n.keeper.mu.Unlock()
	err = filepath.WalkDir(n.cfg.DataDir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // it has gone meanwhile
			return nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		inside, err := filepath.Rel(n.cfg.DataDir, path)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, inside)
		switch {
		case inside == ".":
			return nil
		case e.IsDir():
			return os.Mkdir(to, 0o700)
		case !e.Type().IsRegular() || !isState(e.Name()):
			return nil
		}
		size, err := n.keeper.copy(path, to)
		c.Files++
		c.Bytes += size
		return err
	})
	if err == nil {
		err = n.poolFile.saveTo(filepath.Join(dir, "mempool.dat"))
	}
	return c, err
}

// outside refuses a directory that is to be made within another, by whatever name or
// link: the copy would have a copy of itself.
func outside(data, dir string) error {
	of, err := os.Stat(data)
	if err != nil {
		return err
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
	for ; err == nil; parent = filepath.Dir(parent) {
		var above fs.FileInfo
		switch above, err = os.Stat(parent); {
		case err == nil && os.SameFile(above, of):
			return fmt.Errorf("%s is within the data directory, which is to be copied", dir)
		case parent == filepath.Dir(parent):
			return err
		}
	}
	return err
}

// copy one file, called with mu held: a database that is open by its own copy.
func (k *keeper) copy(from, to string) (size int64, err error) {
	if file := k.open[from]; file != nil {
		size, err = file.CopyFile(to)
		if !errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
			return size, err
		}
	}
	return db.CopyPlain(from, to)
}

// saveTo writes the pool to another file than its own. What is not loaded yet is
// there as it was.
func (p *poolFile) saveTo(path string) error {
	if !p.loaded.Load() {
		_, err := db.CopyPlain(p.path, path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	var all dump.Contents
	all.Txs, all.Deltas = p.pool.Keep()
	_, err := dump.Save(path, all, p.how)
	return err
}
