package notify

import (
	"cmp"
	"encoding/binary"
	"slices"

	"grapevine/chain"
)

// Moved tells of a move of the tip and of what the pool made of it, in Core's order: blocks
// that left, what left and entered the pool, blocks that came, and last the new tip. While
// the node catches up with the chain (initial), the tip is not told [UpdatedBlockTip], blocks and
// transactions are. Only one goroutine may call Moved and Pool.
func (p *Publisher) Moved(d chain.Delta, pd chain.PoolDelta, initial bool) {
	if p == nil {
		return
	}
	for _, l := range d.Disconnected { // [BlockDisconnected]
		p.block(l, 'D')
	}
	p.Pool(pd)
	for _, l := range d.Connected { // [BlockConnected]
		p.block(l, 'C')
	}
	if len(d.Connected) == 0 || initial {
		return
	}
	tip := d.Connected[len(d.Connected)-1].Block
	for _, n := range p.notifiers {
		switch n.Topic {
		case hashBlock:
			n.publish(shown(tip.Hash))
		case rawBlock:
			n.publish(tip.Raw)
		}
	}
}

func (p *Publisher) block(l chain.Linked, label byte) {
	for _, tx := range l.Block.Txs {
		p.tx(tx)
	}
	p.sequence(l.Node.Hash, label, 0)
}

// Pool tells of what left and entered the pool, in the order in which that happened. What
// left for a block is told by the block alone.
func (p *Publisher) Pool(pd chain.PoolDelta) {
	if p == nil {
		return
	}
	type change struct {
		at    uint64
		tx    *chain.Tx
		label byte
	}
	var all []change
	for _, out := range pd.Out { // [TransactionRemovedFromMempool]
		if out.Why != chain.GoneConfirmed {
			all = append(all, change{out.Sequence, out.Tx, 'R'})
		}
	}
	for _, in := range pd.In { // [TransactionAddedToMempool]
		all = append(all, change{in.Sequence, in.Tx, 'A'})
	}
	slices.SortStableFunc(all, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	for _, c := range all {
		if c.label == 'A' {
			p.tx(c.tx)
		}
		p.sequence(c.tx.ID, c.label, c.at)
	}
}

func (p *Publisher) tx(tx *chain.Tx) {
	for _, n := range p.notifiers {
		switch n.Topic {
		case hashTx:
			n.publish(shown(tx.ID))
		case rawTx:
			n.publish(tx.Raw())
		}
	}
}

// sequence tells of a block (at is 0) or of the pool's change number at [SendSequenceMsg].
func (p *Publisher) sequence(hash chain.Hash, label byte, at uint64) {
	for _, n := range p.notifiers {
		if n.Topic != sequence {
			continue
		}
		body := append(shown(hash), label)
		if at != 0 {
			body = binary.LittleEndian.AppendUint64(body, at)
		}
		n.publish(body)
	}
}

// shown is a hash as people write it.
func shown(h chain.Hash) []byte {
	b := slices.Clone(h[:])
	slices.Reverse(b)
	return b
}
