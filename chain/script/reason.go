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
		return badSchnorr
	}
	if s, ok := sentences[failure.ErrorCode]; ok {
		return s
	}
	return "unknown error"
}

// Sentences that several failures share.
const (
	falseTop     = "Script evaluated without error but finished with a false/empty top stack element"
	badOpcode    = "Opcode missing or not understood"
	badDER       = "Non-canonical DER signature"
	badSchnorr   = "Invalid Schnorr signature"
	hashMismatch = "Witness program hash mismatch"
	controlSize  = "Invalid Taproot control block size"
)

// sentences are Bitcoin Core's [ScriptErrorString].
var sentences = map[txscript.ErrorCode]string{
	// What a script does.
	txscript.ErrEvalFalse:             falseTop,
	txscript.ErrEmptyStack:            falseTop,
	txscript.ErrVerify:                "Script failed an OP_VERIFY operation",
	txscript.ErrEqualVerify:           "Script failed an OP_EQUALVERIFY operation",
	txscript.ErrNumEqualVerify:        "Script failed an OP_NUMEQUALVERIFY operation",
	txscript.ErrCheckSigVerify:        "Script failed an OP_CHECKSIGVERIFY operation",
	txscript.ErrCheckMultiSigVerify:   "Script failed an OP_CHECKMULTISIGVERIFY operation",
	txscript.ErrEarlyReturn:           "OP_RETURN was encountered",
	txscript.ErrDisabledOpcode:        "Attempted to use a disabled opcode",
	txscript.ErrReservedOpcode:        badOpcode,
	txscript.ErrMalformedPush:         badOpcode,
	txscript.ErrInvalidStackOperation: "Operation not valid with the current stack size",
	txscript.ErrUnbalancedConditional: "Invalid OP_IF construction",
	txscript.ErrNegativeLockTime:      "Negative locktime",
	txscript.ErrUnsatisfiedLockTime:   "Locktime requirement not satisfied",
	txscript.ErrNumberTooBig:          "Script number overflowed or is non-minimally encoded",
	txscript.ErrCleanStack:            "Stack size must be exactly one after execution",

	// Limits.
	txscript.ErrScriptTooBig:          "Script is too big",
	txscript.ErrElementTooBig:         "Push value size limit exceeded",
	txscript.ErrTooManyOperations:     "Operation limit exceeded",
	txscript.ErrStackOverflow:         "Stack size limit exceeded",
	txscript.ErrInvalidPubKeyCount:    "Pubkey count negative or limit exceeded",
	txscript.ErrInvalidSignatureCount: "Signature count negative or greater than pubkey count",
	txscript.ErrTaprootMaxSigOps:      "Too much signature validation relative to witness weight",

	// Encodings of numbers, keys and signatures.
	txscript.ErrInvalidSigHashType: "Signature hash type missing or not understood",
	txscript.ErrMinimalData:        "Data push larger than necessary",
	txscript.ErrNotPushOnly:        "Only push operators allowed in signatures",
	txscript.ErrSigHighS:           "Non-canonical signature: S value is unnecessarily high",
	txscript.ErrSigNullDummy:       "Dummy CHECKMULTISIG argument must be zero",
	txscript.ErrPubKeyType:         "Public key is neither compressed or uncompressed",
	txscript.ErrNullFail:           "Signature must be zero for failed CHECK(MULTI)SIG operation",
	txscript.ErrSigTooShort:        badDER,
	txscript.ErrSigTooLong:         badDER,
	txscript.ErrSigInvalidSeqID:    badDER,
	txscript.ErrSigInvalidDataLen:  badDER,
	txscript.ErrSigMissingSTypeID:  badDER,
	txscript.ErrSigMissingSLen:     badDER,
	txscript.ErrSigInvalidSLen:     badDER,
	txscript.ErrSigInvalidRIntID:   badDER,
	txscript.ErrSigZeroRLen:        badDER,
	txscript.ErrSigNegativeR:       badDER,
	txscript.ErrSigTooMuchRPadding: badDER,
	txscript.ErrSigInvalidSIntID:   badDER,
	txscript.ErrSigZeroSLen:        badDER,
	txscript.ErrSigNegativeS:       badDER,
	txscript.ErrSigTooMuchSPadding: badDER,

	// Witness programs.
	txscript.ErrWitnessProgramWrongLength:      "Witness program has incorrect length",
	txscript.ErrWitnessProgramEmpty:            "Witness program was passed an empty witness",
	txscript.ErrWitnessProgramMismatch:         hashMismatch,
	txscript.ErrWitnessMalleated:               "Witness requires empty scriptSig",
	txscript.ErrWitnessMalleatedP2SH:           "Witness requires only-redeemscript scriptSig",
	txscript.ErrWitnessUnexpected:              "Witness provided for non-witness script",
	txscript.ErrWitnessPubKeyType:              "Using non-compressed keys in segwit",
	txscript.ErrMinimalIf:                      "OP_IF/NOTIF argument must be minimal",
	txscript.ErrTaprootSigInvalid:              badSchnorr,
	txscript.ErrInvalidTaprootSigLen:           "Invalid Schnorr signature size",
	txscript.ErrControlBlockTooSmall:           controlSize,
	txscript.ErrControlBlockTooLarge:           controlSize,
	txscript.ErrControlBlockInvalidLength:      controlSize,
	txscript.ErrTaprootMerkleProofInvalid:      hashMismatch,
	txscript.ErrTaprootOutputKeyParityMismatch: hashMismatch,
	txscript.ErrTapscriptCheckMultisig:         "OP_CHECKMULTISIG(VERIFY) is not available in tapscript",
	txscript.ErrTaprootPubkeyIsEmpty:           "Empty public key in tapscript",

	// What only the rules of relay forbid.
	txscript.ErrDiscourageUpgradableNOPs:            "NOPx reserved for soft-fork upgrades",
	txscript.ErrDiscourageUpgradableWitnessProgram:  "Witness version reserved for soft-fork upgrades",
	txscript.ErrDiscourageUpgradeableTaprootVersion: "Taproot version reserved for soft-fork upgrades",
	txscript.ErrDiscourageOpSuccess:                 "OP_SUCCESSx reserved for soft-fork upgrades",
	txscript.ErrDiscourageUpgradeablePubKeyType:     "Public key version reserved for soft-fork upgrades",
	txscript.ErrCodeSeparator:                       "Using OP_CODESEPARATOR in non-witness script",
	txscript.ErrNonConstScriptCode:                  "Signature is found in scriptCode",
}
