package mempool

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Apply follows a move of the tip: what is confirmed and what conflicts with
// it goes; what a reorganisation took out of the chain comes back, oldest
// first; then goes what is no longer final or mature, with all that build on
// it; then the size limit holds.
//
// The coin set may be ahead of d by moves that will be applied next. What is
// checked against it here is then checked for the later tip; the moves that
// follow put right what differs.
//
// Only the writer may call it.
func (p *Pool) Apply(d chain.Delta) chain.PoolDelta {
	var c change
	p.takeConfirmed(d.Connected, &c)
	if len(d.Disconnected) > 0 {
		p.giveBack(d, &c)
		p.sweep(&c)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(d.Connected)+len(d.Disconnected) == 0 && d.Tip != nil {
		p.dropAll(&c)
	}
	p.tip = d.Tip
	if len(d.Connected) > 0 {
		p.floor.block(p.cfg.Now(), p.full())
	}
	p.expire(&c)
	p.shrink(&c)
	return c.delta()
}

// takeConfirmed removes what the blocks hold and what stands against it (Core:
// removeForBlock, removeConflicts).
func (p *Pool) takeConfirmed(blocks []chain.Linked, c *change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range blocks {
		p.fees.Block(b.Node.Height, p.takeBlock(b.Block, c))
	}
}

// takeBlock returns which pool transactions the block held.
func (p *Pool) takeBlock(b *chain.Block, c *change) (held []chain.Hash) {
	for _, tx := range b.Txs {
		delete(p.deltas, tx.ID)
		if p.graph.Len() == 0 {
			continue
		}
		if e := p.graph.byTxID(tx.ID); e != nil {
			p.release(e, chain.GoneConfirmed, c)
			held = append(held, tx.ID)
		}
		p.dropConflicts(tx, c)
	}
	return held
}

func (p *Pool) dropConflicts(tx *chain.Tx, c *change) {
	for _, in := range tx.TxIn {
		if e := p.graph.spender(in.PreviousOutPoint); e != nil {
			p.drop(e, chain.GoneConflict, c)
		}
	}
}

// giveBack checks anew the transactions of disconnected blocks, which come
// newest first, and drops from the pool what built on those that fail (Core:
// MaybeUpdateMempoolForReorg).
func (p *Pool) giveBack(d chain.Delta, c *change) {
	confirmed := map[chain.Hash]bool{}
	for _, b := range d.Connected {
		for _, tx := range b.Block.Txs {
			confirmed[tx.ID] = true
		}
	}
	p.readmitAll(d, confirmed, c)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.graph.recount()
	p.dropOverlong(c)
}

// readmitAll brings transactions back, oldest block first. Blocks that are taken
// back by name, with no better branch in their place (invalidateblock), come off
// one by one: what the younger ones held is checked while the older stand, so
// what comes from those is not asked to fit it.
func (p *Pool) readmitAll(d chain.Delta, except map[chain.Hash]bool, c *change) {
	// They go before all that is there: some of it builds on them.
	for _, b := range d.Disconnected {
		p.lastSeq -= int64(len(b.Block.Txs))
	}
	oneByOne := len(d.Connected) == 0
	seq, bytes := p.lastSeq, 0
	on := alone()
	on.returning, on.sibling, on.confirmed = true, false, map[*entry]bool{}
	for i, b := range slices.Backward(d.Disconnected) {
		if oneByOne && i >= maxTakenBack {
			for _, tx := range b.Block.Txs {
				p.dropChildren(tx, c)
			}
			continue
		}
		already := len(c.in)
		if oneByOne {
			on.height = b.Node.Height - 1
		}
		for _, tx := range b.Block.Txs {
			if except[tx.ID] {
				continue
			}
			bytes += tx.Size
			if bytes > maxReturning || !p.readmit(tx, on, seq, c) {
				p.dropChildren(tx, c)
			}
			seq++
		}
		for _, e := range c.in[already:] {
			on.confirmed[e] = oneByOne
		}
	}
}

// maxTakenBack is how many blocks are taken back by name until what was in the older
// ones does not come back: it is too many to be checked one by one [InvalidateBlock].
const maxTakenBack = 10

func (p *Pool) readmit(tx *chain.Tx, on terms, seq int64, c *change) bool {
	if tx.IsCoinbase() {
		return false
	}
	d, err := p.scene(on).check(tx)
	if err != nil {
		p.cfg.Log.Debug("does not come back", "tx", tx.ID, "why", err)
		return false
	}
	e := d.entry
	e.Time, e.Returned = p.cfg.Now(), true
	if own, err := chain.DecodeTx(bytes.Clone(tx.Raw())); err == nil {
		e.Tx = own // tx holds the bytes of its whole block
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e.Seq = seq
	p.admit(e, c)
	p.graph.relink(e)
	return true
}

// dropChildren removes what spends a transaction that is in neither chain nor
// pool any more.
func (p *Pool) dropChildren(tx *chain.Tx, c *change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.graph.byTxID(tx.ID) != nil {
		return
	}
	op := wire.OutPoint{Hash: tx.ID}
	for i := range tx.TxOut {
		op.Index = uint32(i)
		if e := p.graph.spender(op); e != nil {
			p.drop(e, chain.GoneInvalid, c)
		}
	}
}

// dropOverlong removes what has more ancestors than it may, now that its
// parents are unconfirmed again [UpdateTransactionsFromBlock].
func (p *Pool) dropOverlong(c *change) {
	limits := p.cfg.Rules.Chains
	for _, e := range p.graph.ordered() {
		if p.graph.holds(e) && (e.Anc.Count > limits.Ancestors || e.Anc.Size > limits.AncestorSize && e.Anc.Count > 1) {
			p.drop(e, chain.GoneEvicted, c)
		}
	}
}

// sweep removes what the new tip does not admit [removeForReorg].
func (p *Pool) sweep(c *change) {
	s := p.scene(alone())
	for _, e := range p.graph.ordered() { // the writer reads without the lock
		if !p.graph.holds(e) || s.standsStill(e) {
			continue
		}
		p.mu.Lock()
		p.drop(e, chain.GoneInvalid, c)
		p.mu.Unlock()
	}
}

// standsStill says whether an entry is still final and mature on the tip
// [TestLockPointValidity, CheckSequenceLocksAtTip].
func (s *scene) standsStill(e *entry) bool {
	if !chain.IsFinal(e.Tx, s.tip.Height+1, s.tip.MedianTimePast()) {
		return false
	}
	if !e.Coinbase && !e.Relative {
		return true
	}
	d := &draft{tx: e.Tx, coins: make([]chain.Coin, len(e.Tx.TxIn)), found: make([]bool, len(e.Tx.TxIn))}
	for i, in := range e.Tx.TxIn {
		if s.meetParent(d, i, in.PreviousOutPoint) != nil {
			return false
		}
	}
	if err := s.fetch(d); err != nil {
		return false
	}
	if !chain.RelativeLock(e.Tx, d.coins, s.tip).Open(s.tip) {
		return false
	}
	_, err := chain.CheckTxInputs(s.pool.cfg.Params, e.Tx, d.coins, s.tip.Height+1)
	return err == nil
}

// dropAll removes what was judged on other coins: those of a snapshot have taken their place. There
// was nothing when that was asked, but something may have come meanwhile.
func (p *Pool) dropAll(c *change) {
	for _, e := range p.graph.ordered() {
		if p.graph.holds(e) {
			p.drop(e, chain.GoneInvalid, c)
		}
	}
}

func sortLastFirst(entries []*entry) {
	slices.SortFunc(entries, func(a, b *entry) int { return cmp.Compare(b.Seq, a.Seq) })
}
