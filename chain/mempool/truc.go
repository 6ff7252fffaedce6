package mempool

import (
	"slices"

	"grapevine/chain"
)

// Transactions of version 3 stay in families of two while unconfirmed: a
// parent and one small child. So a fee can always be raised at a known price
// (TRUC, BIP431). The names in brackets are Core's.
const (
	trucVersion   = 3      // [TRUC_VERSION]
	trucMaxSize   = 10_000 // virtual bytes [TRUC_MAX_VSIZE]
	trucChildSize = 1_000  // virtual bytes of one with an unconfirmed parent [TRUC_CHILD_MAX_VSIZE]
	trucFamily    = 2      // ancestors or descendants, the transaction counted [TRUC_ANCESTOR_LIMIT]

	errTRUC chain.Policy = "TRUC-violation"
)

// checkTRUC holds a transaction that is to enter to BIP431. Entries of leaving
// go when it enters. Pool.mu is held.
func checkTRUC(e *entry, leaving []*entry) error {
	ours := e.tx.Version == trucVersion
	for _, parent := range e.parents {
		switch theirs := parent.tx.Version == trucVersion; {
		case ours && !theirs:
			return violates("version=3 tx %s (wtxid=%s) cannot spend from non-version=3 tx %s (wtxid=%s)",
				e.tx.ID, e.tx.WID, parent.tx.ID, parent.tx.WID)
		case !ours && theirs:
			return violates("non-version=3 tx %s (wtxid=%s) cannot spend from version=3 tx %s (wtxid=%s)",
				e.tx.ID, e.tx.WID, parent.tx.ID, parent.tx.WID)
		}
	}
	if !ours {
		return nil
	}
	if e.vsize > trucMaxSize {
		return violates("version=3 tx %s (wtxid=%s) is too big: %d > %d virtual bytes", e.tx.ID, e.tx.WID, e.vsize, trucMaxSize)
	}
	if len(e.parents) == 0 {
		return nil
	}
	if len(ancestors(e))+1 > trucFamily {
		return violates("tx %s (wtxid=%s) would have too many ancestors", e.tx.ID, e.tx.WID)
	}
	if e.vsize > trucChildSize {
		return violates("version=3 child tx %s (wtxid=%s) is too big: %d > %d virtual bytes", e.tx.ID, e.tx.WID, e.vsize, trucChildSize)
	}
	return checkOnlyChild(e.parents[0], leaving)
}

func checkOnlyChild(parent *entry, leaving []*entry) error {
	for _, child := range parent.children {
		if !slices.Contains(leaving, child) {
			return violates("tx %s (wtxid=%s) would exceed descendant count limit", parent.tx.ID, parent.tx.WID)
		}
	}
	return nil
}

// evictableSibling is the child that a new version 3 child would stand beside.
// It may be replaced though they share no input, for otherwise whoever comes
// first could keep the other party of a shared parent from raising the fee.
func evictableSibling(e *entry) *entry {
	if e.tx.Version != trucVersion || len(e.parents) != 1 {
		return nil
	}
	if parent := e.parents[0]; len(parent.children) == 1 && parent.desc.count == trucFamily && parent.anc.count == 1 {
		return parent.children[0]
	}
	return nil
}

func violates(format string, args ...any) error { return chain.Refused(errTRUC, format, args...) }
