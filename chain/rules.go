package chain

import "github.com/btcsuite/btcd/btcutil/v2"

// Limits of consensus. The names in brackets are Bitcoin Core's.
const (
	MaxBlockWeight   = 4_000_000 // the block weight of BIP141, at most [MAX_BLOCK_WEIGHT]
	MaxSigOpCost     = 80_000    // per block, legacy and P2SH operations count four [MAX_BLOCK_SIGOPS_COST]
	WitnessScale     = 4         // weight of a byte outside witnesses [WITNESS_SCALE_FACTOR]
	CoinbaseMaturity = 100       // confirmations before a coinbase may be spent [COINBASE_MATURITY]

	MaxMoney btcutil.Amount = 21_000_000 * 100_000_000 // satoshis [MAX_MONEY]

	// MaxFutureTime is how far a header may be ahead of our clock, in seconds [MAX_FUTURE_BLOCK_TIME].
	MaxFutureTime = 2 * 60 * 60
	// MaxTimewarp is how far, in seconds, the first block of a difficulty
	// period may lie before its parent where BIP94 holds [MAX_TIMEWARP].
	MaxTimewarp = 600
	// medianTimeSpan is how many headers the median time is taken over [nMedianTimeSpan].
	medianTimeSpan = 11

	minCoinbaseScript = 2   // bytes of a coinbase's input script [bad-cb-length]
	maxCoinbaseScript = 100 // the same at most

	// lockTimeThreshold divides heights (below) from Unix times [LOCKTIME_THRESHOLD].
	lockTimeThreshold = 500_000_000
)

// Rules of headers.
const (
	ErrHighHash   Rule = "high-hash"            // proof of work does not meet the claimed target, or the target is not allowed
	ErrBadBits    Rule = "bad-diffbits"         // not the difficulty that the retarget rule asks for
	ErrTimeTooOld Rule = "time-too-old"         // not after the median of the last 11 headers
	ErrTimewarp   Rule = "time-timewarp-attack" // BIP94
	ErrBadVersion Rule = "bad-version"          // too old for the soft forks that hold; the word goes on with the version: bad-version(0x00000001)
	ErrBadParent  Rule = "bad-prevblk"          // builds on an invalid block
	ErrCheckpoint Rule = "bad-fork-prior-to-checkpoint"
)

// Rules of blocks.
const (
	ErrBadMerkleRoot        Rule = "bad-txnmrklroot"
	ErrDuplicateTx          Rule = "bad-txns-duplicate" // CVE-2012-2459: the merkle tree repeats a tail
	ErrBadBlockLength       Rule = "bad-blk-length"
	ErrBadBlockWeight       Rule = "bad-blk-weight"
	ErrBadSigOps            Rule = "bad-blk-sigops"
	ErrCoinbaseMissing      Rule = "bad-cb-missing"
	ErrCoinbaseMultiple     Rule = "bad-cb-multiple"
	ErrCoinbaseHeight       Rule = "bad-cb-height" // BIP34
	ErrCoinbaseAmount       Rule = "bad-cb-amount"
	ErrBadWitnessNonce      Rule = "bad-witness-nonce-size"
	ErrBadWitnessCommitment Rule = "bad-witness-merkle-match"
	ErrUnexpectedWitness    Rule = "unexpected-witness"
	ErrBIP30                Rule = "bad-txns-BIP30"
	ErrBlockScript          Rule = "block-script-verify-flag-failed" // the word goes on with the reason: (…)
	ErrAccumulatedFee       Rule = "bad-txns-accumulated-fee-outofrange"
	ErrSignetSolution       Rule = "bad-signet-blksig" // BIP325
)

// Rules of transactions.
const (
	ErrNoInputs         Rule = "bad-txns-vin-empty"
	ErrNoOutputs        Rule = "bad-txns-vout-empty"
	ErrTxOversize       Rule = "bad-txns-oversize"
	ErrOutputNegative   Rule = "bad-txns-vout-negative"
	ErrOutputTooLarge   Rule = "bad-txns-vout-toolarge"
	ErrOutputTotal      Rule = "bad-txns-txouttotal-toolarge"
	ErrDuplicateInputs  Rule = "bad-txns-inputs-duplicate" // CVE-2018-17144
	ErrCoinbaseLength   Rule = "bad-cb-length"
	ErrNullPrevout      Rule = "bad-txns-prevout-null"
	ErrImmatureCoinbase Rule = "bad-txns-premature-spend-of-coinbase"
	ErrInputValues      Rule = "bad-txns-inputvalues-outofrange"
	ErrInBelowOut       Rule = "bad-txns-in-belowout"
	ErrFeeRange         Rule = "bad-txns-fee-outofrange"
	ErrNonFinal         Rule = "bad-txns-nonfinal"              // in a block: lock time, or BIP68's relative locks
	ErrInputsMissing    Rule = "bad-txns-inputs-missingorspent" // in a block; see ErrMissingCoin for the pool
)
