package ledger

import (
	"errors"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/headertree"
)

// Status is what is known of a header: bits.
type Status uint8

const (
	HaveBody Status = 1 << iota // the body is stored [BLOCK_HAVE_DATA]
	active                      // in the verified chain
	Valid                       // was connected once: every rule holds [BLOCK_VALID_SCRIPTS]
	Invalid                     // breaks a rule, was marked by hand, or builds on such a block
)

// Flags of a header's record on disk.
const (
	flagValid  = 1 << iota // was connected once
	flagFailed             // its body breaks a rule [BLOCK_FAILED_VALID]
	flagByHand             // marked by hand
	flagLost               // its stored body is damaged
	flagPruned             // its body and undo record were deleted; the body may have come again
	flagBare               // its body came while segwit did not hold there: without witnesses [BLOCK_OPT_WITNESS]
)

// entry is a header at its place in the tree, with what is stored of its block.
// Node, Parent and Num never change; the rest is the writer's to read. Num is
// the number of the header's record.
type entry struct {
	headertree.Place[*entry]

	Body uint32 // number of its body, and of the undo record; 0: none
	Size uint32 // bytes of the body
	Txs  uint32 // transactions of the body; 0: not known [nTx]

	total uint64 // transactions from genesis to here; 0: not known [m_chain_tx_count]
	given uint64 // the same as the network's parameters have it, for a snapshot's block; 0: not given

	precious uint32 // of branches with equal work the one with the higher number wins; 0: never named [nSequenceId]

	valid  bool  // was connected once
	lost   bool  // its stored body is damaged
	pruned bool  // its body and undo record were deleted; the body may have come again
	bare   bool  // its body came while segwit did not hold at its height
	linked bool  // its body and those of all ancestors that are not in the verified chain are stored [HaveNumChainTxs, nChainTx]
	why    error // *chain.RuleError if the rules marked it
}

// bad says whether e is invalid, or builds on such a block.
func (e *entry) bad() bool { return e.Bad != headertree.Good }

// has says whether e's body is stored, and not known to be damaged.
func (e *entry) has() bool { return e.Body != 0 && !e.lost }

// count works out the total, once the parent's stands.
func (e *entry) count() {
	switch {
	case e.given > 0:
		e.total = e.given
	case e.Txs == 0:
		e.total = 0
	case e.Parent == nil:
		e.total = uint64(e.Txs)
	case e.Parent.total > 0:
		e.total = e.Parent.total + uint64(e.Txs)
	default:
		e.total = 0
	}
}

// reason is what a block that is bad is refused with.
func (e *entry) reason() error {
	switch {
	case e.why != nil:
		return e.why
	case e.Marked(headertree.ByHand):
		return chain.Broken(chain.ErrBadParent, "block %s was marked invalid by hand", e.Node.Hash)
	}
	return chain.Broken(chain.ErrBadParent, "builds on an invalid block")
}

// record is what is kept of e on disk.
func (e *entry) record() archive.Header {
	h := archive.Header{Header: e.Node.Header, Body: e.Body, Size: e.Size, Txs: e.Txs}
	set := func(flag uint8, is bool) {
		if is {
			h.Flags |= flag
		}
	}
	set(flagValid, e.valid)
	set(flagFailed, e.Marked(headertree.ByRule))
	set(flagByHand, e.Marked(headertree.ByHand))
	set(flagLost, e.lost)
	set(flagPruned, e.pruned)
	set(flagBare, e.bare)
	var re *chain.RuleError
	if errors.As(e.why, &re) {
		h.Why = string(re.Rule) + "\n" + re.Detail
	}
	return h
}
