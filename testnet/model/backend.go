package model

import (
	"math/bits"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip"
)

// backend stands in for ledger and pool behind one node: the simplest that is
// right. What it holds are bits, for the things themselves are shared.
type backend struct {
	w     *world
	Have  bitset // bodies, by block
	Whole bitset // of these, those whose ancestors are all there
	Tip   *block
	Pool  bitset // by transaction
	Mined bitset // in the active chain
}

// newBackend begins at a block that all have.
func newBackend(w *world, tip *block) backend {
	r := backend{w: w, Tip: tip}
	for b := tip; b != nil; b = b.Parent {
		r.Have.set(b.I)
		r.Whole.set(b.I)
	}
	return r
}

// validateBlock is the ledger: the events that a body causes, the verdict last.
func (r *backend) validateBlock(j p2p.ValidateBlock, moved func(*block)) []gossip.Event {
	b := r.w.ByHash[j.Node.Hash]
	if !b.same(j.Block) {
		return []gossip.Event{gossip.BlockVerdict{Node: b.Node, Err: &chain.RuleError{Rule: chain.ErrBadMerkleRoot, Mutated: true}}}
	}
	if r.Have.Has(b.I) {
		return []gossip.Event{gossip.BlockVerdict{Node: b.Node, Err: chain.ErrDuplicate}}
	}
	r.Have.set(b.I)
	var evs []gossip.Event
	before := r.Tip
	if best := r.grow(b); best != before {
		evs = r.move(best, moved)
	}
	evs = append(evs, gossip.BodyStored{Node: b.Node})
	if r.Tip != before {
		evs = append(evs, gossip.TipChanged{Tip: r.Tip.Node})
	}
	var err error
	if !b.Node.IsAncestorOf(r.Tip.Node) {
		err = chain.ErrInconclusive
	}
	return append(evs, gossip.BlockVerdict{Node: b.Node, Err: err})
}

// grow notes what is whole now that b is here, and gives the best of it.
func (r *backend) grow(b *block) *block {
	best := r.Tip
	if !r.Whole.Has(b.Parent.I) {
		return best
	}
	for row := []*block{b}; len(row) > 0; row = row[1:] {
		b := row[0]
		r.Whole.set(b.I)
		if b.Node.Work.Cmp(best.Node.Work) > 0 {
			best = b
		}
		for _, kid := range b.Kids {
			if r.Have.Has(kid.I) {
				row = append(row, kid)
			}
		}
	}
	return best
}

// move takes the verified tip to another block, and gives what changed in the pool.
func (r *backend) move(to *block, moved func(*block)) (evs []gossip.Event) {
	fork := r.w.ByHash[chain.Fork(r.Tip.Node, to.Node).Hash]
	var up, back []*block
	for b := to; b != fork; b = b.Parent {
		up = append(up, b)
	}
	slices.Reverse(up)
	for b := r.Tip; b != fork; b = b.Parent {
		back = append(back, b)
		for _, i := range b.Txs {
			r.Mined.clear(int(i))
		}
	}
	for _, b := range up {
		for _, i := range b.Txs {
			r.Mined.set(int(i))
			if r.Pool.Has(int(i)) {
				r.Pool.clear(int(i))
				evs = append(evs, gossip.TxOut{PoolGone: chain.PoolGone{Tx: r.w.Txs[i].Tx, Why: chain.GoneConfirmed}})
			}
		}
	}
	for _, b := range slices.Backward(back) { // oldest first
		for _, i := range b.Txs {
			if !r.Mined.Has(int(i)) && !r.Pool.Has(int(i)) {
				evs = append(evs, r.admit(i))
			}
		}
	}
	r.Tip = to
	for _, b := range up {
		moved(b)
	}
	return evs
}

// satPerByte is what every transaction pays: well above the least.
const satPerByte = 10

func (r *backend) admit(i int32) gossip.Event {
	r.Pool.set(int(i))
	t := r.w.Txs[i].Tx
	return gossip.TxIn{PoolTx: chain.PoolTx{Tx: t, Fee: satPerByte * btcutil.Amount(t.Size)}}
}

// validateTx is the pool. taken is the number of the transaction if it entered, else -1.
func (r *backend) validateTx(t *chain.Tx) (evs []gossip.Event, taken int32) {
	i, known := r.w.ByID[t.ID]
	if !known {
		return []gossip.Event{gossip.TxVerdict{Tx: t, Err: chain.Refused("bad-txns-inputs-missingorspent", "nobody made it")}}, -1
	}
	if r.knows(i) {
		return []gossip.Event{gossip.TxVerdict{Tx: t, Err: chain.Refused("txn-already-known", "")}}, -1
	}
	if p := r.w.Txs[i].Parent; p >= 0 && !r.knows(p) {
		return []gossip.Event{gossip.TxVerdict{Tx: t, Err: &chain.MissingError{Parents: []chain.Hash{r.w.Txs[p].Tx.ID}}}}, -1
	}
	return []gossip.Event{r.admit(i), gossip.TxVerdict{Tx: t}}, i
}

// knows says whether a transaction is in the pool or the chain.
func (r *backend) knows(i int32) bool { return r.Pool.Has(int(i)) || r.Mined.Has(int(i)) }

// choose lists the pool for a block, parents first.
func (r *backend) choose() (txs []int32) {
	for w, word := range r.Pool {
		for ; word != 0; word &= word - 1 {
			txs = append(txs, int32(64*w+bits.TrailingZeros64(word)))
		}
	}
	return txs
}

// count is how many are in the set.
func (b bitset) count() (n int) {
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}
