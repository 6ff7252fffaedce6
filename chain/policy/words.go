package policy

import "grapevine/chain"

// Why a transaction by itself is not relayed.
const (
	ErrVersion        chain.Policy = "version"
	ErrTxSize         chain.Policy = "tx-size"
	ErrTxSizeSmall    chain.Policy = "tx-size-small"
	ErrSigScriptSize  chain.Policy = "scriptsig-size"
	ErrSigScriptPush  chain.Policy = "scriptsig-not-pushonly"
	ErrPkScript       chain.Policy = "scriptpubkey"
	ErrBareMultisig   chain.Policy = "bare-multisig"
	ErrDataCarrier    chain.Policy = "datacarrier"
	ErrDust           chain.Policy = "dust"
	ErrCoinbase       chain.Policy = "coinbase"
	ErrNonFinal       chain.Policy = "non-final"
	ErrTooManySigOps  chain.Policy = "bad-txns-too-many-sigops"
	ErrWitness        chain.Policy = "bad-witness-nonstandard"
	ErrInputs         chain.Policy = "bad-txns-nonstandard-inputs"
	ErrSequenceLocked chain.Policy = "non-BIP68-final"
	ErrImmature       chain.Policy = "bad-txns-premature-spend-of-coinbase"
	ErrMultiData      chain.Policy = "multi-op-return" // 28.1
	// A script fails; the word goes on with the reason: (…). Since 30 it is one word.
	ErrScript          chain.Policy = "mempool-script-verify-flag-failed"
	ErrMandatoryScript chain.Policy = "mandatory-script-verify-flag-failed" // 28.1: by consensus too
	ErrOptionalScript  chain.Policy = "non-mandatory-script-verify-flag"    // 28.1: by the rules of relay alone
)

// Why it does not fit the pool as that is now.
const (
	ErrInPool       chain.Policy = "txn-already-in-mempool"
	ErrSameTxID     chain.Policy = "txn-same-nonwitness-data-in-mempool"
	ErrKnown        chain.Policy = "txn-already-known"
	ErrConflict     chain.Policy = "txn-mempool-conflict"
	ErrMinRelayFee  chain.Policy = "min relay fee not met"
	ErrPoolMinFee   chain.Policy = "mempool min fee not met"
	ErrPoolFull     chain.Policy = "mempool full"
	ErrLongChain    chain.Policy = "too-long-mempool-chain"
	ErrMaxFee       chain.Policy = "max-fee-exceeded"
	ErrInsufficient chain.Policy = "insufficient fee"
	ErrAddsUnconf   chain.Policy = "replacement-adds-unconfirmed"
	ErrTooManyRepl  chain.Policy = "too many potential replacements"
	ErrDustLeft     chain.Policy = "missing-ephemeral-spends"
	ErrTRUC         chain.Policy = "TRUC-violation"
	ErrExpired      chain.Policy = "mempool-expired" // from before a restart, and has waited too long
	ErrSpendsOwn    chain.Policy = "bad-txns-spends-conflicting-tx"
)

// Why a package is refused, as a whole or in its members.
const (
	ErrPackageCount      chain.Policy = "package-too-many-transactions"
	ErrPackageWeight     chain.Policy = "package-too-large"
	ErrPackageDuplicates chain.Policy = "package-contains-duplicates"
	ErrPackageOrder      chain.Policy = "package-not-sorted"
	ErrPackageConflict   chain.Policy = "conflict-in-package"
	ErrPackageShape      chain.Policy = "package-not-child-with-parents"
	ErrPackageParents    chain.Policy = "package-not-child-with-unconfirmed-parents"
	ErrPackageLimits     chain.Policy = "package-mempool-limits"
	ErrPackageMember     chain.Policy = "transaction failed"
	ErrPackageDust       chain.Policy = "unspent-dust"
	ErrNoReplacement     chain.Policy = "bip125-replacement-disallowed" // of a list under test
	ErrMaxRate           chain.Policy = "max feerate exceeded"          // more than who submits it would pay
)
