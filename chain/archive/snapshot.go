package archive

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/db"
)

// A coin set that was loaded from a snapshot stands at one place of the file while the one that
// proves it grows at the other. What says which is which, and how far the proof is, is in one record of
// the table "snapshot"; without it the place of meta's keyPlace alone counts, and the other is empty or waste.

// Snapshot says what was loaded and how far its proof is.
type Snapshot struct {
	Base uint32     // number of the header at which the loaded set stood
	At   uint32     // of the one at which the set that proves it stands on disk
	Sum  chain.Hash // the loaded set's hash_serialized_3
}

const snapshotKey = "now" // of the only record

const snapshotSize = 4 + 4 + 32

// snapshotTable: base 4 ‖ at 4 ‖ sum 32.
func snapshotTable() db.Table[string, Snapshot] {
	return db.NewTable("snapshot", db.String(), db.Codec[Snapshot]{
		Append: func(dst []byte, s Snapshot) []byte {
			u := db.Uint32()
			return append(u.Append(u.Append(dst, s.Base), s.At), s.Sum[:]...)
		},
		Decode: func(b []byte) (s Snapshot, err error) {
			if len(b) != snapshotSize {
				return s, fmt.Errorf("%d bytes, want %d", len(b), snapshotSize)
			}
			u := db.Uint32()
			s.Base, err = u.Decode(b[:4])
			if err == nil {
				s.At, err = u.Decode(b[4:8])
			}
			copy(s.Sum[:], b[8:])
			return s, err
		},
	})
}

// place is where the coins of the durable tip are.
func (a *Archive) place(tx *db.Tx) (coins.Place, error) {
	n, _, err := a.t.meta.Get(tx, keyPlace)
	if err == nil && n > uint32(coins.Second) {
		err = fmt.Errorf("%w: the coins are at place %d", db.ErrCorrupt, n)
	}
	return coins.Place(n), err
}

// Of a snapshot so many coins are written at once, or fewer large ones: a script may have 10,000 bytes.
const (
	loadBatch = 100_000
	loadBytes = 16 << 20
)

// LoadCoins fills a place with the coins that next gives until it says that there are no more, and hashes
// them. The place is waste until Activate names it: a crash leaves what ClearWaste takes away.
func (a *Archive) LoadCoins(ctx context.Context, place coins.Place, workers int, next func() (wire.OutPoint, chain.Coin, bool, error)) (s coins.Stats, err error) {
	if err := a.file.Update(place.Clear); err != nil {
		return s, err
	}
	for more := true; more; {
		var list []coins.Loaded
		for bytes := 0; len(list) < loadBatch && bytes < loadBytes; {
			op, c, ok, err := next()
			if err != nil {
				return s, err
			}
			if more = ok; !ok {
				break
			}
			list = append(list, coins.Loaded{Op: op, Coin: coins.Append(nil, c)})
			bytes += len(c.PkScript)
		}
		if err := errors.Join(ctx.Err(), a.file.Update(func(tx *db.Tx) error { return place.Put(tx, list) })); err != nil {
			return s, err
		}
	}
	err = a.file.View(func(tx *db.Tx) error {
		s, err = place.Collect(ctx, tx, workers, coins.Hashes{Serialized3: true})
		return err
	})
	return s, err
}

// ClearWaste empties the place that no coins of the tip and of a proof are at.
func (a *Archive) ClearWaste() error {
	waste, place := false, coins.First
	err := a.file.View(func(tx *db.Tx) error {
		_, proving, err := a.t.snapshot.Get(tx, snapshotKey)
		if err != nil || proving {
			return err
		}
		if place, err = a.place(tx); err != nil {
			return err
		}
		empty, err := place.Other().Empty(tx)
		waste = !empty
		return err
	})
	if err != nil || !waste {
		return err
	}
	return a.file.Update(place.Other().Clear)
}

// Activate makes the loaded coins at that place, so many, those of the durable tip. Nothing may wait to be flushed.
func (a *Archive) Activate(place coins.Place, s Snapshot, have int64) error {
	err := a.file.Update(func(tx *db.Tx) error {
		return errors.Join(a.t.snapshot.Put(tx, snapshotKey, s), a.t.meta.Put(tx, keyPlace, uint32(place)), a.t.meta.Put(tx, keyTip, s.Base),
			a.t.meta.Put(tx, keyCoins, uint32(min(have, math.MaxUint32))))
	})
	if err == nil {
		a.mu.Lock()
		a.have = have
		a.mu.Unlock()
	}
	return err
}

// SaveProof writes what the proof has connected: its frozen coins, undo records, and where it stands.
func (a *Archive) SaveProof(set *coins.Set, s Snapshot, undo map[uint32][]byte) error {
	return a.file.Update(func(tx *db.Tx) error {
		if _, err := set.WriteFrozen(tx, math.MaxInt64); err != nil {
			return err
		}
		for n, raw := range undo {
			if err := a.t.undo.Put(tx, n, raw); err != nil {
				return err
			}
		}
		return a.t.snapshot.Put(tx, snapshotKey, s)
	})
}

// ProofStats reads the whole coin set that proves the loaded one; at is the number of the header at
// which it stands. ErrNotFound: nothing is being proven.
func (a *Archive) ProofStats(ctx context.Context, workers int, want coins.Hashes) (s coins.Stats, at uint32, err error) {
	err = a.file.View(func(tx *db.Tx) error {
		now, ok, err := a.t.snapshot.Get(tx, snapshotKey)
		if err == nil && !ok {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		place, err := a.place(tx)
		if err == nil {
			at = now.At
			s, err = place.Other().Collect(ctx, tx, workers, want)
		}
		return err
	})
	return s, at, err
}

// EndProof says that the loaded coins were proven: those that proved it are deleted.
func (a *Archive) EndProof() error {
	return a.file.Update(func(tx *db.Tx) error {
		place, err := a.place(tx)
		return errors.Join(err, a.t.snapshot.Delete(tx, snapshotKey), place.Other().Clear(tx))
	})
}

// Discard throws the loaded coins away: the durable tip is where the proof stands, on the proof's
// coins. Every header's record is given to change. It is for the time after Run.
func (a *Archive) Discard(change func(num uint32, h Header) Header) error {
	return a.file.Update(func(tx *db.Tx) error {
		s, ok, err := a.t.snapshot.Get(tx, snapshotKey)
		if err != nil || !ok {
			return err
		}
		place, err := a.place(tx)
		if err != nil {
			return err
		}
		if err := a.changeHeaders(tx, change); err != nil {
			return err
		}
		return errors.Join(a.t.meta.Put(tx, keyTip, s.At), a.t.meta.Put(tx, keyPlace, uint32(place.Other())),
			a.t.snapshot.Delete(tx, snapshotKey), place.Clear(tx), a.t.meta.Delete(tx, keyCoins))
	})
}
