package ledger

import (
	"context"
	"time"

	"grapevine/chain"
)

const (
	// DefaultDBCache is how many bytes of coins are kept in memory [nDefaultDbCache].
	DefaultDBCache = 450 << 20
	// flushBlocks and flushAge bound what has to be connected again after a crash:
	// how far the tip may be ahead of the durable tip [DATABASE_FLUSH_INTERVAL].
	flushBlocks = 2_000
	flushAge    = time.Hour
)

// CacheBytes is how many bytes of coins are kept in memory at most.
func (l *Ledger) CacheBytes() int64 { return l.cfg.DBCache }

// flushMsg asks for everything committed so far to be on disk.
type flushMsg chan<- error

// FlushCoins returns when the coins, as they are now or later, are on disk.
func (l *Ledger) FlushCoins(ctx context.Context) error {
	done := make(chan error, 1)
	if !l.inbox.put(flushMsg(done)) {
		return chain.ErrShutdown
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// flushSome says when: it begins a flush of the coins' cache if there is reason to
// [FlushStateToDisk], which the committer writes (archive.Archive.Run), and answers
// those who waited for one. The writer goes on meanwhile: readers and the writer look
// through the frozen cache until it is on disk. What a flush costs the writer is
// the swap of two caches, milliseconds at most (BenchmarkFlushMillion), unless
// the next flush is due before this one has ended: see flushPressure.
func (w *writer) flushSome() (bool, error) {
	if w.archive.Flushing() {
		return false, nil
	}
	for _, done := range w.flush.waiting {
		done <- nil // capacity 1
	}
	w.flush.waiting = nil
	if len(w.flush.wanted) == 0 && !w.flushDue() {
		return false, nil
	}
	w.flush.waiting, w.flush.wanted = w.flush.wanted, nil
	if w.flush.blocks > 0 {
		w.freeze()
	}
	return true, nil
}

// freeze hands the coins' changes and the tip that they stand at, the next durable
// tip, to the committer, which writes them in one transaction.
func (w *writer) freeze() {
	w.archive.Freeze(w.set, w.entryOf(w.tree.Tip()).Num, w.l.kept())
	w.flush.when, w.flush.blocks, w.flush.height = w.l.cfg.Now(), 0, w.tree.Tip().Height
}

// flushDue says whether the cache is large or old enough [GetCoinsCacheSizeState]: half of
// DBCache fills while the other half is written.
func (w *writer) flushDue() bool {
	if w.flush.blocks == 0 {
		return false
	}
	entries, bytes := w.set.Pending()
	return entries >= w.archive.FlushLimit() || bytes+w.archive.BatchBytes() >= w.l.cfg.DBCache/2 ||
		w.flush.blocks >= flushBlocks || w.l.cfg.Now().Sub(w.flush.when) >= flushAge
}

// flushPressure says whether the writer has to wait for the flush under way:
// the next one is due already.
func (w *writer) flushPressure() bool {
	return w.archive.Flushing() && w.flushDue()
}
