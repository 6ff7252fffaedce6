package process

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"grapevine/testnet"
)

const (
	readyWithin = 20 * time.Second // a node is ready in 0.3 s; a loaded machine may be slow
	stopWithin  = 10 * time.Second // a node promises 5 s
	lookEvery   = 10 * time.Millisecond
	portTries   = 3 // somebody else may take a port between our look and the node's listen
)

// Config says where a network lives and how its nodes are started.
type Config struct {
	Dir    string   // holds net.json and a folder for each node
	Exe    string   // the grapevine binary
	Env    []string // added to the children's environment
	Conf   []string // lines added to every node's grapevine.conf
	Detach bool     // children outlive this process
	// Dial makes the door to a member's RPC. It need not be up yet.
	Dial func(testnet.Member) (testnet.Node, error)
}

// Net is a local network. It is used by one goroutine at a time.
type Net struct {
	cfg  Config
	file testnet.File
	kids map[int]*child // those that this process has started, by node
}

var _ testnet.Launcher = (*Net)(nil)

// Create begins a network, in place of one that was there before. It refuses
// one whose nodes are still up, and never deletes what is not its own.
func Create(cfg Config) (*Net, error) {
	n, noNet := Open(cfg)
	switch {
	case errors.Is(noNet, testnet.ErrNoNet):
	case noNet != nil:
		return nil, noNet
	case slices.ContainsFunc(n.Members(), func(m testnet.Member) bool { return m.PID != 0 }):
		return nil, fmt.Errorf("the network in %s %w", cfg.Dir, testnet.ErrUp)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	if found, err := filepath.Glob(filepath.Join(cfg.Dir, "node*")); err != nil || (len(found) > 0 && errors.Is(noNet, testnet.ErrNoNet)) {
		return nil, fmt.Errorf("%s holds %s and no net.json: it is not a local network of ours", cfg.Dir, filepath.Base(found[0]))
	}
	if n != nil {
		if err := n.Wipe(); err != nil {
			return nil, err
		}
	}
	n = &Net{cfg: cfg, file: testnet.File{Network: "regtest"}, kids: map[int]*child{}}
	return n, n.save()
}

// Open joins the network that net.json in cfg.Dir describes.
func Open(cfg Config) (*Net, error) {
	f, err := ReadFile(cfg.Dir)
	if err != nil {
		return nil, err
	}
	return &Net{cfg: cfg, file: f, kids: map[int]*child{}}, nil
}

// ReadFile reads DIR/net.json.
func ReadFile(dir string) (testnet.File, error) {
	var f testnet.File
	raw, err := os.ReadFile(filepath.Join(dir, "net.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return f, fmt.Errorf("%w: %s has no net.json", testnet.ErrNoNet, dir)
	}
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, fmt.Errorf("%s: %w", filepath.Join(dir, "net.json"), err)
	}
	return f, nil
}

// save writes net.json whole or not at all.
func (n *Net) save() error {
	raw, err := json.MarshalIndent(n.file, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(n.cfg.Dir, "net.json")
	tmp := path + ".new"
	if err := os.WriteFile(tmp, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// change edits net.json while no other process does.
func (n *Net) change(edit func(*testnet.File) error) error {
	unlock, err := lockFile(filepath.Join(n.cfg.Dir, "net.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if f, err := ReadFile(n.cfg.Dir); err == nil {
		n.file = f
	}
	if err := edit(&n.file); err != nil {
		return err
	}
	return n.save()
}

// Members are all nodes as net.json has them now; a PID of 0 is a node that
// does not run, whoever ended it.
func (n *Net) Members() []testnet.Member {
	if f, err := ReadFile(n.cfg.Dir); err == nil {
		n.file = f
	}
	out := slices.Clone(n.file.Nodes)
	for i, m := range out {
		if !n.alive(m) {
			out[i].PID = 0
		}
	}
	return out
}

// Connect makes the door to a member.
func (n *Net) Connect(m testnet.Member) (testnet.Node, error) { return n.cfg.Dial(m) }

// Add starts a fresh node on free ports.
func (n *Net) Add(ctx context.Context, s testnet.Spec) (testnet.Member, error) {
	var m testnet.Member
	err := n.change(func(f *testnet.File) error {
		m = testnet.Member{Node: next(f.Nodes), User: "grapevine", Spec: s}
		m.DataDir = filepath.Join(n.cfg.Dir, "node"+strconv.Itoa(m.Node))
		if len(f.Nodes) > 0 {
			m.AddNode = f.Nodes[0].P2P
		}
		var err error
		if m.Password, err = password(); err != nil {
			return err
		}
		if err := os.Mkdir(m.DataDir, 0o700); err != nil {
			return err // also if it is there already: a fresh node is empty
		}
		f.Nodes = append(f.Nodes, m)
		return nil
	})
	if err != nil {
		return m, err
	}
	for try := 1; ; try++ {
		if m.P2P, m.RPC, err = freeAddresses(); err != nil {
			return m, err
		}
		m, err = n.launch(ctx, m)
		if err == nil || try == portTries || !errors.Is(err, errPortTaken) {
			return m, err
		}
	}
}

// next is the number after the highest.
func next(nodes []testnet.Member) int {
	if len(nodes) == 0 {
		return 0
	}
	return nodes[len(nodes)-1].Node + 1
}

// password is a secret for one node's RPC.
func password() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(rand.Reader, b[:]); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", b), nil
}

// Start starts a node that is down.
func (n *Net) Start(ctx context.Context, number int) (testnet.Member, error) {
	m, err := n.member(number)
	if err != nil {
		return m, err
	}
	if m.PID != 0 {
		return m, fmt.Errorf("node %d %w (pid %d)", number, testnet.ErrUp, m.PID)
	}
	return n.launch(ctx, m)
}

// member is a node as it is now, with a PID of 0 if it is down.
func (n *Net) member(number int) (testnet.Member, error) {
	return testnet.File{Nodes: n.Members()}.Member(number)
}

// Kill ends a node with SIGKILL and returns when it has gone.
func (n *Net) Kill(ctx context.Context, number int) error {
	m, err := n.member(number)
	if err != nil {
		return err
	}
	if m.PID == 0 {
		return fmt.Errorf("node %d %w", number, testnet.ErrDown)
	}
	if err := signalPID(m.PID, os.Kill); err != nil {
		return fmt.Errorf("kill node %d: %w", number, err)
	}
	return n.gone(ctx, m)
}

// gone waits until m has ended, and says so in net.json.
func (n *Net) gone(ctx context.Context, m testnet.Member) error {
	for n.alive(m) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookEvery):
		}
	}
	return n.change(func(f *testnet.File) error {
		setPID(f, m.Node, m.PID, 0)
		return nil
	})
}

// setPID changes a node's PID, if it still is what we believe.
func setPID(f *testnet.File, number, was, is int) {
	for i := range f.Nodes {
		if f.Nodes[i].Node == number && f.Nodes[i].PID == was {
			f.Nodes[i].PID = is
		}
	}
}

// Stop asks all nodes at once to end (SIGTERM) and waits. One that does not
// is killed, which is an error.
func (n *Net) Stop(ctx context.Context) error {
	var up []testnet.Member
	for _, m := range n.Members() {
		if m.PID != 0 {
			up = append(up, m)
		}
	}
	for _, m := range up {
		if err := signalPID(m.PID, terminate); err != nil && n.alive(m) {
			return fmt.Errorf("stop node %d: %w", m.Node, err)
		}
	}
	limit, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	var failed error
	for _, m := range up {
		if err := n.gone(limit, m); err == nil {
			continue
		}
		failed = errors.Join(failed, fmt.Errorf("node %d did not stop within %v and was killed", m.Node, stopWithin))
		_ = signalPID(m.PID, os.Kill) // it may have ended this very moment
		patience, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		failed = errors.Join(failed, n.gone(patience, m))
		stop()
	}
	return failed
}

// Wipe deletes the nodes' directories and net.json. The nodes must be down.
func (n *Net) Wipe() error {
	for _, m := range n.Members() {
		if m.PID != 0 {
			return fmt.Errorf("node %d %w", m.Node, testnet.ErrUp)
		}
		if err := os.RemoveAll(m.DataDir); err != nil {
			return err
		}
	}
	for _, f := range []string{"net.json", "net.lock"} {
		if err := os.Remove(filepath.Join(n.cfg.Dir, f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	n.file.Nodes = nil
	return nil
}

// LogPath is where a node's output goes.
func LogPath(m testnet.Member) string { return filepath.Join(m.DataDir, "node.log") }
