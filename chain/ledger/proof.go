package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/coins"
	"grapevine/chain/connect"
)

const (
	// proofAhead blocks above the last proven one are asked for at once.
	proofAhead = 256
	// proofBytes of undo records and coins make the proof write what it has.
	proofBytes = 64 << 20
)

// Messages of the proof to the writer.
type (
	// wantMsg: these bodies are needed, if they are not here.
	wantMsg []*chain.HeaderNode
	// provenMsg: the blocks up to this one were connected, and that is on disk.
	provenMsg struct{ at *chain.HeaderNode }
	// proofMsg: the snapshot is proven, or err says why not.
	proofMsg struct{ err error }
)

// proof connects the blocks below a snapshot to the coins that were here before it, one after the other. It has a
// goroutine of its own, and changes nothing of the writer's but by messages.
type proof struct {
	l       *Ledger
	workers *connect.Workers
	base    *chain.HeaderNode
	at      *chain.HeaderNode // the last block connected
	sum     chain.Hash        // of the snapshot's coins
	set     *coins.Set
	rules   connect.Connector
	undo    map[uint32][]byte // of connected blocks, by body; not written yet
	bytes   int64             // of undo
	wanted  int32             // the highest block that was asked for
}

// prove proves each snapshot that is loaded, until ctx ends.
func (l *Ledger) prove(ctx context.Context, workers *connect.Workers) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.unproven:
		}
		p, err := l.newProof(workers)
		if err == nil {
			err = errors.Join(p.run(ctx), p.save())
		}
		if ctx.Err() != nil && err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = p.compare(ctx)
		}
		if ctx.Err() == nil {
			l.inbox.put(proofMsg{err})
		}
	}
}

func (l *Ledger) newProof(workers *connect.Workers) (*proof, error) {
	marks, err := l.archive.Marks()
	if err != nil {
		return nil, err
	}
	base, at := l.tree.unproven()
	p := &proof{l: l, workers: workers, base: base, at: at, sum: marks.Snapshot.Sum, undo: map[uint32][]byte{}}
	p.set = coins.NewSet(l.cfg.DB, marks.Place.Other(), at)
	p.rules = connect.Connector{Params: l.cfg.Params, Overlay: coins.NewOverlay(),
		Fetch: func(ops []wire.OutPoint, into []coins.Found) error { return p.set.Fetch(ops, into, nil) }}
	return p, nil
}

// run takes blocks back that are beside the snapshot's chain, and connects those up to its block. It is
// nil too when ctx ends.
func (p *proof) run(ctx context.Context) error {
	for p.at != p.base && ctx.Err() == nil {
		var err error
		if p.at.IsAncestorOf(p.base) {
			err = p.connect(ctx, p.base.Ancestor(p.at.Height+1))
		} else {
			err = p.disconnect()
		}
		if err == nil && p.due() {
			err = p.save()
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// connect connects the next block once its body is here [ConnectTip].
func (p *proof) connect(ctx context.Context, n *chain.HeaderNode) error {
	e, b, err := p.body(ctx, n)
	if err != nil {
		return err
	}
	effect, err := p.rules.Connect(n, b, uint64(n.Height))
	if err != nil {
		return p.broken(n, err)
	}
	type end struct {
		connect.Result
		err error
	}
	done := make(chan end, 1)
	job := &connect.Job{Block: b, Spent: effect.Spent, Checker: p.l.cfg.Script, Flags: effect.Flags, Skip: p.l.assumed(e),
		Params: p.l.cfg.Params, Height: n.Height, Done: func(r connect.Result, err error) { done <- end{r, err} }}
	job.Start(p.workers)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case r := <-done:
		if r.err != nil {
			return p.broken(n, r.err)
		}
		body, _ := p.l.tree.bodyOf(n.Hash)
		p.undo[body] = r.Undo
		p.bytes += int64(len(r.Undo))
	}
	p.moved(n, effect.Changes, uint64(n.Height))
	return nil
}

// disconnect takes the last block back: the chain that was here is not the snapshot's [DisconnectTip].
func (p *proof) disconnect() error {
	e, _ := p.l.tree.entry(p.at.Hash)
	b, err := p.l.readBlock(e)
	if err != nil {
		return err
	}
	spent, err := p.l.readUndo(e, b)
	if err != nil {
		return err
	}
	changes, err := p.rules.Disconnect(b, spent, uint64(p.at.Height))
	if err != nil {
		return err
	}
	p.moved(p.at.Parent, changes, uint64(p.at.Height))
	return nil
}

func (p *proof) moved(to *chain.HeaderNode, changes []coins.Change, number uint64) {
	p.set.Apply(to, changes)
	p.rules.Overlay.Forget(changes, number)
	p.at = to
}

// broken says that the blocks below the snapshot break a rule: no such coin set can be.
func (p *proof) broken(n *chain.HeaderNode, err error) error {
	if !isRule(err) {
		return err
	}
	p.l.cfg.Log.Error("a block below the snapshot is invalid", "block", n.Hash, "height", n.Height, "err", err)
	p.rules.Overlay.Reset()
	return p.isFalse()
}

// isFalse is what is said of a snapshot that the blocks do not make [MaybeCompleteSnapshotValidation].
func (p *proof) isFalse() error {
	return fmt.Errorf("%w: its coins are thrown away, and the chain goes back from height %d to %d. On the next restart, the node will resume syncing from %d without using any snapshot data; ask who made the snapshot",
		ErrFalseSnapshot, p.l.Tip().Height, p.at.Height, p.at.Height)
}

// body waits for a block's body, and has those that follow it asked for.
func (p *proof) body(ctx context.Context, n *chain.HeaderNode) (*entry, *chain.Block, error) {
	e, _ := p.l.tree.entry(n.Hash)
	for {
		if last := min(n.Height+proofAhead, p.base.Height); p.wanted < min(n.Height+proofAhead/2, p.base.Height) {
			p.want(max(n.Height, p.wanted+1), last)
		}
		b, err := p.l.readBlock(e)
		if err == nil || !isGone(err) {
			return e, b, err
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-p.l.bodyCame:
		}
	}
}

func (p *proof) want(from, to int32) {
	var m wantMsg
	for h := from; h <= to; h++ {
		m = append(m, p.base.Ancestor(h))
	}
	p.wanted = to
	p.l.inbox.put(m)
}

// due says whether there is so much to write that it should be.
func (p *proof) due() bool {
	entries, bytes := p.set.Pending()
	return entries >= p.l.archive.FlushLimit() || bytes+p.bytes >= proofBytes || len(p.undo) >= flushBlocks
}

// save writes what was connected since the last time, in one transaction, once its bodies are on disk.
func (p *proof) save() error {
	if err := p.l.archive.Sync(context.Background()); err != nil { // the committer ends after us
		return err
	}
	e, _ := p.l.tree.entry(p.at.Hash)
	base, _ := p.l.tree.entry(p.base.Hash)
	p.set.Freeze()
	if err := p.l.archive.SaveProof(p.set, archive.Snapshot{Base: base.Num, At: e.Num, Sum: p.sum}, p.undo); err != nil {
		return fmt.Errorf("write chain file: %w", err)
	}
	p.set.Written()
	p.undo, p.bytes = map[uint32][]byte{}, 0
	p.l.inbox.put(provenMsg{p.at})
	return nil
}

// compare says whether the blocks make the coins that the snapshot had, and ends the proof if they do.
func (p *proof) compare(ctx context.Context) error {
	s, _, err := p.l.archive.ProofStats(ctx, p.l.cfg.Workers, coins.Hashes{Serialized3: true})
	switch {
	case err != nil:
		return err
	case s.Serialized3 != p.sum:
		p.l.cfg.Log.Error("the blocks make other coins than the snapshot had", "block", p.base.Hash, "hash", s.Serialized3, "snapshot", p.sum)
		return p.isFalse()
	}
	return p.l.archive.EndProof()
}

// onProof takes what the proof says.
func (w *writer) onProof(item any) error {
	switch m := item.(type) {
	case wantMsg:
		w.out.close() // what was said of them before comes before
		for _, n := range m {
			if !w.entryOf(n).has() {
				w.out.current.Lost = append(w.out.current.Lost, n)
			}
		}
	case provenMsg:
		for _, e := range w.tree.prove(m.at) {
			w.archive.SaveHeader(e.Num, e.record())
		}
		w.log.Info("the proof of the snapshot goes on", "height", m.at.Height, "of", w.tree.base.Node.Height)
	case proofMsg:
		w.proved = m.err == nil
		return m.err
	}
	return nil
}

// prove notes how far the proof is, and returns the blocks that are valid by it.
func (t *tree) prove(at *chain.HeaderNode) (changed []*entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.proven = t.headers.Find(at.Hash)
	for e := t.proven; e != nil && !e.valid; e = e.Parent {
		e.valid = true
		changed = append(changed, e)
	}
	t.recount()
	return changed
}

// settleProof ends the time after a snapshot once it is proven and nothing is on its way: the
// indexes are filled, and branches count that leave below it.
func (w *writer) settleProof(ctx context.Context) error {
	if !w.proved || !w.still() {
		return nil
	}
	w.log.Info("the snapshot is proven: the blocks make its coins", "block", w.tree.base.Node.Hash, "height", w.tree.base.Node.Height)
	w.proved = false
	w.tree.mu.Lock()
	w.tree.base, w.tree.proven = nil, nil
	w.tree.mu.Unlock()
	if err := w.l.catchUp(ctx); err != nil {
		return err
	}
	w.tree.proposeAll()
	return w.advance()
}
