package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"grapevine/chain"
	"grapevine/chain/archive"
)

// Old bodies and undo records are deleted when they are not to be kept. What is
// deleted together is a unit: bodies as they came, of so many bytes in all, as Core
// deletes a block file with all that is in it.

// Prune says whether old bodies and undo records are deleted.
type Prune struct {
	On     bool  // they may be
	Target int64 // the prune target: bytes of bodies and undo records that are kept at most; 0: all that PruneTo leaves [-prune]
	Small  bool  // units are small, for tests [-fastprune]
}

// After is the height below which nothing is pruned [PruneAfterHeight].
func (p Prune) After(params *chain.Params) int32 {
	switch {
	case params.Name == chain.MainNet().Name:
		return 100_000
	case p.Small:
		return 100
	}
	return 1000
}

const (
	// KeptBlocks below the tip are never pruned [MIN_BLOCKS_TO_KEEP].
	KeptBlocks = 288
	// MinPruneTarget is the least Target, bytes [MIN_DISK_SPACE_FOR_BLOCK_FILES].
	MinPruneTarget = 550 << 20

	unitBytes      = 128 << 20 // [MAX_BLOCKFILE_SIZE]
	smallUnitBytes = 64 << 10
	bodyOverhead   = 8 // of each body in a unit, bytes [STORAGE_HEADER_BYTES]
	// pruneAhead is freed beyond what there is too much, so that the next unit fits
	// [BLOCKFILE_CHUNK_SIZE + UNDOFILE_CHUNK_SIZE].
	pruneAhead = 17 << 20
	// undoShare: undo records take about so many times less than their bodies.
	undoShare = 8
	// indexBuffer blocks below an index's best are kept for its reorganisations
	// [PRUNE_LOCK_BUFFER].
	indexBuffer = 10
)

// unit is what is deleted together.
type unit struct {
	entries []*entry
	bytes   int64
	highest int32
}

// pruning is what the writer knows of units, if there are any.
type pruning struct {
	on    Prune
	units []*unit // oldest first; new bodies go to the last
	check bool    // a unit has begun since they were last counted
	asked []*pruneCommand
}

// pruneCommand is PruneTo on its way through the writer.
type pruneCommand struct {
	height int32
	done   chan error // capacity 1
}

// begin finds the units of a file: bodies in the order of arrival. Only whole units
// were ever deleted, so the first body that is left begins one.
func (p *pruning) begin(l *Ledger) {
	if p.on = l.cfg.Prune; !p.on.On {
		return
	}
	var stored []*entry
	for _, e := range l.tree.headers.All() {
		if e.Body != 0 {
			stored = append(stored, e)
		}
	}
	slices.SortFunc(stored, func(a, b *entry) int { return cmp.Compare(a.Body, b.Body) })
	for _, e := range stored {
		p.add(e)
	}
	p.check = true
}

// add puts a new body into the last unit, or begins one [FindNextBlockPos].
func (p *pruning) add(e *entry) {
	if !p.on.On {
		return
	}
	size, limit := int64(e.Size)+bodyOverhead, int64(unitBytes)
	if p.on.Small {
		limit = smallUnitBytes
	}
	last := len(p.units) - 1
	if last < 0 || p.units[last].bytes > 0 && p.units[last].bytes+size >= limit {
		p.units = append(p.units, &unit{})
		p.check = true
		last++
	}
	u := p.units[last]
	u.entries = append(u.entries, e)
	u.bytes += size
	u.highest = max(u.highest, e.Node.Height)
}

// usage is what bodies and undo records take, in bytes, about.
func (p *pruning) usage() (sum int64) {
	for _, u := range p.units {
		sum += u.weight()
	}
	return sum
}

func (u *unit) weight() int64 { return u.bytes + u.bytes/undoShare }

// pruneSome deletes what was asked for, and what is too much [FindFilesToPrune,
// FindFilesToPruneManual]. Coins have to be on disk first: after a crash the blocks above the durable
// tip are connected again from their bodies.
func (w *writer) pruneSome() (bool, error) {
	p := &w.prune
	asked := len(p.asked) > 0
	switch {
	case w.tree.base == nil: // else the proof needs all that comes
	case asked:
		p.asked[0].done <- errUnproven // capacity 1
		p.asked = p.asked[1:]
		return true, nil
	default:
		return false, nil
	}
	if !asked && (!p.check || p.on.Target == 0) || w.goingBack() {
		return false, nil
	}
	if !asked && (p.usage()+pruneAhead < p.on.Target || w.tree.Tip().Height <= p.on.After(w.l.cfg.Params)) {
		p.check = false
		return false, nil
	}
	if w.archive.Flushing() {
		return false, nil
	}
	limit := w.tree.Tip().Height - KeptBlocks
	if asked {
		limit = min(limit, p.asked[0].height)
	}
	limit = w.indexLimit(limit)
	away := p.choose(min(limit, w.flush.height), asked)
	if w.flush.height < limit && w.flush.blocks > 0 && (asked || len(away) == 0) {
		w.freeze()
		return true, nil
	}
	w.pruneUnits(away)
	if asked {
		p.asked[0].done <- nil // capacity 1
		p.asked = p.asked[1:]
	} else {
		p.check = false
	}
	return true, nil
}

// choose are the units without a block above limit: all, or as many as there are too many
// bytes. The last one is still being filled.
func (p *pruning) choose(limit int32, all bool) (away []*unit) {
	usage := p.usage()
	for _, u := range p.units[:max(0, len(p.units)-1)] {
		if !all && usage+pruneAhead < p.on.Target {
			break
		}
		if u.highest <= limit {
			away = append(away, u)
			usage -= u.weight()
		}
	}
	return away
}

// goingBack says whether undo records are being read.
func (w *writer) goingBack() bool {
	return slices.ContainsFunc(w.queue, func(s *slot) bool { return s.disconnect })
}

// indexLimit keeps what an index may need after a reorganisation [m_prune_locks].
func (w *writer) indexLimit(limit int32) int32 {
	lock := w.tree.Tip().Height - indexBuffer - 1
	for _, name := range w.pruneLocks() {
		w.log.Debug("pruning is limited", "by", name, "height", lock)
		limit = min(limit, lock)
	}
	return limit
}

// pruneLocks are the indexes for which blocks are kept.
func (w *writer) pruneLocks() (names []string) {
	if w.l.cfg.Prune.On && w.l.cfg.FilterIndex {
		names = append(names, "basic block filter index")
	}
	if w.l.cfg.Prune.On && w.l.cfg.CoinStatsIndex {
		names = append(names, "coinstatsindex")
	}
	if w.l.cfg.Prune.On && w.l.cfg.AddressIndex {
		names = append(names, "addressindex")
	}
	return names
}

// wentBack tells that indexes follow a block that was taken back.
func (w *writer) wentBack(e *entry) {
	for _, name := range w.pruneLocks() {
		w.log.Debug("what is kept for an index moves back", "by", name, "height", e.Node.Height-1)
	}
}

// pruneUnits deletes whole units [UnlinkPrunedFiles, PruneOneBlockFile].
func (w *writer) pruneUnits(away []*unit) {
	if len(away) == 0 {
		return
	}
	records := map[uint32]archive.Header{}
	var bodies []uint32
	var nodes []*chain.HeaderNode
	for _, u := range away {
		for _, e := range u.entries {
			bodies = append(bodies, e.Body)
			nodes = append(nodes, e.Node)
			w.arrived.forget(e)
		}
		w.tree.prune(u.entries)
		for _, e := range u.entries {
			records[e.Num] = e.record()
		}
	}
	w.prune.units = slices.DeleteFunc(w.prune.units, func(u *unit) bool { return slices.Contains(away, u) })
	w.archive.Prune(records, bodies)
	w.log.Info("old blocks are pruned", "blocks", len(bodies), "height", w.tree.prunedHeight())
	w.out.close() // after whatever was said of them before
	w.out.current.Pruned = nodes
}

// prunedAbove is an error when a block between the tip and n cannot be taken back, as
// what it spent is deleted. Nobody else has that.
func (w *writer) prunedAbove(n *chain.HeaderNode) error {
	to := w.tree.prunedHeight()
	if n.Height >= to {
		return nil
	}
	return fmt.Errorf("the chain cannot go back to height %d, as blocks up to %d are pruned (%w); start with -reindex, which fetches the whole chain again", n.Height, to, chain.ErrPruned)
}

// prune notes that the bodies and undo records of these are deleted.
func (t *tree) prune(entries []*entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range entries {
		e.Body, e.lost, e.pruned = 0, false, true
		t.notePruned(e)
	}
	for _, e := range entries {
		if e.linked && !t.headers.IsActive(e.Node) {
			t.headers.Walk(e, func(at *entry) (below bool) {
				below, at.linked = at.linked, false
				return below
			})
		}
	}
}

func (t *tree) notePruned(e *entry) {
	if e.pruned && e.Node.Height > t.prunedTo && t.headers.IsActive(e.Node) {
		t.prunedTo = e.Node.Height
	}
}

func (t *tree) prunedHeight() int32 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.prunedTo
}

// Pruned says whether the block's undo record was deleted, and its body with it, which may have come
// again.
func (t *tree) Pruned(hash chain.Hash) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	e := t.headers.Find(hash)
	return e != nil && e.pruned
}

// Pruned says whether the block's body was deleted; it may have come again [IsBlockPruned].
func (l *Ledger) Pruned(hash chain.Hash) bool { return l.tree.Pruned(hash) }

// PruneHeight is the height of the highest block of the verified chain that is pruned;
// ok is false when none is [GetPruneHeight].
func (l *Ledger) PruneHeight() (height int32, ok bool) {
	to := l.tree.prunedHeight()
	return to, to > 0 // genesis has no undo record to miss
}

// TxCount is how many transactions the block has, also of one that is pruned; 0 when its
// body was never here [nTx].
func (l *Ledger) TxCount(hash chain.Hash) int {
	l.tree.mu.RLock()
	defer l.tree.mu.RUnlock()
	if e := l.tree.headers.Find(hash); e != nil {
		return int(e.Txs)
	}
	return 0
}

// PruneTo deletes the bodies and undo records of blocks up to a height, in whole units and not
// those near the tip. When it returns that is on disk. Config.Prune must be on.
func (l *Ledger) PruneTo(ctx context.Context, height int32) error {
	c := &pruneCommand{height: height, done: make(chan error, 1)}
	if !l.inbox.put(c) {
		return chain.ErrShutdown
	}
	select {
	case err := <-c.done:
		if err != nil {
			return err
		}
		return l.Sync(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}
