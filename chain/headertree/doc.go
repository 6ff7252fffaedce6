// Package headertree is a tree of block headers: which header follows which,
// which are marked invalid, which branch is the verified chain, and which
// header has the most work.
//
// It is generic over what its owner keeps for each header: the owner declares an
// entry that embeds Place, and makes a Tree of pointers to it. The ledger keeps
// there what is stored of a block; gossip, what it may ask of peers. Both so
// follow one set of rules for marks (Core's, see Tree.Mark and Tree.Unmark).
//
// A marked header is what Core calls a failed block: a mark of ByRule is BLOCK_FAILED_VALID,
// what it makes of the headers above BLOCK_FAILED_CHILD, and a mark of ByHand is invalidateblock's.
//
// It checks no header, knows no bodies, does no I/O and takes no lock. It is a
// package of its own, though small, because chain/ledger and p2p/gossip share it
// and must never import each other.
//
// Start reading at Place, then Tree.
package headertree
