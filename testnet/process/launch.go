package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"grapevine/testnet"
)

var (
	// errPortTaken: the node found its port in use.
	errPortTaken = errors.New("the port was taken meanwhile")
	// errOccupied: another process runs on the node's data directory.
	errOccupied = errors.New("it runs already")
)

// child is a process that we have started. ended is closed by its waiter, the
// one goroutine it has, which the process's end ends.
type child struct {
	cmd   *exec.Cmd
	from  int64 // where its words begin in node.log
	ended chan struct{}
}

// launch starts a node's process and waits until it answers RPC: on its old
// ports, or on new ones where somebody else has taken them.
func (n *Net) launch(ctx context.Context, m testnet.Member) (testnet.Member, error) {
	for try := 1; ; try++ {
		started, err := n.tryLaunch(ctx, m)
		if err == nil || try == portTries || !errors.Is(err, errPortTaken) {
			return started, err
		}
		if m.P2P, m.RPC, err = FreeAddresses(n.file.Nodes); err != nil {
			return m, err
		}
	}
}

func (n *Net) tryLaunch(ctx context.Context, m testnet.Member) (testnet.Member, error) {
	err := n.change(func(f *testnet.File) error {
		m.AddNode = contact(f.Nodes, m)
		for i := range f.Nodes {
			if f.Nodes[i].Node == m.Node {
				f.Nodes[i] = m
			}
		}
		return nil
	})
	if err == nil {
		err = n.writeConf(m)
	}
	if err != nil {
		return m, err
	}
	kid, err := n.spawn(m)
	if err != nil {
		return m, fmt.Errorf("start node %d: %w", m.Node, err)
	}
	err = n.ready(ctx, m, kid)
	if errors.Is(err, errOccupied) {
		return n.Await(ctx, m)
	}
	if err != nil {
		_ = kid.cmd.Process.Kill() // it may have ended by itself
		<-kid.ended
		return m, fmt.Errorf("start node %d: %w", m.Node, err)
	}
	m.PID = kid.cmd.Process.Pid
	return m, nil
}

// Await waits until a node that somebody has started answers RPC.
func (n *Net) Await(ctx context.Context, m testnet.Member) (testnet.Member, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		switch now := Running(m.DataDir); {
		case now.PID == 0:
			return m, fmt.Errorf("start node %d: the process that ran on its data directory has ended", m.Node)
		case now.RPC != "":
			m.PID, m.RPC = now.PID, "http://"+now.RPC
			node, err := n.cfg.Dial(m)
			if err == nil {
				err = node.Call(ctx, "getblockcount", nil)
			}
			if _, hangs := errors.AsType[*testnet.HangError](err); !hangs { // a crowd that starts may take a while
				return m, err
			}
		}
		select {
		case <-ctx.Done():
			return m, ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// contact is the one address that a node is told: the first node's. That one
// is told of somebody who runs, and otherwise waits for the others to come.
func contact(all []testnet.Member, to testnet.Member) string {
	switch {
	case to.Alone:
		return ""
	case all[0].Node != to.Node:
		return all[0].P2P
	}
	for _, m := range all[1:] {
		if look(&m); m.PID != 0 {
			return m.P2P
		}
	}
	return ""
}

// move gives all nodes new ports if somebody else has one of the old ones: the
// network was copied, and the other one runs. What its nodes know of addresses
// is forgotten with the ports, or they would call at the other one's nodes and
// the two would be one network.
func (n *Net) move() error {
	return n.change(func(f *testnet.File) error {
		taken := slices.ContainsFunc(f.Nodes, func(m testnet.Member) bool {
			return !isFree(m.P2P) || !isFree(strings.TrimPrefix(m.RPC, "http://"))
		})
		if !taken {
			return nil
		}
		return readdress(n.cfg.Dir, f.Nodes)
	})
}

// writeConf tells the node everything by its configuration file, so that
// somebody can start it by hand with --datadir alone.
func (n *Net) writeConf(m testnet.Member) error {
	if !isOwn(m.DataDir) {
		return foreign(m)
	}
	if err := os.MkdirAll(m.DataDir, 0o700); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# node %d of the local network in %q\n", m.Node, n.cfg.Dir) // quoted: a name may hold a line's end
	listen := m.P2P
	if m.Silent {
		listen = "off"
	}
	fmt.Fprintf(&b, "listen = %s\n", listen)
	fmt.Fprintf(&b, "rpclisten = %s\n", strings.TrimPrefix(m.RPC, "http://"))
	fmt.Fprintf(&b, "rpcuser = %s\nrpcpassword = %s\n", m.User, m.Password)
	fmt.Fprintf(&b, "localnode = %d\n", m.Node)
	if m.AddNode != "" {
		fmt.Fprintf(&b, "addnode = %s\n", m.AddNode)
	}
	if m.Mine != "" {
		fmt.Fprintf(&b, "mine = %s\n", m.Mine)
	}
	if n.file.Ahead != 0 {
		fmt.Fprintf(&b, "clockahead = %ds\n", n.file.Ahead)
	}
	for _, line := range slices.Concat(n.cfg.Conf, m.Conf) {
		b.WriteString(line + "\n")
	}
	if err := n.writeLinks(m); err != nil {
		return err
	}
	return replace(filepath.Join(m.DataDir, "grapevine.conf"), []byte(b.String()))
}

// writeLinks tells the node of its links by a file; where all are as they come it needs
// none.
func (n *Net) writeLinks(m testnet.Member) error {
	path, pairs := filepath.Join(m.DataDir, LinksFile), n.file.Pairs(m.Node)
	if len(pairs) == 0 {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	raw, err := json.MarshalIndent(pairs, "", "  ")
	if err != nil {
		return err
	}
	return replace(path, raw)
}

// foreign says that a node's folder is not one of this network, see isOwn.
func foreign(m testnet.Member) error {
	return fmt.Errorf("start node %d: %s is a link or a file, and not a folder of this network", m.Node, m.DataDir)
}

// spawn starts the process with its output in node.log.
func (n *Net) spawn(m testnet.Member) (*child, error) {
	log, err := os.OpenFile(LogPath(m), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own copy
	earlier, err := log.Stat()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(n.cfg.Exe, "node", "--datadir", m.DataDir)
	cmd.Env = append(WithoutSettings(os.Environ()), n.cfg.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = Attributes(n.cfg.Detach)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	kid := &child{cmd: cmd, from: earlier.Size(), ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in its log; that it ended is all we need
		close(kid.ended)
	}()
	return kid, nil
}

// WithoutSettings is an environment for a program of ours that is told everything otherwise: what we were told by environment (GRAPEVINE_DATADIR)
// was for us.
func WithoutSettings(env []string) []string {
	var out []string
	for _, e := range env {
		if !strings.HasPrefix(e, "GRAPEVINE_") {
			out = append(out, e)
		}
	}
	return out
}

// ready waits until the node answers, or says why it never will. It is our
// child that answers: it has written beside its own lock where it listens, and
// no second program can listen there.
func (n *Net) ready(ctx context.Context, m testnet.Member, kid *child) error {
	node, err := n.cfg.Dial(m)
	if err != nil {
		return err
	}
	limit, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	go func() { // a call must not outlast the child
		select {
		case <-kid.ended:
			cancel()
		case <-limit.Done():
		}
	}()
	want := Process{PID: kid.cmd.Process.Pid, RPC: strings.TrimPrefix(m.RPC, "http://")}
	for {
		err = errors.New("it has not opened its RPC")
		if Running(m.DataDir) == want {
			if err = node.Call(limit, "getblockcount", nil); err == nil {
				return nil
			}
		}
		select {
		case <-kid.ended:
			return ended(m, kid)
		case <-limit.Done():
			select {
			case <-kid.ended:
				return ended(m, kid)
			default:
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("it did not answer within %v (%w); its log is %s", readyWithin, err, LogPath(m))
		case <-time.After(pollEvery):
		}
	}
}

// ended says why a node did not come up.
func ended(m testnet.Member, kid *child) error {
	if Running(m.DataDir).PID != 0 {
		return errOccupied
	}
	last := lastLines(LogPath(m), kid.from)
	if strings.Contains(last, "address already in use") || strings.Contains(last, "Only one usage of each socket address") {
		return fmt.Errorf("%w: %s", errPortTaken, last)
	}
	if last == "" {
		return fmt.Errorf("it ended at once (%s) and said nothing; %w", kid.cmd.ProcessState, whyMute(m.DataDir))
	}
	return fmt.Errorf("it ended at once (%s):\n%s", kid.cmd.ProcessState, last)
}

// errMute: nothing is known.
var errMute = errors.New("start it by hand to see why")

// whyMute tries what a node does that cannot say why it ended: on a full disk
// its words are lost too.
func whyMute(dir string) error {
	const some = 64 << 10
	probe := filepath.Join(dir, "probe")
	err := os.WriteFile(probe, make([]byte, some), 0o600)
	os.Remove(probe)
	if err != nil {
		return fmt.Errorf("its directory cannot be written: %w", err)
	}
	return errMute
}

// lastLines is the end of what a log says since some place, enough to see what
// went wrong.
func lastLines(path string, since int64) string {
	const most = 2000 // bytes: about 15 lines
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil {
		since = max(since, st.Size()-most)
	}
	raw, err := io.ReadAll(io.NewSectionReader(f, since, most))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(raw))
}

// portPatience: a process that was killed gives its lock back a moment before
// its ports.
const portPatience = time.Second

// isFree is whether nobody listens there, for longer than a moment.
func isFree(addr string) bool {
	for deadline := time.Now().Add(portPatience); ; time.Sleep(pollEvery) {
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}

// addresses of a fresh node: those that Config.PortBase says, or free ones.
func (n *Net) addresses(number int, others []testnet.Member) (p2p, rpc string, err error) {
	if n.cfg.PortBase == 0 {
		return FreeAddresses(others)
	}
	port := n.cfg.PortBase + 2*number
	p2p, rpc = fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("127.0.0.1:%d", port+1)
	for _, addr := range []string{p2p, rpc} {
		if port+1 > maxPort {
			return "", "", fmt.Errorf("node %d: there is no port %d", number, port+1)
		}
		if !isFree(addr) {
			return "", "", fmt.Errorf("node %d: somebody listens at %s already", number, addr)
		}
	}
	return p2p, "http://" + rpc, nil
}

const maxPort = 65535

// FreeAddresses finds two free loopback ports. They lie below the range from
// which systems take the ports of outgoing connections: there a node that is
// down could find its own port taken when it comes back, and a dial to it
// could even connect to itself. Nodes of ours that are down keep theirs.
func FreeAddresses(others []testnet.Member) (p2p, rpc string, err error) {
	const low, high, tries = 20000, 32000, 100
	var free []string
	for range tries {
		addr := fmt.Sprintf("127.0.0.1:%d", low+rand.IntN(high-low))
		if slices.ContainsFunc(others, func(m testnet.Member) bool { return m.P2P == addr || m.RPC == "http://"+addr }) {
			continue
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		defer l.Close()
		if free = append(free, addr); len(free) == 2 {
			return free[0], "http://" + free[1], nil
		}
	}
	return "", "", fmt.Errorf("no free port between %d and %d", low, high)
}
