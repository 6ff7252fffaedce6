package archive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/chain/history"
	"grapevine/db"
)

// ErrNotFound: there is no record of that number.
var ErrNotFound = errors.New("not found")

// ErrStopped: the committer has ended before it could do what was asked.
var ErrStopped = errors.New("chain file is closing")

const (
	// groupBytes of bodies make a commit worth while at once: it waits for the disk, and writes up to four pieces
	// of the one before again. What it writes is in memory three times meanwhile.
	groupBytes = 2 << 20
	// groupDelay is how long anything waits for company. A crash loses at most
	// this much of what nobody was promised, and peers have it.
	groupDelay = 500 * time.Millisecond
)

// Archive is the open file. Saving calls never block and never fail; Run
// reports what went wrong with writing [BlockManager].
type Archive struct {
	file  *db.DB
	t     tables
	onEnd func() // called after each commit, on the committer's goroutine

	// Node is the header with that number, nil if there is none; any goroutine may call it. It is set before Run;
	// nil: no digests of long histories are kept.
	Node     func(number uint32) *chain.HeaderNode
	Sampling history.Sampling // of those histories; Open sets the usual one

	wake  chan struct{} // capacity 1: there may be work
	parts partCache
	piece int       // bytes of a body's pieces
	room  sync.Pool // *[]byte: a body put together for a moment

	mu      sync.Mutex
	headers map[uint32]Header // not written yet
	tail    map[uint32][]byte // bodies not committed yet, those being written included
	bodies  []uint32          // of the tail, those not being written
	bytes   int64             // of the tail
	fill    int64             // bytes of bodies not being written
	pruned  []uint32          // bodies to delete, with their undo records
	active  *batch            // what goes with the next frozen coins
	frozen  *batch            // what goes with these; nil: nothing to flush
	coins   *coins.Set        // whose frozen cache is to be written with frozen
	have    int64             // about how many coins the file holds
	waiting []chan error      // Sync calls, for the next commit
	ended   bool
	failed  error
}

// batch is what has to be on disk together with the coins.
type batch struct {
	tip     uint32
	undo    map[uint32][]byte
	txs     map[uint32][]prefix // by header number, in block order
	filters map[uint32]Filter
	stats   map[uint32]coins.BlockStats
	scripts map[uint32]*history.Rows // by header number
	indexes Indexes                  // those that are complete up to tip
	bytes   int64
}

func newBatch() *batch {
	return &batch{undo: map[uint32][]byte{}, txs: map[uint32][]prefix{},
		filters: map[uint32]Filter{}, stats: map[uint32]coins.BlockStats{}, scripts: map[uint32]*history.Rows{}}
}

// Open reads nothing yet. onCommit is called after each commit; it must not
// block.
func Open(file *db.DB, onCommit func()) *Archive {
	return &Archive{
		file: file, t: newTables(), onEnd: onCommit, piece: pieceBytes,
		wake:    make(chan struct{}, 1),
		headers: map[uint32]Header{}, tail: map[uint32][]byte{}, active: newBatch(), Sampling: history.UsualSampling(),
	}
}

// Load calls fn for each header in the order of their numbers.
func (a *Archive) Load(fn func(n uint32, h Header) error) error {
	return a.file.View(func(tx *db.Tx) error {
		return a.t.headers.Scan(tx, nil, func(n uint32, h Header) (bool, error) { return true, fn(n, h) })
	})
}

// Indexes says which of the optional indexes are kept.
type Indexes struct{ Txs, Filters, Stats, Scripts bool }

// Marks are the header numbers that coins and indexes stand at.
type Marks struct {
	Tip uint32 // the durable tip
	OK  bool   // there is one: the file is not new
	// For each index where it stands, or stood when it was switched off; Kept says which
	// there are.
	Txs, Filters, Stats, Scripts uint32
	Kept                         Indexes

	Place    coins.Place // of the tip's coins
	Snapshot *Snapshot   // that was loaded and is not proven yet; nil: none
}

// Marks reads them.
func (a *Archive) Marks() (m Marks, err error) {
	err = a.file.View(func(tx *db.Tx) error {
		if m, err = a.marks(tx); err != nil {
			return err
		}
		have, _, err := a.t.meta.Get(tx, keyCoins)
		a.mu.Lock()
		a.have = int64(have)
		a.mu.Unlock()
		return err
	})
	return m, err
}

func (a *Archive) marks(tx *db.Tx) (m Marks, err error) {
	if m.Tip, m.OK, err = a.t.meta.Get(tx, keyTip); err != nil {
		return m, err
	}
	if m.Txs, m.Kept.Txs, err = a.t.meta.Get(tx, keyTxs); err != nil {
		return m, err
	}
	if m.Filters, m.Kept.Filters, err = a.t.meta.Get(tx, keyFilters); err != nil {
		return m, err
	}
	if m.Stats, m.Kept.Stats, err = a.t.meta.Get(tx, keyStats); err != nil {
		return m, err
	}
	if m.Scripts, m.Kept.Scripts, err = a.t.meta.Get(tx, keyScripts); err != nil {
		return m, err
	}
	if m.Place, err = a.place(tx); err != nil {
		return m, err
	}
	s, ok, err := a.t.snapshot.Get(tx, snapshotKey)
	if ok {
		m.Snapshot = &s
	}
	return m, err
}

// SaveHeader writes a header's record soon.
func (a *Archive) SaveHeader(n uint32, h Header) {
	a.mu.Lock()
	a.headers[n] = h
	a.mu.Unlock()
	a.poke()
}

// SaveBody writes a body soon; until then it is served from memory. raw must
// not change afterwards [SaveBlockToDisk, WriteBlockToDisk].
func (a *Archive) SaveBody(n uint32, raw []byte) {
	a.mu.Lock()
	a.tail[n] = raw
	a.bodies = append(a.bodies, n)
	a.bytes += int64(len(raw))
	a.fill += int64(len(raw))
	a.mu.Unlock()
	a.poke()
}

// Prune deletes bodies with their undo records soon, in one commit with the records of
// headers that say so. The file does not shrink: what comes next takes their pages.
func (a *Archive) Prune(headers map[uint32]Header, bodies []uint32) {
	a.mu.Lock()
	maps.Copy(a.headers, headers)
	a.pruned = append(a.pruned, bodies...)
	a.mu.Unlock()
	a.poke()
}

// SaveUndo writes an undo record with the next flush [WriteUndoDataForBlock].
func (a *Archive) SaveUndo(body uint32, undo []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.active.undo[body] = undo
	a.active.bytes += int64(len(undo)) + mapOverhead
}

// SaveTxs writes where the transactions of a block are with the next flush.
func (a *Archive) SaveTxs(header uint32, ids []chain.Hash) {
	prefixes := make([]prefix, len(ids))
	for i, id := range ids {
		prefixes[i] = prefixOf(id)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.active.txs[header] = prefixes
	a.active.bytes += int64(len(ids))*prefixSize + mapOverhead
}

// SaveFilter writes a filter with the next flush.
func (a *Archive) SaveFilter(header uint32, f Filter) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.active.filters[header] = f
	a.active.bytes += int64(len(f.Bytes)) + mapOverhead
}

// SaveStats writes a block's coin statistics with the next flush.
func (a *Archive) SaveStats(header uint32, s coins.BlockStats) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.active.stats[header] = s
	a.active.bytes += statsBytes
}

// statsBytes is about what a block's statistics take in memory.
const statsBytes = 512 + mapOverhead

// mapOverhead is about what a map entry takes beside its content, in bytes.
const mapOverhead = 48

// TailBytes is how much of bodies waits in memory to be committed.
func (a *Archive) TailBytes() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bytes
}

// BatchBytes is about how much memory undo and indexes take that wait for the
// next flush.
func (a *Archive) BatchBytes() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.active.bytes
}

// HeldBytes is BatchBytes with what a flush under way writes.
func (a *Archive) HeldBytes() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	bytes := a.active.bytes
	if a.frozen != nil {
		bytes += a.frozen.bytes
	}
	return bytes
}

// FlushLimit is how many changes of coins should be frozen at once.
func (a *Archive) FlushLimit() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return coins.FlushLimit(a.have)
}

// Flushing says whether a frozen set waits to be written.
func (a *Archive) Flushing() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.frozen != nil
}

// Freeze takes the coins' active cache and everything saved for the next flush
// aside, to be written in one transaction in the background. tip is the
// header's number that the set stands at; kept are the indexes that do. It must
// not be called while Flushing.
func (a *Archive) Freeze(set *coins.Set, tip uint32, kept Indexes) {
	set.Freeze()
	a.mu.Lock()
	a.active.tip, a.active.indexes = tip, kept
	a.frozen, a.active, a.coins = a.active, newBatch(), set
	a.mu.Unlock()
	a.poke()
}

func (a *Archive) poke() {
	select {
	case a.wake <- struct{}{}:
	default: // one is waiting already
	}
}

// Sync returns when everything saved before (of the next flush: only if it was
// frozen before) is durable.
func (a *Archive) Sync(ctx context.Context) error {
	done := make(chan error, 1)
	a.mu.Lock()
	if a.ended {
		defer a.mu.Unlock()
		return a.endErr()
	}
	a.waiting = append(a.waiting, done)
	a.mu.Unlock()
	a.poke()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *Archive) endErr() error {
	if a.failed != nil {
		return fmt.Errorf("%w: %w", ErrStopped, a.failed)
	}
	return ErrStopped
}
