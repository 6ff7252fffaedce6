package policy

import (
	"errors"
	"fmt"

	"grapevine/chain"
)

// Rules are what the releases of Bitcoin Core do not agree on, and what its
// options change. They are a value, chosen once for a node (--policy).
type Rules struct {
	// Name is what the choice is called.
	Name string
	// MinRelay is the rate below which nothing is relayed [DEFAULT_MIN_RELAY_TX_FEE].
	MinRelay FeeRate
	// Increment is what a replacement pays for its own relay, and the step by
	// which eviction raises the floor [DEFAULT_INCREMENTAL_RELAY_FEE].
	Increment FeeRate
	// DustRelay prices the future spending of an output [DUST_RELAY_TX_FEE].
	DustRelay FeeRate
	// BlockMin is the least that a package pays to be chosen for a block of ours
	// [DEFAULT_BLOCK_MIN_TX_FEE].
	BlockMin FeeRate
	// BlockReserved is the weight that a block of ours keeps for header and coinbase; 0:
	// as since 29. NoLockTime leaves its coinbase without the lock time of BIP54.
	BlockReserved int
	NoLockTime    bool
	// DataCarrier is the most bytes of OP_RETURN outputs: of each when there
	// may be one only, else of all together [MAX_OP_RETURN_RELAY]; NoData: none.
	DataCarrier int64
	// BytesPerSigOp is the weight that a signature operation counts for at least
	// [DEFAULT_BYTES_PER_SIGOP].
	BytesPerSigOp int
	// Chains bound what is unconfirmed and builds on each other.
	Chains Chains
	// LowestEstimate: estimates do not tell lower fee rates apart [MIN_BUCKET_FEERATE].
	LowestEstimate FeeRate
	// AnyForm asks nobody for standard forms [-acceptnonstdtxn].
	AnyForm bool
	// NoBareMultisig refuses outputs of multisig that are not behind a hash [-permitbaremultisig=0].
	NoBareMultisig bool
	// OptIn lets only be replaced what signals so by BIP125 [-mempoolfullrbf=0].
	OptIn bool
	// EachPays: a member of a package pays MinRelay by itself, but for families of
	// version 3. Since 31 its child may pay for it.
	EachPays bool

	oneDataOutput bool // of a transaction (multi-op-return)
	noDust        bool // not even the one output that a child must spend, as since 29
	legacySigOps  int  // of all inputs outside witnesses, BIP54; 0: not counted [MAX_TX_LEGACY_SIGOPS]
	// mandatoryWords: a script that fails by consensus too is called so.
	mandatoryWords bool
	// WholeFamilies: a package holds all unconfirmed parents of its child. Since 30 others may
	// be in the pool.
	WholeFamilies bool
	// RestoreAlone: after a restart each transaction must be good by itself, and what
	// only its child pays for is lost.
	RestoreAlone bool
	// NoDetails: testmempoolaccept says the reject word alone.
	NoDetails bool
	// PunishTxs: a transaction that breaks a rule of consensus is its sender's offence.
	PunishTxs bool
}

// Core31 are the rules of Bitcoin Core 31, the default.
func Core31() Rules {
	return Rules{Name: "31", MinRelay: 100, Increment: 100, DustRelay: dustRelay, BlockMin: 1, LowestEstimate: 100,
		DataCarrier: MaxWeight / chain.WitnessScale, BytesPerSigOp: bytesPerSigOp, Chains: defaultChains(), legacySigOps: 2500}
}

// Core28 are the rules of Bitcoin Core 28.1.
func Core28() Rules {
	return Rules{Name: "28.1", MinRelay: 1000, Increment: 1000, DustRelay: dustRelay, BlockMin: 1000, LowestEstimate: 1000,
		DataCarrier: 83, BytesPerSigOp: bytesPerSigOp, Chains: defaultChains(), EachPays: true,
		oneDataOutput: true, noDust: true, mandatoryWords: true, WholeFamilies: true, RestoreAlone: true, NoDetails: true,
		BlockReserved: 4_000, NoLockTime: true, PunishTxs: true}
}

// ParseRules reads a choice: "31" or "28.1".
func ParseRules(name string) (Rules, error) {
	for _, r := range []Rules{Core31(), Core28()} {
		if r.Name == name {
			return r, nil
		}
	}
	return Rules{}, fmt.Errorf("no rules of relay are called %q: the choices are 31 and 28.1", name)
}

// BlockScript is what a script that makes a block invalid is called.
func (r Rules) BlockScript() chain.Rule {
	if r.mandatoryWords {
		return chain.Rule(ErrMandatoryScript)
	}
	return chain.ErrBlockScript
}

// ScriptWord is what the pool calls a script that fails for this reason and
// what it says of it; broken: by consensus too.
func (r Rules) ScriptWord(reason, detail string, broken bool) (word chain.Policy, said string) {
	kind := ErrScript
	switch {
	case r.mandatoryWords && broken:
		kind = ErrMandatoryScript
	case r.mandatoryWords:
		kind = ErrOptionalScript
	}
	if r.mandatoryWords {
		detail = "" // 28.1 does not say which input
	}
	return chain.Policy(fmt.Sprintf("%s (%s)", kind, reason)), detail
}

// DustLeft refuses a transaction that does not spend the dust of an unconfirmed parent.
func DustLeft(tx *chain.Tx) error {
	return chain.Refused(ErrDustLeft, "tx %s (wtxid=%s) did not spend parent's ephemeral dust", tx.ID, tx.WID)
}

// Reconsiderable says whether a refusal is for the fee alone, so that a child
// may make it good (CPFP; Core: TX_RECONSIDERABLE).
func Reconsiderable(tx *chain.Tx, err error) bool {
	if errors.Is(err, ErrMinRelayFee) {
		refusal, ok := errors.AsType[*chain.PolicyError](err)
		return ok && refusal.Bumpable || tx.Version == TRUCVersion
	}
	return errors.Is(err, ErrPoolMinFee) || errors.Is(err, ErrPoolFull) || errors.Is(err, ErrInsufficient)
}

// PaysAlone says whether no child can pay the lowest rate of relay for it: it
// would stay when the child goes. Families of version 3 go together.
func (r Rules) PaysAlone(tx *chain.Tx) bool { return r.EachPays && tx.Version != TRUCVersion }
