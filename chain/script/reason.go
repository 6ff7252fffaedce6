package script

import (
	"errors"

	"github.com/btcsuite/btcd/txscript/v2"
)

// reason is Bitcoin Core's sentence for the failure of input i under flags;
// people look it up. Where txscript asks its questions in another order than
// Core, or tells fewer failures apart, the failing operation is looked at once
// more: see refine.go.
func (p *Prepared) reason(i int, flags txscript.ScriptFlags, err error) string {
	s := spending{p: p, i: i, flags: flags, path: p.taprootPath(i)}
	if better := s.refine(err); better != "" {
		return better
	}
	return plainReason(err)
}

// plainReason is the sentence that belongs to txscript's error.
func plainReason(err error) string {
	var failure txscript.Error
	if !errors.As(err, &failure) {
		return badSchnorr
	}
	if s, ok := sentences[failure.ErrorCode]; ok {
		return s
	}
	return unknownError
}

// Sentences that several failures share.
const (
	falseTop     = "Script evaluated without error but finished with a false/empty top stack element"
	badOpcode    = "Opcode missing or not understood"
	badDER       = "Non-canonical DER signature"
	badSchnorr   = "Invalid Schnorr signature"
	hashMismatch = "Witness program hash mismatch"
	controlSize  = "Invalid Taproot control block size"
	badPubKey    = "Public key is neither compressed or uncompressed"
	badHashType  = "Signature hash type missing or not understood"
	highS        = "Non-canonical signature: S value is unnecessarily high"
	segwitKey    = "Using non-compressed keys in segwit"
	badIf        = "Invalid OP_IF construction"
	badStack     = "Operation not valid with the current stack size"
	unknownError = "unknown error"
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
	txscript.ErrInvalidStackOperation: badStack,
	txscript.ErrUnbalancedConditional: badIf,
	txscript.ErrNegativeLockTime:      "Negative locktime",
	txscript.ErrUnsatisfiedLockTime:   "Locktime requirement not satisfied",
	txscript.ErrNumberTooBig:          unknownError,
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
	txscript.ErrInvalidSigHashType: badHashType,
	txscript.ErrMinimalData:        "Data push larger than necessary",
	txscript.ErrNotPushOnly:        "Only push operators allowed in signatures",
	txscript.ErrSigHighS:           highS,
	txscript.ErrSigNullDummy:       "Dummy CHECKMULTISIG argument must be zero",
	txscript.ErrPubKeyType:         badPubKey,
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
	txscript.ErrWitnessPubKeyType:              segwitKey,
	txscript.ErrMinimalIf:                      "OP_IF/NOTIF argument must be minimal",
	txscript.ErrControlBlockTooSmall:           controlSize,
	txscript.ErrControlBlockTooLarge:           controlSize,
	txscript.ErrControlBlockInvalidLength:      controlSize,
	txscript.ErrTaprootMerkleProofInvalid:      hashMismatch,
	txscript.ErrTaprootOutputKeyParityMismatch: hashMismatch,
	txscript.ErrTapscriptCheckMultisig:         "OP_CHECKMULTISIG(VERIFY) is not available in tapscript",
	txscript.ErrTaprootPubkeyIsEmpty:           badPubKey,

	// What only the rules of relay forbid.
	txscript.ErrDiscourageUpgradableNOPs:            "NOPx reserved for soft-fork upgrades",
	txscript.ErrDiscourageUpgradableWitnessProgram:  "Witness version reserved for soft-fork upgrades",
	txscript.ErrDiscourageUpgradeableTaprootVersion: "Taproot version reserved for soft-fork upgrades",
	txscript.ErrDiscourageOpSuccess:                 "OP_SUCCESSx reserved for soft-fork upgrades",
	txscript.ErrDiscourageUpgradeablePubKeyType:     "Public key version reserved for soft-fork upgrades",
	txscript.ErrCodeSeparator:                       "Using OP_CODESEPARATOR in non-witness script",
	txscript.ErrNonConstScriptCode:                  "Signature is found in scriptCode",
}

// Verify runs one input's scripts, whatever is remembered of them. Reason is
// why they fail in Core's words [ScriptErrorString]; empty when they are good.
func (p *Prepared) Verify(i int, flags txscript.ScriptFlags) (reason string) {
	err := p.execute(i, flags)
	if err == nil {
		return ""
	}
	return p.reason(i, flags, err)
}
