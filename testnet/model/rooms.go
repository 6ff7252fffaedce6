package model

import (
	"math/bits"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/p2p/gossip"
)

// rooms stand in for ledger and pool behind one node: the simplest that are
// right. What they hold are bits, for the things themselves are shared.
type rooms struct {
	w     *world
	have  bitset // bodies, by block
	whole bitset // of these, those whose ancestors are all there
	tip   *block
	pool  bitset // by transaction
	mined bitset // in the active chain
}

// newRooms begin at a block that all have.
func newRooms(w *world, tip *block) rooms {
	r := rooms{w: w, tip: tip}
	for b := tip; b != nil; b = b.parent {
		r.have.set(b.i)
		r.whole.set(b.i)
	}
	return r
}

// judgeBlock is the ledger: the events that a body causes, the verdict last.
func (r *rooms) judgeBlock(j gossip.JudgeBlock, moved func(*block)) []gossip.Event {
	b := r.w.byHash[j.Node.Hash]
	if !b.same(j.Block) {
		return []gossip.Event{gossip.BlockVerdict{Node: b.node, Err: &chain.RuleError{Rule: chain.ErrBadMerkleRoot, Mutated: true}}}
	}
	if r.have.has(b.i) {
		return []gossip.Event{gossip.BlockVerdict{Node: b.node, Err: chain.ErrDuplicate}}
	}
	r.have.set(b.i)
	var evs []gossip.Event
	before := r.tip
	if best := r.grow(b); best != before {
		evs = r.move(best, moved)
	}
	evs = append(evs, gossip.BodyStored{Node: b.node})
	if r.tip != before {
		evs = append(evs, gossip.TipChanged{Tip: r.tip.node})
	}
	var err error
	if !b.node.IsAncestorOf(r.tip.node) {
		err = chain.ErrInconclusive
	}
	return append(evs, gossip.BlockVerdict{Node: b.node, Err: err})
}

// grow notes what is whole now that b is here, and gives the best of it.
func (r *rooms) grow(b *block) *block {
	best := r.tip
	if !r.whole.has(b.parent.i) {
		return best
	}
	for row := []*block{b}; len(row) > 0; row = row[1:] {
		b := row[0]
		r.whole.set(b.i)
		if b.node.Work.Cmp(best.node.Work) > 0 {
			best = b
		}
		for _, kid := range b.kids {
			if r.have.has(kid.i) {
				row = append(row, kid)
			}
		}
	}
	return best
}

// move takes the verified tip to another block, and gives what changed in the pool.
func (r *rooms) move(to *block, moved func(*block)) (evs []gossip.Event) {
	fork := r.w.byHash[chain.Fork(r.tip.node, to.node).Hash]
	var up, back []*block
	for b := to; b != fork; b = b.parent {
		up = append(up, b)
	}
	slices.Reverse(up)
	for b := r.tip; b != fork; b = b.parent {
		back = append(back, b)
		for _, i := range b.txs {
			r.mined.clear(int(i))
		}
	}
	for _, b := range up {
		for _, i := range b.txs {
			r.mined.set(int(i))
			if r.pool.has(int(i)) {
				r.pool.clear(int(i))
				evs = append(evs, gossip.TxOut{PoolGone: chain.PoolGone{Tx: r.w.txs[i].tx, Why: chain.GoneConfirmed}})
			}
		}
	}
	for _, b := range slices.Backward(back) { // oldest first
		for _, i := range b.txs {
			if !r.mined.has(int(i)) && !r.pool.has(int(i)) {
				evs = append(evs, r.admit(i))
			}
		}
	}
	r.tip = to
	for _, b := range up {
		moved(b)
	}
	return evs
}

// satPerByte is what every transaction pays: well above the least.
const satPerByte = 10

func (r *rooms) admit(i int32) gossip.Event {
	r.pool.set(int(i))
	t := r.w.txs[i].tx
	return gossip.TxIn{PoolTx: chain.PoolTx{Tx: t, Fee: satPerByte * btcutil.Amount(t.Size)}}
}

// judgeTx is the pool. taken is the number of the transaction if it entered, else -1.
func (r *rooms) judgeTx(t *chain.Tx) (evs []gossip.Event, taken int32) {
	i, known := r.w.byID[t.ID]
	if !known {
		return []gossip.Event{gossip.TxVerdict{Tx: t, Err: chain.Refused("bad-txns-inputs-missingorspent", "nobody made it")}}, -1
	}
	if r.knows(i) {
		return []gossip.Event{gossip.TxVerdict{Tx: t, Err: chain.Refused("txn-already-known", "")}}, -1
	}
	if p := r.w.txs[i].parent; p >= 0 && !r.knows(p) {
		return []gossip.Event{gossip.TxVerdict{Tx: t, Err: &chain.MissingError{Parents: []chain.Hash{r.w.txs[p].tx.ID}}}}, -1
	}
	return []gossip.Event{r.admit(i), gossip.TxVerdict{Tx: t}}, i
}

// knows says whether a transaction is in the pool or the chain.
func (r *rooms) knows(i int32) bool { return r.pool.has(int(i)) || r.mined.has(int(i)) }

// choose lists the pool for a block, parents first.
func (r *rooms) choose() (txs []int32) {
	for w, word := range r.pool {
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
