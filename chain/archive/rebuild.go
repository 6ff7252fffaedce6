package archive

import (
	"errors"

	"grapevine/chain/coins"
	"grapevine/db"
)

// Rebuild makes the file one that knows headers and bodies alone, with genesis as the tip:
// coins, undo records and indexes are deleted. Every header's record is given to change first; a
// body that it takes from its record is deleted. What was saved before, which is what belongs to
// genesis, is written. All is one transaction: a crash leaves the old file or the new one.
// It is for the time before Run.
func (a *Archive) Rebuild(change func(num uint32, h Header) Header, kept Indexes) error {
	a.active.tip, a.active.indexes = 0, kept
	err := a.file.Update(func(tx *db.Tx) error {
		if err := errors.Join(coins.First.Clear(tx), coins.Second.Clear(tx), a.t.snapshot.Clear(tx), a.t.undo.Clear(tx), a.t.txs.Clear(tx),
			a.t.filters.Clear(tx), a.t.stats.Clear(tx), a.t.scripts.Clear(tx), a.t.digests.Clear(tx)); err != nil {
			return err
		}
		if err := a.changeHeaders(tx, change); err != nil {
			return err
		}
		for n, raw := range a.tail {
			if err := a.putBody(tx, n, raw); err != nil {
				return err
			}
		}
		for _, name := range []string{keyTxs, keyFilters, keyStats, keyScripts, keyCoins, keyPlace} {
			if err := a.t.meta.Delete(tx, name); err != nil {
				return err
			}
		}
		return a.writeBatch(tx, a.active)
	})
	fresh := Open(a.file, a.onEnd)
	a.active, a.tail, a.bodies, a.bytes, a.fill = fresh.active, fresh.tail, fresh.bodies, fresh.bytes, fresh.fill
	return err
}

// changeHeaders gives every header's record to change; a body that it takes from its record is deleted.
func (a *Archive) changeHeaders(tx *db.Tx, change func(num uint32, h Header) Header) error {
	type record struct {
		num uint32
		Header
	}
	var all []record
	err := a.t.headers.Scan(tx, nil, func(n uint32, h Header) (bool, error) {
		all = append(all, record{n, h})
		return true, nil
	})
	for _, r := range all {
		h := change(r.num, r.Header)
		if r.Body != 0 && h.Body == 0 {
			err = errors.Join(err, a.deleteBody(tx, r.Body))
		}
		if err := errors.Join(err, a.t.headers.Put(tx, r.num, h)); err != nil {
			return err
		}
	}
	return err
}
