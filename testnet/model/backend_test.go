package model

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip"
)

// mirror follows the events of a backend as gossip does.
type mirror struct {
	pool map[chain.Hash]bool
	tip  *chain.HeaderNode
}

func (m *mirror) follow(t *testing.T, evs []gossip.Event) (verdict error) {
	t.Helper()
	for _, ev := range evs {
		switch ev := ev.(type) {
		case gossip.TxIn:
			if m.pool[ev.Tx.ID] {
				t.Error("a transaction entered twice")
			}
			m.pool[ev.Tx.ID] = true
		case gossip.TxOut:
			if !m.pool[ev.Tx.ID] {
				t.Error("a transaction left that was not there")
			}
			delete(m.pool, ev.Tx.ID)
		case gossip.TipChanged:
			m.tip = ev.Tip
		case gossip.BlockVerdict:
			verdict = ev.Err
		case gossip.TxVerdict:
			verdict = ev.Err
		}
	}
	return verdict
}

// Random trees of blocks in random order: the tip is always the best chain
// whose bodies are all there, and pool and chain share no transaction.
func TestBackendAgainstTheNaiveRule(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 5))
		w := newWorld(false)
		for i := range 12 {
			w.spend(tx{Parent: int32(r.IntN(i+1)) - 1}, 200)
		}
		for range 15 {
			parent := w.Blocks[1+r.IntN(len(w.Blocks)-1)]
			w.Mine(parent, 0, 0, fresh(w, parent, r))
		}
		be := newBackend(w, w.Blocks[1])
		m := &mirror{pool: map[chain.Hash]bool{}, tip: w.Blocks[1].Node}
		have := map[*block]bool{}
		for _, i := range r.Perm(len(w.Blocks) - 2) {
			if k := r.IntN(len(w.Txs)); r.IntN(2) == 0 {
				evs, _ := be.validateTx(w.Txs[k].Tx)
				m.follow(t, evs)
			}
			b := w.Blocks[i+2]
			have[b] = true
			j := p2p.ValidateBlock{Node: b.Node, Block: b.Body}
			m.follow(t, be.validateBlock(j, func(*block) {}))
			if err := m.follow(t, be.validateBlock(j, func(*block) {})); !errors.Is(err, chain.ErrDuplicate) {
				t.Fatalf("seed %d: the same block again: %v", seed, err)
			}
			check(t, w, &be, m, have)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// fresh picks transactions that a block on the parent may hold.
func fresh(w *world, parent *block, r *rand.Rand) (txs []int32) {
	mined := map[int32]bool{}
	for b := parent; b != nil; b = b.Parent {
		for _, i := range b.Txs {
			mined[i] = true
		}
	}
	for i, x := range w.Txs {
		ready := x.Parent < 0 || mined[x.Parent] || slices.Contains(txs, x.Parent)
		if !mined[int32(i)] && ready && r.IntN(4) == 0 {
			txs = append(txs, int32(i))
		}
	}
	return txs
}

func check(t *testing.T, w *world, be *backend, m *mirror, have map[*block]bool) {
	t.Helper()
	whole := func(b *block) bool {
		for ; b.I > 1; b = b.Parent {
			if !have[b] {
				return false
			}
		}
		return true
	}
	for _, b := range w.Blocks {
		if whole(b) && b.Node.Work.Cmp(be.Tip.Node.Work) > 0 {
			t.Errorf("the tip is at %d, a whole chain reaches %d", be.Tip.Node.Height, b.Node.Height)
		}
	}
	if m.tip != be.Tip.Node || len(m.pool) != be.Pool.count() {
		t.Errorf("events tell of another tip or pool: %d, %d", len(m.pool), be.Pool.count())
	}
	mined := map[int32]bool{}
	for b := be.Tip; b != nil; b = b.Parent {
		for _, i := range b.Txs {
			mined[i] = true
		}
	}
	for i, x := range w.Txs {
		if mined[int32(i)] != be.Mined.Has(i) || m.pool[x.Tx.ID] && mined[int32(i)] {
			t.Errorf("transaction %d: mined %v, in the pool %v", i, mined[int32(i)], m.pool[x.Tx.ID])
		}
	}
}

func TestAForgedBodyIsKnown(t *testing.T) {
	w := newWorld(false)
	b := w.Mine(w.Blocks[1], 0, 0, nil)
	be := newBackend(w, w.Blocks[1])
	forged := *b.Body
	forged.Txs = append(slices.Clone(forged.Txs), forged.Txs[0])
	evs := be.validateBlock(p2p.ValidateBlock{Node: b.Node, Block: &forged}, func(*block) {})
	var broken *chain.RuleError
	if v, ok := evs[0].(gossip.BlockVerdict); !ok || !errors.As(v.Err, &broken) || !broken.Mutated || be.Tip == b {
		t.Errorf("%v", evs)
	}
}
