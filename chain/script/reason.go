package script

import (
	"errors"

	"github.com/btcsuite/btcd/txscript/v2"
)

// reason is Bitcoin Core's sentence for a script failure; people look it up.
// Failures that txscript does not name are of Schnorr signatures and keys.
func reason(err error) string {
	var failure txscript.Error
	if !errors.As(err, &failure) {
		return "Invalid Schnorr signature"
	}
	for _, sentences := range []map[txscript.ErrorCode]string{
		evalSentences(), limitSentences(), encodingSentences(), witnessSentences(), policySentences(),
	} {
		if s, ok := sentences[failure.ErrorCode]; ok {
			return s
		}
	}
	return "unknown error"
}

func evalSentences() map[txscript.ErrorCode]string {
	const falseTop = "Script evaluated without error but finished with a false/empty top stack element"
	return map[txscript.ErrorCode]string{
		txscript.ErrEvalFalse:             falseTop,
		txscript.ErrEmptyStack:            falseTop,
		txscript.ErrVerify:                "Script failed an OP_VERIFY operation",
		txscript.ErrEqualVerify:           "Script failed an OP_EQUALVERIFY operation",
		txscript.ErrNumEqualVerify:        "Script failed an OP_NUMEQUALVERIFY operation",
		txscript.ErrCheckSigVerify:        "Script failed an OP_CHECKSIGVERIFY operation",
		txscript.ErrCheckMultiSigVerify:   "Script failed an OP_CHECKMULTISIGVERIFY operation",
		txscript.ErrEarlyReturn:           "OP_RETURN was encountered",
		txscript.ErrDisabledOpcode:        "Attempted to use a disabled opcode",
		txscript.ErrReservedOpcode:        "Opcode missing or not understood",
		txscript.ErrMalformedPush:         "Opcode missing or not understood",
		txscript.ErrInvalidStackOperation: "Operation not valid with the current stack size",
		txscript.ErrUnbalancedConditional: "Invalid OP_IF construction",
		txscript.ErrNegativeLockTime:      "Negative locktime",
		txscript.ErrUnsatisfiedLockTime:   "Locktime requirement not satisfied",
		txscript.ErrNumberTooBig:          "Script number overflowed or is non-minimally encoded",
		txscript.ErrCleanStack:            "Stack size must be exactly one after execution",
	}
}

func limitSentences() map[txscript.ErrorCode]string {
	return map[txscript.ErrorCode]string{
		txscript.ErrScriptTooBig:          "Script is too big",
		txscript.ErrElementTooBig:         "Push value size limit exceeded",
		txscript.ErrTooManyOperations:     "Operation limit exceeded",
		txscript.ErrStackOverflow:         "Stack size limit exceeded",
		txscript.ErrInvalidPubKeyCount:    "Pubkey count negative or limit exceeded",
		txscript.ErrInvalidSignatureCount: "Signature count negative or greater than pubkey count",
		txscript.ErrTaprootMaxSigOps:      "Too much signature validation relative to witness weight",
	}
}

func encodingSentences() map[txscript.ErrorCode]string {
	m := map[txscript.ErrorCode]string{
		txscript.ErrInvalidSigHashType: "Signature hash type missing or not understood",
		txscript.ErrMinimalData:        "Data push larger than necessary",
		txscript.ErrNotPushOnly:        "Only push operators allowed in signatures",
		txscript.ErrSigHighS:           "Non-canonical signature: S value is unnecessarily high",
		txscript.ErrSigNullDummy:       "Dummy CHECKMULTISIG argument must be zero",
		txscript.ErrPubKeyType:         "Public key is neither compressed or uncompressed",
		txscript.ErrNullFail:           "Signature must be zero for failed CHECK(MULTI)SIG operation",
	}
	for _, code := range []txscript.ErrorCode{
		txscript.ErrSigTooShort, txscript.ErrSigTooLong, txscript.ErrSigInvalidSeqID,
		txscript.ErrSigInvalidDataLen, txscript.ErrSigMissingSTypeID, txscript.ErrSigMissingSLen,
		txscript.ErrSigInvalidSLen, txscript.ErrSigInvalidRIntID, txscript.ErrSigZeroRLen,
		txscript.ErrSigNegativeR, txscript.ErrSigTooMuchRPadding, txscript.ErrSigInvalidSIntID,
		txscript.ErrSigZeroSLen, txscript.ErrSigNegativeS, txscript.ErrSigTooMuchSPadding,
	} {
		m[code] = "Non-canonical DER signature"
	}
	return m
}

func witnessSentences() map[txscript.ErrorCode]string {
	const controlSize = "Invalid Taproot control block size"
	return map[txscript.ErrorCode]string{
		txscript.ErrWitnessProgramWrongLength:      "Witness program has incorrect length",
		txscript.ErrWitnessProgramEmpty:            "Witness program was passed an empty witness",
		txscript.ErrWitnessProgramMismatch:         "Witness program hash mismatch",
		txscript.ErrWitnessMalleated:               "Witness requires empty scriptSig",
		txscript.ErrWitnessMalleatedP2SH:           "Witness requires only-redeemscript scriptSig",
		txscript.ErrWitnessUnexpected:              "Witness provided for non-witness script",
		txscript.ErrWitnessPubKeyType:              "Using non-compressed keys in segwit",
		txscript.ErrMinimalIf:                      "OP_IF/NOTIF argument must be minimal",
		txscript.ErrTaprootSigInvalid:              "Invalid Schnorr signature",
		txscript.ErrInvalidTaprootSigLen:           "Invalid Schnorr signature size",
		txscript.ErrControlBlockTooSmall:           controlSize,
		txscript.ErrControlBlockTooLarge:           controlSize,
		txscript.ErrControlBlockInvalidLength:      controlSize,
		txscript.ErrTaprootMerkleProofInvalid:      "Witness program hash mismatch",
		txscript.ErrTaprootOutputKeyParityMismatch: "Witness program hash mismatch",
		txscript.ErrTapscriptCheckMultisig:         "OP_CHECKMULTISIG(VERIFY) is not available in tapscript",
		txscript.ErrTaprootPubkeyIsEmpty:           "Empty public key in tapscript",
	}
}

func policySentences() map[txscript.ErrorCode]string {
	return map[txscript.ErrorCode]string{
		txscript.ErrDiscourageUpgradableNOPs:            "NOPx reserved for soft-fork upgrades",
		txscript.ErrDiscourageUpgradableWitnessProgram:  "Witness version reserved for soft-fork upgrades",
		txscript.ErrDiscourageUpgradeableTaprootVersion: "Taproot version reserved for soft-fork upgrades",
		txscript.ErrDiscourageOpSuccess:                 "OP_SUCCESSx reserved for soft-fork upgrades",
		txscript.ErrDiscourageUpgradeablePubKeyType:     "Public key version reserved for soft-fork upgrades",
		txscript.ErrCodeSeparator:                       "Using OP_CODESEPARATOR in non-witness script",
		txscript.ErrNonConstScriptCode:                  "Signature is found in scriptCode",
	}
}
