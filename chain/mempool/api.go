package mempool

import (
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// View is the coin set at one verified tip.
type View interface {
	chain.CoinView
	Tip() *chain.HeaderNode
}

// Scripts runs the scripts of all inputs; *script.Checker does.
type Scripts interface {
	// CheckRelay is nil if every input's script succeeds under the rules of relay,
	// which hold the consensus flags of the next block too; what passes need not
	// be checked again in its block. coins[i] is what input i spends. A script
	// that fails is a *script.RelayFailure.
	CheckRelay(tx *chain.Tx, coins []chain.Coin, consensus txscript.ScriptFlags) error
}

// Entry is one pool transaction as readers see it: a copy, of one moment.
// Sizes are virtual bytes, raised for many signature operations as Core does.
type Entry struct {
	Tx        *chain.Tx
	Fee       btcutil.Amount
	Modified  btcutil.Amount // the fee with what prioritisetransaction added
	VSize     int
	SigOpCost int
	Time      time.Time // of entry
	Height    int32     // of the tip at entry
	Seq       int64     // order of entry; parents have lower numbers than their children

	Depends []chain.Hash // pool transactions it spends, without duplicates
	SpentBy []chain.Hash // pool transactions that spend it, in order of entry

	// Totals count the transaction itself, and fees as they are modified.
	AncestorCount   int
	AncestorSize    int
	AncestorFees    btcutil.Amount
	DescendantCount int
	DescendantSize  int
	DescendantFees  btcutil.Amount

	Replaceable bool // BIP125: it or an ancestor signals
	Unbroadcast bool // ours, and no peer has asked for it yet

	Scripts []chain.Hash // that it pays or spends from, each once; nil unless the pool keeps them
}

// Candidate is what the miner needs of a pool transaction.
type Candidate struct {
	Tx        *chain.Tx
	Fee       btcutil.Amount
	Modified  btcutil.Amount // by this it is chosen
	VSize     int
	SigOpCost int
	Related   bool // it spends another of the pool, or another spends it
}

// Snapshot is the pool at one moment; parents come before their children.
type Snapshot struct {
	Tip     *chain.HeaderNode // what the pool has followed to
	Txs     []Candidate
	Updates uint64 // as Pool.Updates then said
}

// Stats are the pool's totals, as getmempoolinfo prints them beside the Rules.
type Stats struct {
	Size     int            // transactions
	Bytes    int64          // virtual bytes
	Usage    int64          // bytes of memory, estimated
	MaxUsage int64          // Usage is kept at or below it
	TotalFee btcutil.Amount // of all transactions
	MinFee   policy.FeeRate // below it nothing enters now
	Waiting  int            // transactions that are unbroadcast
	Sequence uint64         // that the next change will have; grows with every change [GetSequence]
}

// TestResult is the answer to one transaction of Test.
type TestResult struct {
	Tx    *chain.Tx
	Fee   btcutil.Amount // valid when Err is nil
	VSize int            // valid when Err is nil
	Rate  policy.FeeRate // of the modified fee; valid when Err is nil
	Err   error          // nil: it would enter
	// NotReached: not checked, because an earlier transaction of the list failed
	// or the list is malformed; Err is nil.
	NotReached bool
	// List says why the list as a whole is malformed (Core: package-error); the same in all results.
	List error
}
