package policy

import (
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// What a transaction may be to be relayed. The names in brackets are Core's.
const (
	minVersion     = 1
	maxVersion     = 3       // TRUC, BIP431 [TX_MAX_STANDARD_VERSION]
	MaxWeight      = 400_000 // [MAX_STANDARD_TX_WEIGHT]
	minBareSize    = 65      // without witness: 64 bytes could pass for an inner merkle node [MIN_STANDARD_TX_NONWITNESS_SIZE]
	maxSigScript   = 1650    // 15-of-15 P2SH multisig with compressed keys [MAX_STANDARD_SCRIPTSIG_SIZE]
	maxDustOutputs = 1       // ephemeral dust [MAX_DUST_OUTPUTS_PER_TX]
	NoData         = -1      // of Rules.DataCarrier [-datacarrier=0]
	maxBareKeys    = 3       // keys of a multisig output that is not behind a hash
)

// CheckTx asks whether the form of a transaction is standard, without its
// inputs' coins [IsStandardTx]. The error is *chain.PolicyError.
func (r Rules) CheckTx(tx *chain.Tx) error {
	if v := uint32(tx.Version); v < minVersion || v > maxVersion {
		return refused(ErrVersion)
	}
	// Checked before the scripts: a large transaction costs more to look at.
	if tx.Weight > MaxWeight {
		return refused(ErrTxSize)
	}
	for _, in := range tx.TxIn {
		if len(in.SignatureScript) > maxSigScript {
			return refused(ErrSigScriptSize)
		}
		if !txscript.IsPushOnlyScript(in.SignatureScript) {
			return refused(ErrSigScriptPush)
		}
	}
	return r.checkOutputs(tx.TxOut)
}

// CheckBareSize refuses what could be mistaken for an inner node of a merkle
// tree. It is asked even of transactions that need not be standard.
func CheckBareSize(tx *chain.Tx) error {
	if tx.SerializeSizeStripped() < minBareSize {
		return refused(ErrTxSizeSmall)
	}
	return nil
}

func (r Rules) checkOutputs(outs []*wire.TxOut) error {
	data, carried, dust := 0, 0, 0
	for _, out := range outs {
		switch KindOf(out.PkScript) {
		case NonStandard:
			return refused(ErrPkScript)
		case Multisig:
			if _, keys, _ := MultisigKeys(out.PkScript); len(keys) > maxBareKeys {
				return refused(ErrPkScript)
			}
			if r.NoBareMultisig {
				return refused(ErrBareMultisig)
			}
		case NullData:
			data++
			carried += len(out.PkScript)
			switch {
			case r.oneDataOutput && int64(len(out.PkScript)) > r.DataCarrier: // NoData is less than all
				return refused(ErrPkScript)
			case !r.oneDataOutput && int64(carried) > r.DataCarrier:
				return refused(ErrDataCarrier)
			}
		}
		if r.IsDust(out) {
			if dust++; r.noDust {
				return refused(ErrDust)
			}
		}
	}
	if dust > maxDustOutputs {
		return refused(ErrDust)
	}
	if r.oneDataOutput && data > 1 {
		return refused(ErrMultiData)
	}
	return nil
}

// CheckFeeOfDust asks that a transaction which makes dust pays no fee itself,
// so that nobody has reason to mine it without the child that spends the dust
// [PreCheckEphemeralTx]. modified is the fee with what was added by prioritisetransaction.
func (r Rules) CheckFeeOfDust(tx *chain.Tx, fee, modified btcutil.Amount) error {
	if fee == 0 && modified == 0 {
		return nil
	}
	for _, out := range tx.TxOut {
		if r.IsDust(out) {
			return chain.Refused(ErrDust, "tx with dust output must be 0-fee")
		}
	}
	return nil
}

func refused(why chain.Policy) error { return &chain.PolicyError{Policy: why} }
