package process

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"grapevine/testnet"
)

const (
	readyWithin = 2 * time.Minute // a node is ready in 0.3 s; a loaded machine is slow
	stopWithin  = time.Minute     // a node promises 5 s on a machine that has time for it
	pollEvery   = 10 * time.Millisecond
	portTries   = 3 // somebody else may take a port between our choice and the node's listen
)

// Config says where a network lives and how its nodes are started.
type Config struct {
	Dir    string   // holds net.json and a folder for each node
	Exe    string   // the grapevine binary
	Env    []string // added to the children's environment
	Conf   []string // lines added to every node's grapevine.conf
	Detach bool     // children outlive this process
	// PortBase: a fresh node i listens at this port plus 2i, and one more for RPC; 0:
	// at free ones.
	PortBase int
	// Dial makes a client of a member's RPC. It need not be up yet.
	Dial func(testnet.Member) (testnet.Node, error)
}

// Net is a local network. It is used by one goroutine at a time.
type Net struct {
	cfg  Config
	file testnet.File
	held bool     // this process holds the network, see Reserve
	made []string // where no network was: files of ours that Reserve found absent, see Unmake
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
	case anyUp(n.Members()):
		return nil, fmt.Errorf("the network in %s %w", cfg.Dir, testnet.ErrUp)
	}
	if err := prepareDir(cfg.Dir); err != nil {
		return nil, err
	}
	if n != nil {
		if err := n.Wipe(); err != nil {
			return nil, err
		}
	}
	n = &Net{cfg: cfg, file: testnet.File{Network: "regtest"}}
	return n, writeFile(cfg.Dir, n.file)
}

// prepareDir makes the network's directory, unless a stranger's is in its place.
func prepareDir(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, fileName)); err == nil {
		return nil
	}
	if found, err := filepath.Glob(filepath.Join(dir, folderPrefix+"*")); err != nil || len(found) > 0 {
		return fmt.Errorf("%s holds %s and no %s: it is not a local network of ours", dir, filepath.Base(found[0]), fileName)
	}
	return os.MkdirAll(dir, 0o700)
}

// Open joins the network that net.json in cfg.Dir describes.
func Open(cfg Config) (*Net, error) {
	f, err := ReadFile(cfg.Dir)
	if err != nil {
		return nil, err
	}
	return &Net{cfg: cfg, file: f}, nil
}

// Reserve opens the network in cfg.Dir, or creates it, for a command that
// starts many nodes: see Net.Reserve.
func Reserve(cfg Config) (n *Net, release func(), err error) {
	if err := prepareDir(cfg.Dir); err != nil {
		return nil, nil, err
	}
	n = &Net{cfg: cfg, file: testnet.File{Network: "regtest"}}
	absent := absentFiles(cfg.Dir)
	if release, err = n.Reserve(); err != nil {
		return nil, nil, err
	}
	f, err := ReadFile(cfg.Dir)
	switch {
	case err == nil:
		n.file = f
	case errors.Is(err, testnet.ErrNoNet):
		n.made = absent
		err = writeFile(cfg.Dir, n.file)
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return n, release, nil
}

// Reserve keeps other processes from starting and stopping nodes of this
// network until release is called. Whoever wants to meanwhile, or was first,
// is answered with ErrBusy.
func (n *Net) Reserve() (release func(), err error) { return n.reserve(busyPatience) }

// reserve is Reserve for who waits so long for the network.
func (n *Net) reserve(patience time.Duration) (release func(), err error) {
	unlock, err := busy(n.cfg.Dir, true, patience)
	if err != nil {
		return nil, err
	}
	if err := n.roll(); err != nil {
		unlock()
		return nil, err
	}
	n.held = true
	return func() { n.held = false; unlock() }, nil
}

// busyPatience: the lock of a command that was killed while it started a node
// is held until that node's process has begun.
const busyPatience = 2 * time.Second

// busy locks the network while nodes are started or stopped.
func busy(dir string, alone bool, patience time.Duration) (release func(), err error) {
	lock, err := lockFile(filepath.Join(dir, busyName), alone, after(patience))
	switch {
	case errors.Is(err, errHeld):
		return nil, fmt.Errorf("the network in %s: %w", dir, testnet.ErrBusy)
	case err != nil:
		return nil, err
	}
	return func() { lock.Close() }, nil
}

// share keeps those out who want the network for themselves.
func (n *Net) share() (release func(), err error) {
	if n.held {
		return func() {}, nil
	}
	if _, err := os.Stat(filepath.Join(n.cfg.Dir, restoreReady)); err == nil {
		finished, err := n.Reserve()
		if err != nil {
			return nil, err
		}
		finished()
	}
	return busy(n.cfg.Dir, false, busyPatience)
}

// shareToStart is share for who starts nodes that are down: a network that lies somewhere
// else now has moved first.
func (n *Net) shareToStart() (release func(), err error) {
	if release, err = n.share(); err != nil || anyUp(n.Members()) {
		return release, err
	}
	if err := n.move(); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

func anyUp(all []testnet.Member) bool {
	return slices.ContainsFunc(all, func(m testnet.Member) bool { return m.PID != 0 })
}

// Members are all nodes as they are now; a PID of 0 is a node that does not
// run, whoever ended it.
func (n *Net) Members() []testnet.Member {
	if f, err := ReadFile(n.cfg.Dir); err == nil {
		n.file = f
	}
	return slices.Clone(n.file.Nodes)
}

// Connect makes a client of a member.
func (n *Net) Connect(m testnet.Member) (testnet.Node, error) { return n.cfg.Dial(m) }

// Add starts a fresh node on free ports.
func (n *Net) Add(ctx context.Context, s testnet.Spec) (testnet.Member, error) {
	release, err := n.share()
	if err != nil {
		return testnet.Member{}, err
	}
	defer release()
	added, err := n.enter(s)
	if err != nil {
		return testnet.Member{}, err
	}
	return n.launch(ctx, added[0])
}

// next is the number after the highest whose folder is not there: a fresh node
// is empty.
func (n *Net) next(nodes []testnet.Member) int {
	number := 0
	if len(nodes) > 0 {
		number = nodes[len(nodes)-1].Node + 1
	}
	for {
		if _, err := os.Lstat(filepath.Join(n.cfg.Dir, folder(number))); errors.Is(err, fs.ErrNotExist) {
			return number
		}
		number++
	}
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
	release, err := n.shareToStart()
	if err != nil {
		return testnet.Member{}, err
	}
	defer release()
	return n.startOne(ctx, number)
}

func (n *Net) startOne(ctx context.Context, number int) (testnet.Member, error) {
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
	if f, err := ReadNames(n.cfg.Dir); err == nil {
		n.file = f
	}
	m, err := n.file.Member(number)
	if err == nil {
		look(&m)
	}
	return m, err
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
	return kill(ctx, m)
}

func kill(ctx context.Context, m testnet.Member) error {
	if err := signal(m.DataDir, os.Kill); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill node %d: %w", m.Node, err)
	}
	limit, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	err := gone(limit, m)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("node %d (process %d) was killed, and has not ended within %v: the system holds it, as for a disk that does not answer", m.Node, m.PID, stopWithin)
	}
	return err
}

// gone waits until m has ended.
func gone(ctx context.Context, m testnet.Member) error {
	for Running(m.DataDir).PID == m.PID {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
	}
	return nil
}

// Stop asks all nodes at once to end (SIGTERM) and waits. One that does not
// is killed, which is an error.
func (n *Net) Stop(ctx context.Context) error {
	return n.stop(ctx, func(testnet.Member) bool { return true })
}

// StopNodes is Stop for some of the nodes, by number.
func (n *Net) StopNodes(ctx context.Context, numbers []int) error {
	return n.stop(ctx, func(m testnet.Member) bool { return slices.Contains(numbers, m.Node) })
}

func (n *Net) stop(ctx context.Context, which func(testnet.Member) bool) error {
	var up []testnet.Member
	for _, m := range n.Members() {
		if m.PID != 0 && which(m) {
			up = append(up, m)
		}
	}
	for _, m := range up {
		if err := n.askToStop(ctx, m); err != nil && Running(m.DataDir).PID == m.PID {
			return fmt.Errorf("stop node %d: %w", m.Node, err)
		}
	}
	limit, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	var failed error
	for _, m := range up {
		if err := gone(limit, m); err == nil {
			continue
		}
		failed = errors.Join(failed, fmt.Errorf("node %d did not stop within %v and was killed", m.Node, stopWithin))
		_ = signal(m.DataDir, os.Kill) // it may have ended this very moment
		patience, stop := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		failed = errors.Join(failed, gone(patience, m))
		stop()
	}
	return failed
}

// Forget lets a node that is down know no addresses but those that it will be told.
func (n *Net) Forget(number int) error {
	return n.whileDown(number, func(root *os.Root) error { return forget(root, number) })
}

// Empty deletes all that a node has that is down, but its log.
func (n *Net) Empty(number int) error {
	return n.whileDown(number, func(root *os.Root) error {
		found, err := fs.ReadDir(root.FS(), folder(number))
		if err != nil {
			return err
		}
		for _, f := range found {
			if f.Name() == logName {
				continue
			}
			if err := root.RemoveAll(filepath.Join(folder(number), f.Name())); err != nil {
				return err
			}
		}
		return nil
	})
}

// whileDown changes the data of a node that does not run.
func (n *Net) whileDown(number int, change func(*os.Root) error) error {
	m, err := n.member(number)
	if err != nil {
		return err
	}
	if m.PID != 0 {
		return fmt.Errorf("node %d %w", number, testnet.ErrUp)
	}
	root, err := os.OpenRoot(n.cfg.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return change(root)
}

// forget deletes a node's address book.
func forget(root *os.Root, number int) error {
	if err := root.Remove(filepath.Join(folder(number), "peers.db")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// askToStop: Windows has no SIGTERM.
func (n *Net) askToStop(ctx context.Context, m testnet.Member) error {
	if runtime.GOOS != "windows" {
		return signal(m.DataDir, terminate)
	}
	node, err := n.cfg.Dial(m)
	if err != nil {
		return err
	}
	return node.Call(ctx, "stop", nil)
}

const logName = "node.log"

// LogPath is where a node's output goes.
func LogPath(m testnet.Member) string { return filepath.Join(m.DataDir, logName) }
