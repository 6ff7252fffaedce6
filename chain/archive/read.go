package archive

import (
	"context"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/db"
)

// Every read looks into memory first and into the file afterwards. Records
// leave memory only after they are committed, so one of the two has them.

// Undo is a stored undo record [UndoReadFromDisk].
func (a *Archive) Undo(body uint32) ([]byte, error) {
	if raw, ok := find(a, func(b *batch) ([]byte, bool) { v, ok := b.undo[body]; return v, ok }); ok {
		return raw, nil
	}
	return get(a, a.t.undo, body)
}

// Txs are the places in connected blocks where the transaction may be: those
// whose txid begins alike.
func (a *Archive) Txs(id chain.Hash) (places []Place, err error) {
	p := prefixOf(id)
	a.mu.Lock()
	for _, b := range []*batch{a.active, a.frozen} {
		places = b.find(p, places)
	}
	a.mu.Unlock()
	first := txKey{p, 0}
	err = a.file.View(func(tx *db.Tx) error {
		return a.t.txs.Scan(tx, &first, func(k txKey, index uint32) (bool, error) {
			if k.prefix == p {
				places = append(places, Place{k.header, index})
			}
			return k.prefix == p, nil
		})
	})
	return places, err
}

// find looks through the blocks of a batch, of which there are few.
func (b *batch) find(p prefix, places []Place) []Place {
	if b == nil {
		return places
	}
	for header, prefixes := range b.txs {
		for i := range prefixes {
			if prefixes[i] == p {
				places = append(places, Place{header, uint32(i)})
			}
		}
	}
	return places
}

// Filter is a connected block's filter.
func (a *Archive) Filter(header uint32) (Filter, error) {
	if f, ok := find(a, func(b *batch) (Filter, bool) { v, ok := b.filters[header]; return v, ok }); ok {
		return f, nil
	}
	return get(a, a.t.filters, header)
}

// Stats are a connected block's coin statistics.
func (a *Archive) Stats(header uint32) (coins.BlockStats, error) {
	if s, ok := find(a, func(b *batch) (coins.BlockStats, bool) { v, ok := b.stats[header]; return v, ok }); ok {
		return s, nil
	}
	return get(a, a.t.stats, header)
}

// find looks into the batches that are not on disk yet, the newer one first.
func find[V any](a *Archive, in func(*batch) (V, bool)) (v V, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if v, ok = in(a.active); !ok && a.frozen != nil {
		v, ok = in(a.frozen)
	}
	return v, ok
}

// get reads one record of the file.
func get[K, V any](a *Archive, t db.Table[K, V], k K) (v V, err error) {
	err = a.file.View(func(tx *db.Tx) error {
		var ok bool
		if v, ok, err = t.Get(tx, k); err == nil && !ok {
			err = fmt.Errorf("record %v: %w", k, ErrNotFound)
		}
		return err
	})
	return v, err
}

// CoinStats reads the whole coin set in one transaction; tip is the number of
// the header it stands at. What is not flushed is not in it.
func (a *Archive) CoinStats(ctx context.Context, workers int, want coins.Hashes) (s coins.Stats, tip uint32, err error) {
	tip, err = a.viewCoins(func(tx *db.Tx, place coins.Place) error {
		s, err = place.Collect(ctx, tx, workers, want)
		return err
	})
	return s, tip, err
}

// ScanCoins calls fn for each coin in one state of the file, ordered by txid and
// number; tip is the number of the header that it stands at. What is not flushed is
// not in it. fn must not wait for anything: a transaction is open.
func (a *Archive) ScanCoins(fn func(wire.OutPoint, chain.Coin) error) (tip uint32, err error) {
	return a.viewCoins(func(tx *db.Tx, place coins.Place) error { return place.Scan(tx, fn) })
}

// viewCoins is a view of the coins, and the number of the header that they stand at.
func (a *Archive) viewCoins(fn func(*db.Tx, coins.Place) error) (tip uint32, err error) {
	err = a.file.View(func(tx *db.Tx) error {
		var ok bool
		if tip, ok, err = a.t.meta.Get(tx, keyTip); err == nil && !ok {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		place, err := a.place(tx)
		if err == nil {
			err = fn(tx, place)
		}
		return err
	})
	return tip, err
}

// Check proves a file's structure and checksums, before it is trusted enough to
// be read.
func Check(ctx context.Context, file *db.DB, progress func(done, total int64)) error {
	return file.Check(ctx, tableNames(), progress)
}
