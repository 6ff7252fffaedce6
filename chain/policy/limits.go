package policy

import (
	"slices"

	"github.com/btcsuite/btcd/wire/v2"
)

// Chains are the limits on chains of unconfirmed transactions: what a change to
// one transaction may cost us, and what one sender may keep others from using.
// Counts hold the transaction itself; sizes are virtual bytes.
type Chains struct{ Ancestors, AncestorSize, Descendants, DescendantSize int }

func defaultChains() Chains {
	return Chains{MaxAncestors, MaxAncestorSize, MaxDescendants, MaxDescendantSize}
}

// The limits that are usual: the ancestor limit, the descendant limit and the sizes.
const (
	MaxAncestors      = 25      // the transaction counted [DEFAULT_ANCESTOR_LIMIT]
	MaxDescendants    = 25      // likewise [DEFAULT_DESCENDANT_LIMIT]
	MaxAncestorSize   = 101_000 // virtual bytes [DEFAULT_ANCESTOR_SIZE_LIMIT_KVB]
	MaxDescendantSize = 101_000 // [DEFAULT_DESCENDANT_SIZE_LIMIT_KVB]
	// CarveOutSize: one more descendant up to this size may be added to a parent
	// without other ancestors, so that two parties who share a transaction can
	// each raise its fee (CPFP carve-out) [EXTRA_DESCENDANT_TX_SIZE_LIMIT].
	CarveOutSize = 10_000
)

// A package, checked as one.
const (
	MaxPackageCount  = 25      // [MAX_PACKAGE_COUNT]
	MaxPackageWeight = 404_000 // [MAX_PACKAGE_WEIGHT]
)

// MaxReplaced is how many transactions one replacement may push out: each costs
// a removal, and their relay was paid for only once (BIP125 rule 5)
// [MAX_REPLACEMENT_CANDIDATES, once MAX_BIP125_REPLACEMENT_CANDIDATES].
const MaxReplaced = 100

// Transactions of version 3 stay in families of two while unconfirmed: a
// parent and one small child. So a fee can always be raised at a known price
// (TRUC, topologically restricted until confirmation, BIP431).
const (
	TRUCVersion   = 3      // [TRUC_VERSION]
	TRUCMaxSize   = 10_000 // virtual bytes [TRUC_MAX_VSIZE]
	TRUCChildSize = 1_000  // virtual bytes of one with an unconfirmed parent [TRUC_CHILD_MAX_VSIZE]
	TRUCFamily    = 2      // ancestors or descendants, the transaction counted [TRUC_ANCESTOR_LIMIT, TRUC_DESCENDANT_LIMIT]
)

// Sequences of inputs that say something.
const (
	MaxReplaceable uint32 = 0xfffffffd // up to it an input signals that it may be replaced (BIP125) [MAX_BIP125_RBF_SEQUENCE]
	MaxNonFinal    uint32 = 0xfffffffe // up to it the lock time counts [MAX_SEQUENCE_NONFINAL]
)

// SignalsReplacement says whether a transaction allows its replacement by
// BIP125 (opt-in RBF). Only Rules.OptIn asks for it [SignalsOptInRBF].
func SignalsReplacement(tx *wire.MsgTx) bool {
	return slices.ContainsFunc(tx.TxIn, func(in *wire.TxIn) bool { return in.Sequence <= MaxReplaceable })
}
