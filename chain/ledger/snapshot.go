package ledger

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/coins"
)

// A snapshot is a coin set that came as a file, with the word of whoever made it. Its block becomes the
// verified tip at once, and the chain grows from there, while the blocks below are fetched and connected
// to the set that was here before (proof.go). Until that one is found equal:
//
//   - the chain never leaves the snapshot's block, as nobody has what the blocks below spent;
//   - nothing is pruned, and the optional indexes stay where they are;
//   - bodies below that have not come are said to be on their way (ErrNotFound and chain.ErrAwaited).
//
// The file knows both sets (archive.Snapshot), so that a crash at any time leaves the state before or after a step.

// SnapshotRefused says why a snapshot is not loaded, in Core's words [ActivateSnapshot].
type SnapshotRefused struct{ Text string }

func (e *SnapshotRefused) Error() string { return e.Text }

func refuseSnapshot(format string, args ...any) error {
	return &SnapshotRefused{fmt.Sprintf(format, args...)}
}

// errUnproven: what is asked for has to wait.
var errUnproven = errors.New("The coin set was loaded from a snapshot that is not proven yet: the chain cannot go back below its block, and nothing is pruned, until the blocks below have been validated")

// activation is a loaded snapshot on its way through the writer.
type activation struct {
	base  *chain.HeaderNode
	place coins.Place
	stats coins.Stats
	empty func() bool // the pool
	done  chan error  // capacity 1
}

// LoadSnapshot makes the coins that r has the coin set, and their block the tip; empty says whether the pool
// is. What cannot be is a *SnapshotRefused or a *coins.SnapshotError, and nothing has changed then.
func (l *Ledger) LoadSnapshot(ctx context.Context, r *coins.SnapshotReader, empty func() bool) (*chain.HeaderNode, error) {
	if !l.loading.CompareAndSwap(false, true) {
		return nil, refuseSnapshot("Another snapshot is being loaded")
	}
	defer l.loading.Store(false)
	select {
	case <-l.cleared:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	known, vouched := l.cfg.Params.Snapshot(r.Base)
	if !vouched && !l.cfg.Params.Local() { // [AssumeutxoForBlockhash]
		return nil, refuseSnapshot("assumeutxo block hash in snapshot metadata not recognized (hash: %s). The following snapshot heights are available: %s", r.Base, l.snapshotHeights())
	}
	base, err := l.mayLoad(r.Base, empty)
	if err != nil {
		return nil, err
	}
	r.At(base.Height)
	l.cfg.Log.Info("a snapshot of the coin set is read", "block", base.Hash, "height", base.Height, "coins", r.Coins)
	place := l.set.Place().Other()
	stats, err := l.archive.LoadCoins(ctx, place, l.cfg.Workers, r.Next)
	if err == nil && vouched && stats.Serialized3 != known.Coins {
		err = &coins.SnapshotError{Text: fmt.Sprintf("Bad snapshot content hash: expected %s, got %s", known.Coins, stats.Serialized3)}
	}
	if err == nil {
		a := &activation{base: base, place: place, stats: stats, empty: empty, done: make(chan error, 1)}
		if err = chain.ErrShutdown; l.inbox.put(a) {
			err = <-a.done // the writer answers always
		}
	}
	if err != nil {
		return nil, errors.Join(err, l.archive.ClearWaste())
	}
	return base, nil
}

func (l *Ledger) snapshotHeights() string {
	text := ""
	for i, s := range l.cfg.Params.Snapshots() {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprint(s.Height)
	}
	return text
}

// mayLoad says whether the set that stands at a block may take the place of ours.
func (l *Ledger) mayLoad(block chain.Hash, empty func() bool) (*chain.HeaderNode, error) {
	if base, _ := l.tree.unproven(); base != nil {
		return nil, refuseSnapshot("Can't activate a snapshot-based chainstate more than once")
	}
	n, status, ok := l.tree.Lookup(block)
	switch {
	case !ok:
		return nil, refuseSnapshot("The base block header (%s) must appear in the headers chain. Make sure all headers are syncing, and call loadtxoutset again", block)
	case status&Invalid != 0:
		return nil, refuseSnapshot("The base block header (%s) is part of an invalid chain", block)
	case !n.IsAncestorOf(l.BestHeader()):
		return nil, refuseSnapshot("A forked headers-chain with more work than the chain with the snapshot base block header exists. Please proceed to sync without AssumeUtxo.")
	case !empty():
		return nil, refuseSnapshot("Can't activate a snapshot when mempool not empty")
	case n.Work.Cmp(l.Tip().Work) <= 0:
		return nil, refuseSnapshot("Population failed: Work does not exceed active chainstate")
	case chain.Fork(l.Tip(), n).Height < l.tree.prunedHeight():
		return nil, refuseSnapshot("The chain that is here leaves the snapshot's at height %d, and what has to be taken back is pruned", chain.Fork(l.Tip(), n).Height)
	}
	return n, nil
}

// activate makes a loaded snapshot the coin set, once nothing is on its way and all is on disk.
func (w *writer) activate() (bool, error) {
	a := w.activation
	if a == nil || !w.still() {
		return false, nil
	}
	w.activation = nil
	if _, err := w.l.mayLoad(a.base.Hash, a.empty); err != nil {
		a.done <- err // capacity 1
		return true, nil
	}
	base, old := w.entryOf(a.base), w.entryOf(w.tree.Tip())
	err := w.archive.Activate(a.place, archive.Snapshot{Base: base.Num, At: old.Num, Sum: a.stats.Serialized3}, a.stats.TxOuts)
	if err != nil {
		a.done <- err
		return false, fmt.Errorf("write chain file: %w", err)
	}
	known, _ := w.l.cfg.Params.Snapshot(a.base.Hash)
	w.l.indexed.Store(old.Node.Height)
	missing := w.tree.assume(base, known.Txs, func() { w.set.Switch(a.place, a.base) })
	w.head, w.flush.height = base, base.Node.Height
	w.tree.proposeAll()
	w.log.Info("the coin set is that of a snapshot, which is to be proven", "block", base.Node.Hash, "height", base.Node.Height, "coins", a.stats.TxOuts, "from", old.Node.Height)
	w.out.close()
	w.out.current.Pruned, w.out.current.Delta = missing, &chain.Delta{Tip: base.Node}
	w.out.close()
	poke(w.l.unproven)
	a.done <- nil
	return true, nil
}

// still says whether nothing is on its way and all is on disk. The last blocks are on their way there
// once it was asked for.
func (w *writer) still() bool {
	if len(w.queue) > 0 || w.running > 0 || w.failing || w.archive.Flushing() {
		return false
	}
	if w.flush.blocks > 0 {
		w.freeze()
		return false
	}
	return true
}

func poke(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default: // one is waiting already
	}
}

// assume makes base, where a snapshot stands, the end of the verified chain; switched runs under the same
// lock. It returns the blocks whose bodies are not here.
func (t *tree) assume(base *entry, txs uint64, switched func()) (missing []*chain.HeaderNode) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.headers.Tip()
	t.base, t.proven, base.given = base, old, txs
	t.headers.SetTip(base)
	for e := base; !e.Node.IsAncestorOf(old.Node); e = e.Parent {
		if !e.has() {
			missing = append(missing, e.Node)
		}
	}
	slices.Reverse(missing)
	fork := t.headers.Fork(base, old)
	t.link(t.headers.AtHeight(fork.Node.Height + 1))
	t.recount()
	switched()
	return missing
}

// recount works out all totals again.
func (t *tree) recount() {
	for _, e := range t.headers.All() { // parents first
		e.count()
	}
}

// loadSnapshot takes what the file says of a snapshot that is not proven yet, before Loaded.
func (l *Ledger) loadSnapshot(s *archive.Snapshot) error {
	if s == nil {
		return nil
	}
	base, err := l.tree.durable(s.Base)
	if err != nil {
		return err
	}
	at, err := l.tree.durable(s.At)
	if err != nil {
		return err
	}
	known, _ := l.cfg.Params.Snapshot(base.Node.Hash)
	l.tree.base, l.tree.proven, base.given = base, at, known.Txs
	poke(l.unproven)
	return nil
}

// unproven is the block of a snapshot that is not proven yet, and how far the proof is; nil: there is none.
func (t *tree) unproven() (base, proven *chain.HeaderNode) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.base == nil {
		return nil, nil
	}
	return t.base.Node, t.proven.Node
}

// holds says whether n is a block that the chain does not leave: that of a snapshot that is not
// proven, or one below it.
func (t *tree) holds(n *chain.HeaderNode) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.base != nil && n.IsAncestorOf(t.base.Node)
}

// Unproven is the block of the snapshot from which the coin set comes, and how far the blocks below have been
// validated; nil: the coin set is validated from genesis [IsSnapshotActive, SnapshotBlockhash].
func (l *Ledger) Unproven() (base, proven *chain.HeaderNode) { return l.tree.unproven() }

// Absent says whether the block's body is not stored, and is not missed: it was pruned, or is below a snapshot.
func (l *Ledger) Absent(hash chain.Hash) bool {
	l.tree.mu.RLock()
	defer l.tree.mu.RUnlock()
	e := l.tree.headers.Find(hash)
	return e != nil && (e.pruned || !e.has() && l.tree.base != nil && e.Node.IsAncestorOf(l.tree.base.Node))
}

// kept are the indexes that grow with the chain: none while blocks are missing below it.
func (l *Ledger) kept() archive.Indexes {
	if l.tree.base != nil {
		return archive.Indexes{}
	}
	return l.cfg.kept()
}

// ErrFalseSnapshot: the blocks make other coins than the snapshot had. Its coins have been thrown away, and
// what was built on them with them.
var ErrFalseSnapshot = errors.New("failed to validate the -assumeutxo snapshot state")

// discard goes back to what was proven. Whatever was thought of blocks beside that is forgotten, as it was
// thought on the snapshot's coins.
func (l *Ledger) discard() error {
	marks, err := l.archive.Marks()
	if err != nil || marks.Snapshot == nil {
		return err
	}
	at, err := l.tree.durable(marks.Snapshot.At)
	if err != nil {
		return err
	}
	return l.archive.Discard(func(num uint32, h archive.Header) archive.Header {
		if e := l.tree.numbered(num); e != nil && !e.Node.IsAncestorOf(at.Node) {
			h.Flags, h.Why = h.Flags&^(flagValid|flagFailed), ""
		}
		return h
	})
}
