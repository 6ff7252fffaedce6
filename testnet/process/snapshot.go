package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"grapevine/db"
	"grapevine/testnet"
)

// A snapshot is a folder below the network's own that looks as a network does, with a
// file that says what it is:
//
//	snapshots/NAME/snapshot.json    when, how high, which nodes ran
//	snapshots/NAME/net.json         as it was
//	snapshots/NAME/node0/…          the node's state: chain, wallets, pool, addresses
//
// It gets its name when it is whole. What begins with a dot is unfinished, or the one
// that a newer one is about to replace.
const (
	snapshotsDir = "snapshots"
	aboutFile    = "snapshot.json"
	oldSuffix    = ".old"
)

// Snapshot says what one is.
type Snapshot struct {
	Name   string         `json:"name"`
	Taken  time.Time      `json:"taken"`
	Height int32          `json:"height"` // of the highest node
	Best   string         `json:"best"`
	Bytes  int64          `json:"bytes"`
	Held   testnet.Span   `json:"held"` // so long the nodes stood still
	Nodes  []SnapshotNode `json:"nodes"`
}

// SnapshotNode is a node in it.
type SnapshotNode struct {
	Node   int    `json:"node"`
	Up     bool   `json:"up"` // it ran
	Height int32  `json:"height"`
	Best   string `json:"best"`
	Still  int64  `json:"mocktime,omitempty"` // at which its clock stood (setmocktime)
}

// ErrNoSnapshot: there is none of that name.
var ErrNoSnapshot = errors.New("there is no snapshot of that name")

// CheckName says whether a snapshot may be called so.
func CheckName(name string) error {
	const most = 64
	good := name != "" && len(name) <= most && name[0] != '.' && name[0] != '-' && !strings.HasSuffix(name, oldSuffix)
	for _, r := range name {
		good = good && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r))
	}
	if !good {
		return fmt.Errorf("%q: a snapshot's name has letters, digits, '.', '_' and '-', %d at most, and begins with a letter or digit", name, most)
	}
	return nil
}

func (n *Net) snapshotPath(name string) string { return filepath.Join(n.cfg.Dir, snapshotsDir, name) }

// Snapshots are those there are, oldest first.
func (n *Net) Snapshots() (all []Snapshot, err error) {
	found, err := os.ReadDir(filepath.Join(n.cfg.Dir, snapshotsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range found {
		if CheckName(e.Name()) == nil {
			if s, err := n.snapshot(e.Name()); err == nil {
				all = append(all, s)
			}
		}
	}
	slices.SortFunc(all, func(a, b Snapshot) int { return a.Taken.Compare(b.Taken) })
	return all, err
}

// snapshot reads what one is.
func (n *Net) snapshot(name string) (s Snapshot, err error) {
	if err := CheckName(name); err != nil {
		return s, err
	}
	raw, err := db.ReadFile(filepath.Join(n.snapshotPath(name), aboutFile), maxNetFile)
	if errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("%s: %w", name, ErrNoSnapshot)
	}
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	s.Name = name
	return s, err
}

// holdSeconds is how long nodes wait at most for a copy; a node hears nobody meanwhile.
const holdSeconds = 30

// TakeSnapshot copies the state of all nodes as it is at one moment: those that run hear
// nobody while they are copied. One of that name that was there before stays until the
// new one is whole; it is old, nil when there was none.
func (n *Net) TakeSnapshot(ctx context.Context, name string) (s Snapshot, old *Snapshot, err error) {
	if err := CheckName(name); err != nil {
		return s, nil, err
	}
	release, err := n.Reserve()
	if err != nil {
		return s, nil, err
	}
	defer release()
	if err := n.tidySnapshots(); err != nil {
		return s, nil, err
	}
	if before, err := n.snapshot(name); err == nil {
		old = &before
	}
	tmp := n.snapshotPath("." + name)
	if err := os.MkdirAll(filepath.Dir(tmp), 0o700); err != nil {
		return s, nil, err
	}
	if err := os.Mkdir(tmp, 0o700); err != nil { // what is there is not ours
		return s, nil, err
	}
	s = Snapshot{Name: name, Taken: time.Now().UTC().Truncate(time.Millisecond)}
	err = n.fillSnapshot(ctx, tmp, &s)
	if err == nil {
		err = n.keepSnapshot(tmp, name)
	}
	if err != nil {
		return s, nil, errors.Join(err, os.RemoveAll(tmp))
	}
	return s, old, nil
}

// openSnapshots opens their folder, nil where there is none. No name leads out of the
// network's folder, by no link.
func (n *Net) openSnapshots() (*os.Root, error) {
	root, err := os.OpenRoot(n.cfg.Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	dir, err := root.OpenRoot(snapshotsDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("the folder of the snapshots: %w", err)
	}
	return dir, nil
}

// wipeSnapshots deletes the network's snapshots, and their folder if nothing else is in it.
func (n *Net) wipeSnapshots(root *os.Root) error {
	if at, err := root.Lstat(snapshotsDir); err != nil || !at.IsDir() {
		return root.RemoveAll(snapshotsDir) // a link, if anything
	}
	dir, err := n.openSnapshots()
	if dir == nil {
		return err
	}
	defer dir.Close()
	found, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return err
	}
	theirs := false
	for _, e := range found {
		if !e.IsDir() || !isSnapshot(dir, e.Name()) {
			theirs = true
		} else if err := dir.RemoveAll(e.Name()); err != nil {
			return err
		}
	}
	if theirs {
		return nil
	}
	return root.Remove(snapshotsDir)
}

// isSnapshot tells whether a folder holds nothing but what a snapshot does, or a part of it.
func isSnapshot(dir *os.Root, name string) bool {
	found, err := fs.ReadDir(dir.FS(), name)
	return err == nil && !slices.ContainsFunc(found, func(e fs.DirEntry) bool {
		switch e.Name() {
		case fileName, fileName + ".new", aboutFile:
			return false
		}
		number, err := strconv.Atoi(strings.TrimPrefix(e.Name(), folderPrefix))
		return err != nil || folder(number) != e.Name() || !e.IsDir()
	})
}

// keepSnapshot gives a whole snapshot its name, in place of an older one.
func (n *Net) keepSnapshot(tmp, name string) error {
	path, old := n.snapshotPath(name), n.snapshotPath("."+name+oldSuffix)
	if err := os.Rename(path, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return os.RemoveAll(old)
}

// fillSnapshot copies all nodes, and says what they were.
func (n *Net) fillSnapshot(ctx context.Context, dir string, s *Snapshot) error {
	f := n.File() // all that it says
	members := f.Nodes
	s.Nodes = make([]SnapshotNode, len(members))
	copies := make([]int64, len(members))
	begun := time.Now()
	held, err := n.holdAll(ctx, members)
	if err == nil {
		var g errgroup.Group
		g.SetLimit(atOnce())
		for i, m := range members {
			g.Go(func() (err error) {
				s.Nodes[i], copies[i], err = n.copyNode(ctx, m, held[i], filepath.Join(dir, folder(m.Node)))
				if err != nil {
					return fmt.Errorf("copy node %d: %w", m.Node, err)
				}
				return nil
			})
		}
		err = g.Wait()
	}
	err = errors.Join(err, letAllGo(context.WithoutCancel(ctx), members, held))
	s.Held = testnet.Span(time.Since(begun).Round(time.Millisecond))
	if err != nil {
		return err
	}
	for i, one := range s.Nodes {
		if s.Bytes += copies[i]; one.Height > s.Height || s.Best == "" {
			s.Height, s.Best = one.Height, one.Best
		}
	}
	raw, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = writeFile(dir, f)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, aboutFile), append(raw, '\n'), 0o600)
}

// holdAll holds the nodes that run: nothing goes from node to node then. A node that
// has gone meanwhile is not held.
func (n *Net) holdAll(ctx context.Context, members []testnet.Member) (held []testnet.Node, err error) {
	held = make([]testnet.Node, len(members))
	var g errgroup.Group
	for i, m := range members {
		if m.PID == 0 {
			continue
		}
		g.Go(func() error {
			node, err := n.cfg.Dial(m)
			if err == nil {
				err = hold(ctx, node)
			}
			switch {
			case err == nil:
				held[i] = node
			case Running(m.DataDir).PID == m.PID:
				return fmt.Errorf("hold node %d: %w", m.Node, err)
			}
			return nil
		})
	}
	return held, g.Wait()
}

// hold holds a node. A command that was killed may have left it held: the network is ours alone,
// so we let it go and hold it anew.
func hold(ctx context.Context, node testnet.Node) error {
	err := node.Call(ctx, "hold", nil, holdSeconds)
	if _, hangs := errors.AsType[*testnet.HangError](err); !hangs && err != nil && node.Call(ctx, "hold", nil, 0) == nil {
		err = node.Call(ctx, "hold", nil, holdSeconds)
	}
	return err
}

// letAllGo ends the hold. A node that did so by itself was not still until the end.
func letAllGo(ctx context.Context, members []testnet.Member, held []testnet.Node) error {
	var mu sync.Mutex
	var failed error
	var g sync.WaitGroup
	for i, node := range held {
		if node == nil {
			continue
		}
		g.Go(func() {
			var inTime bool
			err := node.Call(ctx, "hold", &inTime, 0)
			if err == nil && inTime || err != nil && Running(members[i].DataDir).PID != members[i].PID {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			if err == nil {
				failed = errors.Join(failed, fmt.Errorf("node %d did not stand still until all were copied, which took more than %d s", members[i].Node, holdSeconds))
			}
		})
	}
	g.Wait()
	return failed
}

// copied is what a node answers that has copied itself.
type copied struct {
	Bytes  int64  `json:"bytes"`
	Height int32  `json:"height"`
	Best   string `json:"bestblock"`
	Clock  struct {
		Time  int64 `json:"time"`
		Still bool  `json:"still"`
	} `json:"clock"`
}

// copyNode copies a node that is held, by itself, or one that is down, or goes down.
func (n *Net) copyNode(ctx context.Context, m testnet.Member, node testnet.Node, to string) (s SnapshotNode, size int64, err error) {
	s = SnapshotNode{Node: m.Node, Up: m.PID != 0}
	if node != nil {
		var c copied
		abs, err := filepath.Abs(to)
		if err == nil {
			err = node.Call(ctx, "copyto", &c, abs)
		}
		if err == nil {
			s.Height, s.Best = c.Height, c.Best
			if c.Clock.Still {
				s.Still = c.Clock.Time
			}
			return s, c.Bytes, nil
		}
		if Running(m.DataDir).PID == m.PID {
			return s, 0, err
		}
		if err := os.RemoveAll(to); err != nil { // it has died meanwhile
			return s, 0, err
		}
	}
	if _, err := os.Stat(m.DataDir); errors.Is(err, fs.ErrNotExist) {
		return s, 0, os.Mkdir(to, 0o700) // it has never run
	}
	lock, err := Occupy(m.DataDir) // nobody starts it meanwhile
	if err != nil {
		return s, 0, err
	}
	defer lock.Close()
	size, err = copyState(m.DataDir, to)
	return s, size, err
}

// isState says whether a file of a node's folder is a part of its state, by its base
// name, and not what belongs to one run of it or is half written.
func isState(name string) bool {
	switch name {
	case lockName, ".cookie", logName, "grapevine.conf", LinksFile:
		return false
	}
	return !strings.HasSuffix(name, ".part") && !strings.HasSuffix(name, ".new")
}

// copyState copies a node's folder that no node runs on; links are left out.
func copyState(from, to string) (size int64, err error) {
	err = filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case e.IsDir():
			return os.Mkdir(filepath.Join(to, inside), 0o700)
		case !e.Type().IsRegular() || !isState(e.Name()):
			return nil
		}
		bytes, err := db.CopyPlain(path, filepath.Join(to, inside))
		size += bytes
		return err
	})
	return size, err
}

// DeleteSnapshot takes one away.
func (n *Net) DeleteSnapshot(name string) error {
	release, err := n.Reserve()
	if err != nil {
		return err
	}
	defer release()
	if err := n.tidySnapshots(); err != nil {
		return err
	}
	if _, err := n.snapshot(name); err != nil {
		return err
	}
	gone := n.snapshotPath("." + name)
	if err := os.Rename(n.snapshotPath(name), gone); err != nil {
		return err
	}
	return os.RemoveAll(gone)
}
