package rpc

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/jsonrpc"
)

// shelf is a ledger of six blocks that stands at one height and has the bodies
// up to another.
type shelf struct {
	nodes []*chain.HeaderNode
	tip   atomic.Int32
	have  int
	bad   bool
}

func newShelf(tip, have int) *shelf {
	s := &shelf{nodes: []*chain.HeaderNode{chain.RegTest().Genesis()}, have: have}
	s.tip.Store(int32(tip))
	for range 6 {
		last := s.nodes[len(s.nodes)-1]
		s.nodes = append(s.nodes, chain.NewHeaderNode(last, wire.BlockHeader{PrevBlock: last.Hash, Bits: 0x207fffff}))
	}
	return s
}

func (s *shelf) Tip() *chain.HeaderNode  { return s.nodes[s.tip.Load()] }
func (s *shelf) Goal() *chain.HeaderNode { return s.nodes[s.have] }

func (s *shelf) Lookup(h chain.Hash) (*chain.HeaderNode, ledger.Status, bool) {
	for _, n := range s.nodes {
		if n.Hash == h {
			st := ledger.HaveBody
			if s.bad && n.Height > s.tip.Load() {
				st |= ledger.Invalid
			}
			return n, st, true
		}
	}
	return nil, 0, false
}

func TestNodeIsWarmWhenItStandsWhereItStood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(2, 5)
		w := newWarmUp(s, nil)
		if w.target.Height != 5 {
			t.Fatalf("target %d", w.target.Height)
		}
		start := time.Now()
		e, ok := errors.AsType[*jsonrpc.Error](w.wait(t.Context()))
		if !ok || e.Code != -28 || e.Message != "Replaying blocks… 2 of 5" || time.Since(start) != warmPatience {
			t.Errorf("while cold: %v after %v", e, time.Since(start))
		}
		go func() {
			time.Sleep(300 * time.Millisecond)
			s.tip.Store(5)
		}()
		start = time.Now()
		if err := w.wait(t.Context()); err != nil || time.Since(start) > 400*time.Millisecond {
			t.Errorf("got warm: %v after %v", err, time.Since(start))
		}
		s.tip.Store(1) // a reorganisation later on does not make it cold again
		if err := w.wait(t.Context()); err != nil {
			t.Errorf("once warm: %v", err)
		}
	})
}

func TestNodeIsWarmAtOnce(t *testing.T) {
	for name, s := range map[string]*shelf{"nothing above the tip": newShelf(3, 3), "headers only": newShelf(0, 0), "all done": newShelf(6, 6)} {
		if err := newWarmUp(s, nil).wait(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadStoredBlocksDoNotKeepANodeCold(t *testing.T) {
	s := newShelf(2, 5)
	w := newWarmUp(s, nil)
	s.bad = true
	if err := w.wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWhoHangsUpDoesNotWaitForWarmth(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newWarmUp(newShelf(2, 5), nil).wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// slowPool is loaded when somebody says so.
type slowPool struct{ atomic.Bool }

func (p *slowPool) Loaded() bool { return p.Load() }

// Until the pool's file is read the balance would be too low: the node is not warm.
func TestNodeIsWarmWhenThePoolIsLoaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, pool := newShelf(2, 5), &slowPool{}
		w := newWarmUp(s, pool)
		s.tip.Store(5)
		start := time.Now()
		e, ok := errors.AsType[*jsonrpc.Error](w.wait(t.Context()))
		if !ok || e.Code != -28 || e.Message != "Loading the pool of the last run…" || time.Since(start) != warmPatience {
			t.Errorf("while the pool is loaded: %v after %v", e, time.Since(start))
		}
		go func() {
			time.Sleep(300 * time.Millisecond)
			pool.Store(true)
		}()
		start = time.Now()
		if err := w.wait(t.Context()); err != nil || time.Since(start) > 400*time.Millisecond {
			t.Errorf("got warm: %v after %v", err, time.Since(start))
		}
	})
}
