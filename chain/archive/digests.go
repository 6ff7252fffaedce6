package archive

import (
	"fmt"
	"math"

	"grapevine/chain"
	"grapevine/chain/history"
	"grapevine/db"
)

// digestBehind finds the last digest of a script on the branch that ends with tip, and behind which header's
// transactions it stands; nil: there is none.
func (a *Archive) digestBehind(tx *db.Tx, s history.Prefix, tip *chain.HeaderNode) (d *history.Digest, behind uint32, err error) {
	err = a.t.digests.ScanBack(tx, scriptKey{s, math.MaxUint32}, func(k scriptKey, raw []byte) (bool, error) {
		if k.Prefix != s {
			return false, nil
		}
		if !a.Node(k.header).IsAncestorOf(tip) {
			return true, nil // of another branch, or above
		}
		var err error
		d, err = history.DecodeDigest(raw)
		behind = k.header
		return err != nil, nil // a state of another release's SHA-256 is passed over
	})
	return d, behind, err
}

// writeDigest writes the digest of a script's history that ends with the record of a block, which is written
// just now, if it is long enough behind the last one. It is right whatever becomes of the block, for it is about the
// branch that ends there.
func (a *Archive) writeDigest(tx *db.Tx, k scriptKey) error {
	if a.Node == nil {
		return nil
	}
	tip := a.Node(k.header)
	if tip == nil {
		return nil
	}
	d, behind, err := a.digestBehind(tx, k.Prefix, tip)
	if err != nil {
		return err
	}
	from, had := uint32(0), uint64(0)
	if d == nil {
		d = history.NewDigest()
	} else {
		from, had = behind+1, d.Txs
	}
	err = a.extend(tx, d, scriptKey{k.Prefix, from}, k.header)
	if err != nil || d.Txs-had < a.Sampling.Every {
		return err
	}
	return a.t.digests.Put(tx, k, d.Append(nil))
}

// extend adds to a digest the records from a key on up to the block of a header, on its branch.
func (a *Archive) extend(tx *db.Tx, d *history.Digest, from scriptKey, to uint32) error {
	tip := a.Node(to)
	return a.t.scripts.Scan(tx, &from, func(at scriptKey, raw []byte) (bool, error) {
		if at.Prefix != from.Prefix || at.header > to {
			return false, nil
		}
		if n := a.Node(at.header); n.IsAncestorOf(tip) {
			return true, d.AddRow(raw, n.Height)
		}
		return true, nil
	})
}

// Digest is the last digest of a script that is kept on the branch that ends with tip, and the block behind whose
// transactions it stands; both nil: there is none.
func (a *Archive) Digest(s history.Prefix, tip *chain.HeaderNode) (d *history.Digest, at *chain.HeaderNode, err error) {
	if a.Node == nil {
		return nil, nil, nil
	}
	err = a.file.View(func(tx *db.Tx) error {
		var behind uint32
		if d, behind, err = a.digestBehind(tx, s, tip); d != nil {
			at = a.Node(behind)
		}
		return err
	})
	return d, at, err
}

// CheckDigests makes each digest that is kept again, from the records that stand before it on its own branch.
func (a *Archive) CheckDigests() error {
	var last scriptKey // where want stands
	var want *history.Digest
	check := func(tx *db.Tx, k scriptKey, raw []byte) error {
		tip := a.Node(k.header)
		if tip == nil {
			return fmt.Errorf("%w: a digest in the index by script stands at header %d, which is not there", db.ErrCorrupt, k.header)
		}
		from := scriptKey{last.Prefix, last.header + 1}
		if want == nil || k.Prefix != last.Prefix || !a.Node(last.header).IsAncestorOf(tip) {
			want, from = history.NewDigest(), scriptKey{Prefix: k.Prefix}
		}
		last = k
		if err := a.extend(tx, want, from, k.header); err != nil {
			return err
		}
		if have, err := history.DecodeDigest(raw); err != nil || have.Txs != want.Txs || have.Sum() != want.Sum() {
			return fmt.Errorf("%w: the digest of script %x… in the index by script at block %s is not that of its history", db.ErrCorrupt, k.Prefix[:8], tip.Hash)
		}
		return nil
	}
	return a.file.View(func(tx *db.Tx) error {
		return a.t.digests.Scan(tx, nil, func(k scriptKey, raw []byte) (bool, error) { return true, check(tx, k, raw) })
	})
}
