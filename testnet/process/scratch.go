package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Scratch is a folder for a network that lives no longer than the command that made it. What a
// command has left that was killed (kill -9) the next one removes that makes a folder of its kind:
// the lock in it tells whether its command goes on.
type Scratch struct {
	Dir  string
	lock *Lock
}

// NewScratch makes one in the system's folder for such files. Its name is the kind and a number.
func NewScratch(kind string) (*Scratch, error) { return newScratch(os.TempDir(), kind) }

func newScratch(parent, kind string) (*Scratch, error) {
	tidyScratch(parent, kind)
	dir, err := os.MkdirTemp(parent, kind)
	if err != nil {
		return nil, err
	}
	lock, err := Occupy(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &Scratch{dir, lock}, nil
}

// Remove takes it away with all that is in it, its lock last: killed meanwhile, the next command
// ends it.
func (s *Scratch) Remove() error {
	found, err := os.ReadDir(s.Dir)
	for _, e := range found {
		if e.Name() != lockName {
			err = errors.Join(err, os.RemoveAll(filepath.Join(s.Dir, e.Name())))
		}
	}
	return errors.Join(err, s.lock.Close(), os.RemoveAll(s.Dir))
}

// Keep leaves it to whoever wants to read it: nothing in it says then that it is to be removed.
func (s *Scratch) Keep() error {
	root, err := os.OpenRoot(s.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return errors.Join(s.lock.Close(), root.Remove(lockName)) // in this order: a locked file is not removed on Windows
}

// tidyScratch removes the folders of a kind whose commands were killed. Others stay: what is kept,
// what goes on, what holds anything that is not a network's, and what is not ours to remove. Everybody
// may put folders there: in one that another user has made, or can write to, a lock could be a link
// to a file of ours, and the folder become one while it is removed.
func tidyScratch(parent, kind string) {
	numbered(parent, kind, func(root *os.Root, name string) {
		dir, err := root.OpenRoot(name)
		if err != nil {
			return // another user's
		}
		defer dir.Close()
		if lock := isLeft(dir); lock != nil {
			_ = (&Scratch{dir.Name(), lock}).Remove() // what cannot be removed is in nobody's way
		}
	})
}

// numbered calls fn for each folder in parent whose name is a prefix and a number, as os.MkdirTemp names them.
func numbered(parent, prefix string, fn func(root *os.Root, name string)) {
	root, err := os.OpenRoot(parent)
	if err != nil {
		return
	}
	defer root.Close()
	found, _ := fs.ReadDir(root.FS(), ".")
	for _, e := range found {
		number, ours := strings.CutPrefix(e.Name(), prefix)
		if _, err := strconv.ParseUint(number, 10, 64); ours && err == nil && e.IsDir() {
			fn(root, e.Name())
		}
	}
}

// isLeft locks the scratch folder of a command that was killed; nil: it is none.
func isLeft(dir *os.Root) *Lock {
	if about, err := dir.Stat("."); err != nil || !isPrivate(about) {
		return nil
	}
	at, err := dir.Lstat(lockName)
	if err != nil || !at.Mode().IsRegular() || at.Size() == 0 { // empty: it is about to be locked
		return nil
	}
	found, err := fs.ReadDir(dir.FS(), ".")
	if err != nil || slices.ContainsFunc(found, func(e fs.DirEntry) bool {
		return !isOfNetwork(e) || e.IsDir() && Running(dir.Name()+"/"+e.Name()).PID != 0
	}) {
		return nil
	}
	lock, err := Occupy(dir.Name())
	if err != nil {
		return nil
	}
	return lock
}

// isOfNetwork is whether a network that never outlives its command has that: its own files, and a
// folder for each node, those of other programs too (bitcoind3).
func isOfNetwork(e fs.DirEntry) bool {
	if !e.IsDir() {
		return e.Type().IsRegular() && slices.Contains([]string{lockName, fileName, fileName + ".new", editName, busyName}, e.Name())
	}
	kind := strings.TrimRight(e.Name(), "0123456789")
	number, err := strconv.Atoi(e.Name()[len(kind):])
	return err == nil && slices.Contains([]string{folderPrefix, "bitcoind", "btcd"}, kind) && fmt.Sprint(kind, number) == e.Name()
}
