package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// soaked is a network that a random player handles by the command line.
type soaked struct {
	t    *testing.T
	home string
	rng  *rand.Rand
	said []string // what was done, for who reads a failure
}

// do runs a command that may fail, for it may make no sense just now, but must never
// hang, and never say that it failed without saying why. Sometimes it is killed.
func (s *soaked) do(line string) said {
	s.t.Helper()
	s.said = append(s.said, line)
	cmd := command(s.t, s.home, strings.Fields(line)...)
	if s.rng.IntN(8) == 0 && strings.HasPrefix(line, "testnet ") {
		s.said[len(s.said)-1] += " (killed)"
		if err := cmd.Start(); err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(time.Duration(s.rng.IntN(120)) * time.Millisecond)
		cmd.Process.Signal(syscall.SIGKILL)
		cmd.Wait()
		return said{}
	}
	out := run(s.t, cmd)
	if out.status != 0 && !strings.HasPrefix(out.err, "grapevine: ") {
		s.t.Fatalf("%s: %+v", line, out)
	}
	return out
}

// play makes one move.
func (s *soaked) play(nodes int) {
	n, m := s.rng.IntN(nodes), s.rng.IntN(nodes)
	switch s.rng.IntN(12) {
	case 0:
		s.do("testnet cut 0,1/2,3")
	case 1:
		s.do(fmt.Sprintf("testnet cut %d-%d --one-way", n, m))
	case 2:
		s.do("testnet heal")
	case 3:
		s.do(fmt.Sprintf("testnet link %d-%d --latency %dms --jitter 2ms --loss 6/m", n, m, 2+s.rng.IntN(20)))
	case 4:
		// Never more than an hour: after two, what was mined then is refused by newcomers
		// when the time is real again.
		f, _ := process.ReadFile(filepath.Join(s.home, ".grapevine", "testnet"))
		s.do([]string{"testnet clock +20m", "testnet clock real"}[min(1, f.Ahead/2400+s.rng.Int64N(2))])
	case 5:
		s.do(fmt.Sprintf("testnet reorg %d --node %d", 1+s.rng.IntN(4), n))
	case 6:
		s.do(fmt.Sprintf("testnet kill %d", n))
	case 7:
		s.do(fmt.Sprintf("testnet start %d", n))
	case 8:
		s.do("testnet snapshot soak")
	case 9:
		s.do("testnet restore soak")
	case 10:
		s.do(fmt.Sprintf("mine %d --node %d", 1+s.rng.IntN(5), n))
	case 11:
		if to := s.do(fmt.Sprintf("wallet address --node %d", m)); to.status == 0 && to.out != "" {
			s.do(fmt.Sprintf("wallet send %s 0.%d --node %d", strings.TrimSpace(to.out), 1+s.rng.IntN(9), n))
		}
	}
}

// whole makes the network whole again, whatever was done to it, and says what does not
// hold.
func (s *soaked) whole() error {
	s.t.Helper()
	dir := filepath.Join(s.home, ".grapevine", "testnet")
	var err error
	allUp(s.t, s.home)
	ok(s.t, s.home, "testnet", "heal")
	ok(s.t, s.home, "testnet", "link", "all", "--clear")
	// Two blocks at one height are a draw, which only a further one ends; it is of whoever
	// has most.
	high := heights(s.t, s.home)
	ok(s.t, s.home, "mine", "1", "--node", fmt.Sprint(slices.Index(high, slices.Max(high))))
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if err = s.holds(dir); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// holds is what must hold at the end.
func (s *soaked) holds(dir string) error {
	f, err := process.ReadFile(dir)
	if err != nil {
		return err
	}
	var all []testnet.Snapshot
	for _, m := range f.Nodes {
		cl, err := cli.DialMember(m)
		if err != nil {
			return err
		}
		defer cl.Close()
		one, err := testnet.Inspect(s.t.Context(), m.Node, cl)
		if err == nil {
			err = testnet.Disjoint(s.t.Context(), m.Node, cl, 20)
		}
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	return testnet.Agree(all)
}

// A network is cut, healed, slowed, its clocks are moved, its chain gives way, its nodes are
// killed, it is kept and brought back, in any order, and the commands themselves are killed
// now and then: made whole, it agrees, each time. `make soak` plays longer.
func TestWhatMustHoldHoldsWhateverIsDoneToANetwork(t *testing.T) {
	home := t.TempDir()
	raised(t, home, "--nodes", "4")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	s := &soaked{t: t, home: home, rng: rand.New(rand.NewPCG(seed, 0))}
	for round := range rounds(t) {
		s.said = nil
		for range 4 {
			s.play(4)
		}
		if err := s.whole(); err != nil {
			for node := range 4 {
				number := fmt.Sprint(node)
				t.Logf("node %d: %s%s%s", node, gv(t, home, "rpc", "getchaintips", "--node", number).out, gv(t, home, "testnet", "clock", "--json").out,
					lastOf(t, filepath.Join(home, ".grapevine", "testnet", "node"+number, "node.log")))
			}
			t.Fatalf("round %d: %v\nafter:\n  %s", round, err, strings.Join(s.said, "\n  "))
		}
	}
	ok(t, home, "testnet", "down")
	for node := range 4 {
		ok(t, home, "db", "check", "--datadir", filepath.Join(home, ".grapevine", "testnet", fmt.Sprintf("node%d", node)))
	}
}
