package mempool

import (
	"slices"

	"grapevine/chain"
	"grapevine/chain/mempool/graph"
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
func checkTRUC(e *graph.Entry, leaving []*graph.Entry) error {
	ours := e.Tx.Version == trucVersion
	for _, parent := range e.Parents {
		switch theirs := parent.Tx.Version == trucVersion; {
		case ours && !theirs:
			return violates("version=3 tx %s (wtxid=%s) cannot spend from non-version=3 tx %s (wtxid=%s)",
				e.Tx.ID, e.Tx.WID, parent.Tx.ID, parent.Tx.WID)
		case !ours && theirs:
			return violates("non-version=3 tx %s (wtxid=%s) cannot spend from version=3 tx %s (wtxid=%s)",
				e.Tx.ID, e.Tx.WID, parent.Tx.ID, parent.Tx.WID)
		}
	}
	if !ours {
		return nil
	}
	if e.VSize > trucMaxSize {
		return violates("version=3 tx %s (wtxid=%s) is too big: %d > %d virtual bytes", e.Tx.ID, e.Tx.WID, e.VSize, trucMaxSize)
	}
	if len(e.Parents) == 0 {
		return nil
	}
	if len(graph.Ancestors(e))+1 > trucFamily {
		return violates("tx %s (wtxid=%s) would have too many ancestors", e.Tx.ID, e.Tx.WID)
	}
	if e.VSize > trucChildSize {
		return violates("version=3 child tx %s (wtxid=%s) is too big: %d > %d virtual bytes", e.Tx.ID, e.Tx.WID, e.VSize, trucChildSize)
	}
	return checkOnlyChild(e.Parents[0], leaving)
}

func checkOnlyChild(parent *graph.Entry, leaving []*graph.Entry) error {
	for _, child := range parent.Children {
		if !slices.Contains(leaving, child) {
			return violates("tx %s (wtxid=%s) would exceed descendant count limit", parent.Tx.ID, parent.Tx.WID)
		}
	}
	return nil
}

// evictableSibling is the child that a new version 3 child would stand beside.
// It may be replaced though they share no input, for otherwise whoever comes
// first could keep the other party of a shared parent from raising the fee.
func evictableSibling(e *graph.Entry) *graph.Entry {
	if e.Tx.Version != trucVersion || len(e.Parents) != 1 {
		return nil
	}
	if parent := e.Parents[0]; len(parent.Children) == 1 && parent.Desc.Count == trucFamily && parent.Anc.Count == 1 {
		return parent.Children[0]
	}
	return nil
}

func violates(format string, args ...any) error { return chain.Refused(errTRUC, format, args...) }
