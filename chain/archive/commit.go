package archive

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"grapevine/chain/coins"
	"grapevine/db"
)

// work is what one commit writes.
type work struct {
	headers map[uint32]Header
	bodies  []uint32
	raw     [][]byte // of bodies
	pruned  []uint32
	flush   *batch
	coins   *coins.Set
	have    int64 // coins in the file, about; after write: as it is then
	waiting []chan error
}

func (w *work) empty() bool {
	return len(w.headers) == 0 && len(w.bodies) == 0 && w.flush == nil
}

// Run writes until stop is closed, then writes what is left and returns. It
// ends earlier when writing fails: nothing is tried again, because what a
// failed sync left on disk is unknown.
func (a *Archive) Run(stop <-chan struct{}) error {
	err := a.loop(stop)
	a.mu.Lock()
	a.ended, a.failed = true, err
	waiting := a.waiting
	a.waiting = nil
	end := a.endErr()
	a.mu.Unlock()
	for _, w := range waiting {
		w <- end // capacity 1
	}
	return err
}

// Flush writes everything at once; it is for the time before Run.
func (a *Archive) Flush() error { return a.commit() }

func (a *Archive) loop(stop <-chan struct{}) error {
	for {
		if !a.gather(stop) {
			return a.commit() // the last one
		}
		if err := a.commit(); err != nil {
			return err
		}
	}
}

// gather waits until a commit is worth while. It is false when stop is closed.
func (a *Archive) gather(stop <-chan struct{}) bool {
	var timer *time.Timer
	var late <-chan time.Time
	for {
		some, now := a.need()
		if now {
			return true
		}
		if some && timer == nil {
			timer = time.NewTimer(groupDelay)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-a.wake:
		case <-late:
			return true
		case <-stop:
			return false
		}
	}
}

func (a *Archive) need() (some, now bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now = len(a.waiting) > 0 || a.frozen != nil || a.fill >= groupBytes
	return now || len(a.bodies) > 0 || len(a.headers) > 0, now
}

// take is everything that waits. Bodies stay in the tail until they are committed.
func (a *Archive) take() *work {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := &work{headers: a.headers, bodies: a.bodies, pruned: a.pruned, flush: a.frozen, coins: a.coins, have: a.have, waiting: a.waiting}
	for _, n := range w.bodies {
		w.raw = append(w.raw, a.tail[n])
	}
	a.headers, a.bodies, a.pruned, a.fill, a.waiting = map[uint32]Header{}, nil, nil, 0, nil
	return w
}

func (a *Archive) commit() error {
	w := a.take()
	var err error
	if !w.empty() {
		err = a.file.Update(func(tx *db.Tx) error { return a.write(tx, w) })
	}
	if err != nil {
		err = fmt.Errorf("write chain file: %w", err)
	} else {
		a.done(w)
	}
	for _, wait := range w.waiting {
		wait <- err // capacity 1
	}
	if a.onEnd != nil {
		a.onEnd()
	}
	return err
}

// done lets go of what is on disk now.
func (a *Archive) done(w *work) {
	if w.flush != nil {
		w.coins.Written()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, n := range w.bodies {
		delete(a.tail, n)
		a.bytes -= int64(len(w.raw[i]))
	}
	if w.flush != nil {
		a.frozen, a.have = nil, w.have
	}
}

func (a *Archive) write(tx *db.Tx, w *work) error {
	for _, n := range slices.Sorted(maps.Keys(w.headers)) {
		if err := a.t.headers.Put(tx, n, w.headers[n]); err != nil {
			return err
		}
	}
	for i, n := range w.bodies {
		if err := a.putBody(tx, n, w.raw[i]); err != nil {
			return err
		}
	}
	for _, n := range w.pruned {
		if err := errors.Join(a.deleteBody(tx, n), a.t.undo.Delete(tx, n)); err != nil {
			return err
		}
	}
	if w.flush == nil {
		return nil
	}
	net, err := w.coins.WriteFrozen(tx, w.have)
	if err != nil {
		return err
	}
	if err := errors.Join(a.writeTxs(tx, w.flush, w.have), a.writeScripts(tx, w.flush, w.have)); err != nil {
		return err
	}
	w.have = min(max(w.have+net, 0), math.MaxUint32)
	if err := a.t.meta.Put(tx, keyCoins, uint32(w.have)); err != nil {
		return err
	}
	return a.writeBatch(tx, w.flush)
}

// writeBatch writes what a flush carries beside the coins, which WriteFrozen has written
// in the same transaction: undo, filters, sums, and last the durable tip, so that the coins
// and the tip that they stand at change together [CCoinsViewDB::BatchWrite].
func (a *Archive) writeBatch(tx *db.Tx, b *batch) error {
	for _, n := range slices.Sorted(maps.Keys(b.undo)) {
		if err := a.t.undo.Put(tx, n, b.undo[n]); err != nil {
			return err
		}
	}
	for _, n := range slices.Sorted(maps.Keys(b.filters)) {
		if err := a.t.filters.Put(tx, n, b.filters[n]); err != nil {
			return err
		}
	}
	for _, n := range slices.Sorted(maps.Keys(b.stats)) {
		if err := a.t.stats.Put(tx, n, b.stats[n]); err != nil {
			return err
		}
	}
	// The mark of an index that is switched off stays: it goes on from there one day.
	kept := map[string]bool{keyTxs: b.indexes.Txs, keyFilters: b.indexes.Filters, keyStats: b.indexes.Stats, keyScripts: b.indexes.Scripts}
	for name, is := range kept {
		if !is {
			continue
		}
		if err := a.t.meta.Put(tx, name, b.tip); err != nil {
			return err
		}
	}
	return a.t.meta.Put(tx, keyTip, b.tip)
}

// writeTxs writes the index of transactions in key order, so that every page of
// the table is touched once. It grows about as the coins do.
func (a *Archive) writeTxs(tx *db.Tx, b *batch, have int64) error {
	type entry struct {
		txKey
		index uint32
	}
	var entries []entry
	for header, prefixes := range b.txs {
		for i, p := range prefixes {
			entries = append(entries, entry{txKey{p, header}, uint32(i)})
		}
	}
	slices.SortFunc(entries, func(x, y entry) int { return x.compare(y.txKey) })
	table := a.t.txs
	if coins.Bulk(len(entries), have) {
		table = table.Packed()
	}
	to := table.Writer(tx)
	for _, e := range entries {
		if err := to.Put(e.txKey, e.index); err != nil {
			return err
		}
	}
	return nil
}
