package compare

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"grapevine/testnet"
	"grapevine/testnet/process"
)

// Stranger is another program that the newcomers may be.
type Stranger struct {
	Kind string // "bitcoind" or "btcd"
	Path string
	Dir  string // where their data directories go
	// Dial makes a client of one.
	Dial func(testnet.Member) (testnet.Node, error)
}

// ParseWith reads btcd=PATH or bitcoind=PATH.
func ParseWith(s string) (*Stranger, error) {
	kind, path, ok := strings.Cut(s, "=")
	if !ok || kind != "bitcoind" && kind != "btcd" || path == "" {
		return nil, fmt.Errorf("%q: want bitcoind=PATH or btcd=PATH", s)
	}
	found, err := exec.LookPath(path)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", s, err)
	}
	if found, err = filepath.Abs(found); err != nil {
		return nil, err
	}
	return &Stranger{Kind: kind, Path: found}, nil
}

// begun is a stranger's process. ended is closed by its waiter, the one goroutine it has.
type begun struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// Waits for strangers.
const (
	strangerReady = 2 * time.Minute // Core takes a second; a loaded machine is slow
	strangerStop  = 10 * time.Second
	askEvery      = 20 * time.Millisecond
)

// start starts the newcomers of a trial; stop ends them and takes their data away.
func (s *Stranger) start(ctx context.Context, l *laboratory) (all []end, stop func(), err error) {
	var kids []*begun
	var dirs []string
	stop = func() {
		for _, k := range kids {
			_ = k.cmd.Process.Kill() // nothing of theirs is kept
			select {
			case <-k.ended:
			case <-time.After(strangerStop): // the system cannot end it, nor can we
			}
		}
		for _, d := range dirs {
			_ = os.RemoveAll(d)
		}
	}
	taken := l.Members()
	for i := range l.cfg.Nodes {
		m := testnet.Member{Node: i, User: "grapevine", DataDir: filepath.Join(s.Dir, fmt.Sprint(s.Kind, i)), Password: rand.Text()}
		if m.P2P, m.RPC, err = process.FreeAddresses(taken); err != nil {
			return nil, stop, err
		}
		taken, dirs = append(taken, m), append(dirs, m.DataDir)
		kid, err := s.launch(m)
		if err != nil {
			return nil, stop, err
		}
		kids = append(kids, kid)
		node, err := s.Dial(m)
		if err != nil {
			return nil, stop, err
		}
		all = append(all, end{node, m})
	}
	for i, n := range all {
		if err := s.ready(ctx, n, kids[i]); err != nil {
			return nil, stop, err
		}
		l.cfg.Progress("starting "+s.Kind, int64(i+1), int64(l.cfg.Nodes))
	}
	return all, stop, nil
}

// conf is the stranger's configuration file: nothing is dialled by itself.
func (s *Stranger) conf(m testnet.Member) string {
	_, port, _ := strings.Cut(m.P2P, ":")
	rpc := strings.TrimPrefix(m.RPC, "http://")
	_, rpcPort, _ := strings.Cut(rpc, ":")
	if s.Kind == "btcd" {
		return fmt.Sprintf("[Application Options]\nregtest=1\nnodnsseed=1\nnotls=1\nlisten=%s\nrpclisten=%s\nrpcuser=%s\nrpcpass=%s\n", m.P2P, rpc, m.User, m.Password)
	}
	return fmt.Sprintf("regtest=1\nserver=1\ndisablewallet=1\ndnsseed=0\nfixedseeds=0\nprinttoconsole=0\nrpcuser=%s\nrpcpassword=%s\n"+
		"[regtest]\nbind=%s\nport=%s\nrpcbind=127.0.0.1\nrpcallowip=127.0.0.1\nrpcport=%s\n", m.User, m.Password, m.P2P, port, rpcPort)
}

func (s *Stranger) launch(m testnet.Member) (*begun, error) {
	if err := os.MkdirAll(m.DataDir, 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(m.DataDir, s.Kind+".conf")
	if err := os.WriteFile(file, []byte(s.conf(m)), 0o600); err != nil {
		return nil, err
	}
	args := []string{"-datadir=" + m.DataDir, "-conf=" + file}
	if s.Kind == "btcd" {
		args = []string{"--configfile=" + file, "--datadir=" + filepath.Join(m.DataDir, "data"), "--logdir=" + filepath.Join(m.DataDir, "logs")}
	}
	log, err := os.Create(filepath.Join(m.DataDir, "said.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own copy
	k := &begun{cmd: exec.Command(s.Path, args...), ended: make(chan struct{})}
	k.cmd.Stdout, k.cmd.Stderr = log, log
	k.cmd.SysProcAttr = process.Attributes(false)
	if err := k.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Kind, err)
	}
	go func() {
		_ = k.cmd.Wait() // that it ended is all we need
		close(k.ended)
	}()
	return k, nil
}

// ready waits until a stranger answers.
func (s *Stranger) ready(ctx context.Context, n end, k *begun) error {
	ctx, cancel := context.WithTimeout(ctx, strangerReady)
	defer cancel()
	for {
		err := n.Call(ctx, "getblockcount", nil)
		if err == nil {
			return nil
		}
		select {
		case <-k.ended:
			said, _ := os.ReadFile(filepath.Join(n.member.DataDir, "said.log"))
			return fmt.Errorf("%s ended at once (%s): %s", s.Path, k.cmd.ProcessState, lastOf(said))
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s does not answer", s.Path), err)
		case <-time.After(askEvery):
		}
	}
}

// headersWithin: Core asks one peer for headers, and for a quarter of an hour no other: it
// has to meet the seed before it meets those who have nothing yet.
const headersWithin = 30 * time.Second

// meets the seed, and waits until it has its headers, or for some time.
func (s *Stranger) meets(ctx context.Context, n end, seed string, tip int64) error {
	// They look at their list every minute or so, and at once only when told to.
	if err := n.Call(ctx, "addnode", nil, seed, "onetry"); err != nil {
		return err
	}
	if err := n.Call(ctx, "addnode", nil, seed, "add"); err != nil {
		return err
	}
	for late := time.Now().Add(headersWithin); time.Now().Before(late); {
		var info struct {
			Headers int64 `json:"headers"`
		}
		if err := n.Call(ctx, "getblockchaininfo", &info); err != nil {
			return err
		}
		if info.Headers >= tip {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(askEvery):
		}
	}
	return nil
}

// lastOf what a program said, enough to see what went wrong.
func lastOf(said []byte) string {
	const most = 500
	return strings.TrimSpace(string(said[max(0, len(said)-most):]))
}
