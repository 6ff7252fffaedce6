package process

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// errPortTaken: the node found its port in use.
var errPortTaken = errors.New("the port was taken meanwhile")

// child is a process that we have started. ended is closed by its waiter, the
// one goroutine it has, which the process's end ends.
type child struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// launch starts a node's process and waits until it answers RPC.
func (n *Net) launch(ctx context.Context, m testnet.Member) (testnet.Member, error) {
	if err := n.writeConf(m); err != nil {
		return m, err
	}
	kid, err := n.spawn(m)
	if err != nil {
		return m, fmt.Errorf("start node %d: %w", m.Node, err)
	}
	m.PID = kid.cmd.Process.Pid
	n.kids[m.Node] = kid
	err = n.change(func(f *testnet.File) error {
		for i := range f.Nodes {
			if f.Nodes[i].Node == m.Node {
				f.Nodes[i] = m
			}
		}
		return nil
	})
	if err == nil {
		err = n.ready(ctx, m, kid)
	}
	if err != nil {
		_ = kid.cmd.Process.Kill() // it may have ended by itself
		<-kid.ended
		return m, fmt.Errorf("start node %d: %w", m.Node, err)
	}
	return m, nil
}

// writeConf tells the node everything by its configuration file, so that
// somebody can start it by hand with --datadir alone.
func (n *Net) writeConf(m testnet.Member) error {
	if err := os.MkdirAll(m.DataDir, 0o700); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# node %d of the local network in %s\n", m.Node, n.cfg.Dir)
	fmt.Fprintf(&b, "listen = %s\n", m.P2P)
	fmt.Fprintf(&b, "rpclisten = %s\n", strings.TrimPrefix(m.RPC, "http://"))
	fmt.Fprintf(&b, "rpcuser = %s\nrpcpassword = %s\n", m.User, m.Password)
	if m.AddNode != "" {
		fmt.Fprintf(&b, "addnode = %s\n", m.AddNode)
	}
	if m.Mine != "" {
		fmt.Fprintf(&b, "mine = %s\n", m.Mine)
	}
	for _, line := range slices.Concat(n.cfg.Conf, m.Conf) {
		b.WriteString(line + "\n")
	}
	return os.WriteFile(filepath.Join(m.DataDir, "grapevine.conf"), []byte(b.String()), 0o600)
}

// spawn starts the process with its output in node.log.
func (n *Net) spawn(m testnet.Member) (*child, error) {
	log, err := os.OpenFile(LogPath(m), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own copy
	cmd := exec.Command(n.cfg.Exe, "node", "--datadir", m.DataDir)
	cmd.Env = append(withoutOwnSettings(os.Environ()), n.cfg.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = attributes(n.cfg.Detach)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	kid := &child{cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in its log; that it ended is all we need
		close(kid.ended)
	}()
	return kid, nil
}

// withoutOwnSettings: what we were told by environment (GRAPEVINE_DATADIR) was
// for us, not for our nodes.
func withoutOwnSettings(env []string) []string {
	var out []string
	for _, e := range env {
		if !strings.HasPrefix(e, "GRAPEVINE_") {
			out = append(out, e)
		}
	}
	return out
}

// ready waits until the node answers, or says why it never will.
func (n *Net) ready(ctx context.Context, m testnet.Member, kid *child) error {
	node, err := n.cfg.Dial(m)
	if err != nil {
		return err
	}
	asked := ctx
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	call, hangUp := context.WithCancel(ctx) // another program on its port may answer never
	defer hangUp()
	go func() {
		select {
		case <-kid.ended:
			hangUp()
		case <-call.Done():
		}
	}()
	for {
		if err = node.Call(call, "getblockcount", nil); err == nil {
			return nil
		}
		select {
		case <-kid.ended:
			last := lastLines(LogPath(m))
			if strings.Contains(last, "address already in use") {
				return fmt.Errorf("%w: %s", errPortTaken, last)
			}
			return fmt.Errorf("it ended at once (%s):\n%s", kid.cmd.ProcessState, last)
		case <-asked.Done():
			return asked.Err()
		case <-ctx.Done():
			if asked.Err() != nil {
				return asked.Err()
			}
			return fmt.Errorf("it did not answer within %v (%w); its log is %s", readyWithin, err, LogPath(m))
		case <-time.After(lookEvery):
		}
	}
}

// lastLines is the end of a log, enough to see what went wrong.
func lastLines(path string) string {
	const most = 2000 // bytes: about 15 lines
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Size() > most {
		if _, err := f.Seek(-most, io.SeekEnd); err != nil {
			return err.Error()
		}
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(raw))
}

// alive is whether a member's process runs.
func (n *Net) alive(m testnet.Member) bool {
	if m.PID == 0 {
		return false
	}
	if kid := n.kids[m.Node]; kid != nil && kid.cmd.Process.Pid == m.PID {
		select {
		case <-kid.ended:
			return false
		default:
			return true
		}
	}
	return runs(m.PID, m.DataDir)
}

// signalPID sends a signal to a process that need not be our child.
func signalPID(pid int, s os.Signal) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Signal(s)
}

// freeAddresses finds two free loopback ports. They lie below the range from
// which systems take the ports of outgoing connections: there a node that is
// down could find its own port taken when it comes back, and a dial to it
// could even connect to itself.
func freeAddresses() (p2p, rpc string, err error) {
	const low, high, tries = 20000, 32000, 100
	var free []string
	for range tries {
		addr := fmt.Sprintf("127.0.0.1:%d", low+rand.IntN(high-low))
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
