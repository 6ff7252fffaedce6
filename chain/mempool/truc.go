package mempool

import (
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// checkTRUC holds a transaction to BIP431 against the pool (Core:
// SingleTRUCChecks). The child of version 3 that it would stand beside may go
// though they share no input (sibling eviction), for otherwise whoever comes
// first could keep the other party of a shared parent from raising the fee.
// Pool.mu is held.
func (s *scene) checkTRUC(d *draft) error {
	for _, a := range d.above {
		if err := checkSameKind(d.tx, a.Tx); err != nil {
			return err
		}
	}
	if d.tx.Version != policy.TRUCVersion {
		return nil
	}
	if d.vsize > policy.TRUCMaxSize {
		return violates("version=3 tx %s (wtxid=%s) is too big: %d > %d virtual bytes", d.tx.ID, d.tx.WID, d.vsize, policy.TRUCMaxSize)
	}
	if len(d.above)+1 > policy.TRUCFamily {
		return tooManyAbove(d.tx)
	}
	if len(d.above) == 0 {
		return nil
	}
	if err := checkChildSize(d); err != nil {
		return err
	}
	parent := d.above[0]
	goes := func(child *entry) bool { return slices.Contains(d.conflicts, child) }
	if parent.Desc.Count+1 <= policy.TRUCFamily || slices.ContainsFunc(parent.Children, goes) {
		return nil
	}
	if s.sibling && parent.Desc.Count == policy.TRUCFamily && parent.Children[0].Anc.Count == policy.TRUCFamily {
		d.conflicts, d.sibling = append(d.conflicts, parent.Children[0]), true
		return nil
	}
	return tooManyBelow(parent.Tx)
}

// checkTRUCAmong holds the members of a package to BIP431 among each other, once
// each has been held to it against the pool [PackageTRUCChecks].
func (s *scene) checkTRUCAmong(drafts []*draft) error {
	s.pool.mu.RLock()
	defer s.pool.mu.RUnlock()
	for _, d := range drafts {
		if err := checkTRUCMember(d, drafts); err != nil {
			return err
		}
	}
	return nil
}

func checkTRUCMember(d *draft, all []*draft) error {
	var within []*chain.Tx // parents of the package
	for _, other := range all {
		if other != d && spends(d.tx, other.tx.ID) {
			within = append(within, other.tx)
		}
	}
	if d.tx.Version != policy.TRUCVersion {
		for _, parent := range within {
			if err := checkSameKind(d.tx, parent); err != nil {
				return err
			}
		}
		return nil
	}
	if len(d.above)+len(within)+1 > policy.TRUCFamily {
		return tooManyAbove(d.tx)
	}
	if len(d.above)+len(within) == 0 {
		return nil
	}
	if err := checkChildSize(d); err != nil {
		return err
	}
	if len(within) == 0 { // against the pool it stood, but the package may not replace the sibling
		within = append(within, d.above[0].Tx)
	}
	parent := within[0]
	if err := checkSameKind(d.tx, parent); err != nil {
		return err
	}
	for _, other := range all {
		switch {
		case other == d:
		case spends(other.tx, parent.ID):
			return tooManyBelow(parent)
		case spends(other.tx, d.tx.ID):
			return tooManyAbove(other.tx)
		}
	}
	if len(d.above) > 0 && d.above[0].Desc.Count > 1 {
		return tooManyBelow(parent)
	}
	return nil
}

// checkSameKind: version 3 spends version 3 only, and is spent by it only.
func checkSameKind(tx, parent *chain.Tx) error {
	switch ours, theirs := tx.Version == policy.TRUCVersion, parent.Version == policy.TRUCVersion; {
	case ours && !theirs:
		return violates("version=3 tx %s (wtxid=%s) cannot spend from non-version=3 tx %s (wtxid=%s)", tx.ID, tx.WID, parent.ID, parent.WID)
	case !ours && theirs:
		return violates("non-version=3 tx %s (wtxid=%s) cannot spend from version=3 tx %s (wtxid=%s)", tx.ID, tx.WID, parent.ID, parent.WID)
	}
	return nil
}

func checkChildSize(d *draft) error {
	if d.vsize > policy.TRUCChildSize {
		return violates("version=3 child tx %s (wtxid=%s) is too big: %d > %d virtual bytes", d.tx.ID, d.tx.WID, d.vsize, policy.TRUCChildSize)
	}
	return nil
}

func tooManyAbove(tx *chain.Tx) error {
	return violates("tx %s (wtxid=%s) would have too many ancestors", tx.ID, tx.WID)
}

func tooManyBelow(parent *chain.Tx) error {
	return violates("tx %s (wtxid=%s) would exceed descendant count limit", parent.ID, parent.WID)
}

func violates(format string, args ...any) error {
	return chain.Refused(policy.ErrTRUC, format, args...)
}

// spends says whether tx spends any output of the transaction txid.
func spends(tx *chain.Tx, txid chain.Hash) bool {
	return slices.ContainsFunc(tx.TxIn, func(in *wire.TxIn) bool { return in.PreviousOutPoint.Hash == txid })
}
