package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"grapevine/cmd/rpc/client"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// Exe is the environment variable that names the grapevine binary for Processes; without it the
// binary is built.
const Exe = "GRAPEVINE_EXE"

// Processes starts n nodes as processes of the grapevine binary, on free ports of this machine.
func Processes(t testing.TB, n int) *Net {
	t.Helper()
	exe := os.Getenv(Exe)
	if exe == "" {
		exe = filepath.Join(t.TempDir(), "grapevine")
		out, err := exec.Command("go", "build", "-o", exe, "grapevine/cmd/grapevine").CombinedOutput()
		if err != nil {
			t.Fatalf("harness: build the node (or name one with %s): %v\n%s", Exe, err, out)
		}
	}
	return ProcessesOf(t, process.Config{Exe: exe}, n)
}

// ProcessesOf is Processes with a binary, environment and settings of one's own. The
// directory is the test's.
func ProcessesOf(t testing.TB, cfg process.Config, n int) *Net {
	t.Helper()
	cfg.Dir = t.TempDir()
	cfg.Dial = func(m testnet.Member) (testnet.Node, error) { return client.Dial(m.RPC, m.User, m.Password) }
	net, err := process.Create(cfg)
	if err != nil {
		t.Fatalf("harness: %v", err)
	}
	return begin(t, &processes{net}, n)
}

// processes are real ones.
type processes struct{ net *process.Net }

// most is the time that a node may take to start or stop on a loaded machine.
const most = 2 * time.Minute

func (p *processes) start(i int) (testnet.Node, error) {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	start := func() (testnet.Member, error) { return p.net.Add(ctx, testnet.Spec{}) }
	if i < len(p.net.Members()) {
		start = func() (testnet.Member, error) { return p.net.Start(ctx, i) }
	}
	m, err := start()
	if err != nil {
		return nil, err
	}
	return p.net.Connect(m)
}

func (p *processes) stop(i int) error {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	return p.net.StopNodes(ctx, []int{i})
}

func (p *processes) dir(i int) string { return p.net.Members()[i].DataDir }

// cut tells each node which of the others it does not reach.
func (p *processes) cut(group []int) error {
	err := p.net.Change(func(f *testnet.File) error {
		f.Links = nil
		for i := range group {
			for j := range group {
				if group[i] != group[j] {
					f.Links = append(f.Links, testnet.Link{From: i, To: j, Way: testnet.Way{Cut: true}})
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.tell(func(f testnet.File, m testnet.Member, n testnet.Node) error {
		return n.Call(context.Background(), "setlinks", nil, f.Pairs(m.Node))
	})
}

func (p *processes) ahead(d time.Duration) error {
	if err := p.net.Change(func(f *testnet.File) error { f.Ahead += int64(d / time.Second); return nil }); err != nil {
		return err
	}
	return p.tell(func(f testnet.File, _ testnet.Member, n testnet.Node) error {
		return n.Call(context.Background(), "setclock", nil, f.Ahead)
	})
}

// tell calls each node that runs.
func (p *processes) tell(call func(testnet.File, testnet.Member, testnet.Node) error) error {
	f := p.net.File()
	for _, m := range f.Nodes {
		if m.PID == 0 {
			continue
		}
		n, err := p.net.Connect(m)
		if err == nil {
			err = call(f, m, n)
		}
		if err != nil {
			return fmt.Errorf("node %d: %w", m.Node, err)
		}
	}
	return nil
}

func (p *processes) patience() time.Duration { return most }
func (p *processes) pause()                  { time.Sleep(10 * time.Millisecond) }
