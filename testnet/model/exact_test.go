package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"runtime"
	"sync"
	"testing"
	"time"

	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/msg"
)

// scribe writes down all that a node hears and does, messages to the last byte.
type scribe struct {
	machine
	node int
	to   hash.Hash
}

func (s *scribe) write(at time.Time, x any) {
	fmt.Fprintf(s.to, "%d %d %s\n", at.UnixNano(), s.node, show(x))
	var raw []byte
	var err error
	switch x := x.(type) {
	case gossip.Message:
		_, raw, err = msg.Encode(x.Msg)
	case p2p.Send:
		if x.Peer != 0 {
			_, raw, err = msg.Encode(x.Msg)
		}
	}
	s.to.Write(raw)
	if err != nil {
		fmt.Fprintln(s.to, err)
	}
}

func (s *scribe) Step(now time.Time, ev gossip.Event) []p2p.Action {
	s.write(now, ev)
	acts := s.machine.Step(now, ev)
	for _, a := range acts {
		s.write(now, a)
	}
	return acts
}

// written is the hash of the log of all nodes.
func written(t testing.TB, seed int) string {
	cfg := mix(uint64(seed))
	to := sha256.New()
	cfg.spoil = func(n int, m machine) machine { return &scribe{m, n, to} }
	mustRun(t, cfg)
	return hex.EncodeToString(to.Sum(nil))
}

// The same seed gives the same run: the same log of every node's events and
// actions to the byte, alone on one processor or beside others on all.
func TestRunsAreExactBySeed(t *testing.T) {
	const seeds = 5
	var sums [2][seeds]string
	for round, procs := range [2]int{1, runtime.NumCPU()} {
		before := runtime.GOMAXPROCS(procs)
		var all sync.WaitGroup
		for seed := range seeds {
			all.Go(func() { sums[round][seed] = written(t, seed) })
		}
		all.Wait()
		runtime.GOMAXPROCS(before)
	}
	for seed := range seeds {
		if sums[0][seed] != sums[1][seed] {
			t.Errorf("seed %d: two runs have different logs", seed)
		}
	}
	if sums[0][0] == sums[0][1] {
		t.Error("two seeds have the same log")
	}
	// To compare builds: go test -run Exact -v with another GOARCH, GOAMD64 or Go.
	t.Logf("%x", sha256.Sum256(fmt.Append(nil, sums[0])))
}
