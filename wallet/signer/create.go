package signer

import (
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/script"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// Creator makes the signatures of one input.
type Creator interface {
	// ECDSA signs for a key; witness: as BIP143 says. False: the key is not there.
	ECDSA(known *descriptor.Provider, pub, code []byte, witness bool) ([]byte, bool)
	// Schnorr signs for a key by its x: for a script of the tree, or (leaf nil) for
	// the output itself, tweaked by the root where that is not nil (BIP341).
	Schnorr(known *descriptor.Provider, x []byte, leaf *Proof, root []byte) ([]byte, bool)
	// After and Older say whether a lock time of a script allows what is signed.
	After(time uint32) bool
	Older(age uint32) bool
	// Check says whether a solution is good.
	Check(scriptSig []byte, witness wire.TxWitness) bool
}

// Tx is a transaction that is signed, with the coins that it spends. One that
// is not known has no PkScript.
type Tx struct {
	msg     *wire.MsgTx
	coins   []chain.Coin
	whole   bool // all coins are known (BIP341 signs them all)
	fetcher *txscript.MultiPrevOutFetcher
	hashes  *txscript.TxSigHashes
	open    *script.Prepared // the same transaction, to run its scripts
}

// NewTx prepares a transaction; it is changed in place.
func NewTx(msg *wire.MsgTx, coins []chain.Coin, whole bool) *Tx {
	outs := make(map[wire.OutPoint]*wire.TxOut, len(coins))
	for i, in := range msg.TxIn {
		outs[in.PreviousOutPoint] = wire.NewTxOut(int64(coins[i].Value), coins[i].PkScript)
	}
	fetcher := txscript.NewMultiPrevOutFetcher(outs)
	return &Tx{
		msg: msg, coins: coins, whole: whole, fetcher: fetcher, hashes: txscript.NewTxSigHashes(msg, fetcher),
		open: script.PrepareOpen(msg, coins),
	}
}

// Verify says in Core's words why an input is not good; empty when it is.
func (t *Tx) Verify(i int) string { return t.open.Verify(i, txscript.StandardVerifyFlags) }

// input is a Creator for one input.
type input struct {
	*Tx
	at   int
	kind txscript.SigHashType
}

// Input makes signatures of that kind for an input.
func (t *Tx) Input(i int, kind txscript.SigHashType) Creator { return input{t, i, kind} }

func (in input) ECDSA(known *descriptor.Provider, pub, code []byte, witness bool) ([]byte, bool) {
	secret, ok := known.SecretOf(pub)
	if !ok || witness && !secret.Compressed {
		return nil, false
	}
	kind := in.kind
	if kind == txscript.SigHashDefault {
		kind = txscript.SigHashAll
	}
	hash, err := in.ecdsaHash(code, kind, witness)
	if err != nil {
		return nil, false
	}
	return append(wallet.SignLowR(secret.Key, hash), byte(kind)), true
}

func (in input) ecdsaHash(code []byte, kind txscript.SigHashType, witness bool) ([]byte, error) {
	if witness {
		return txscript.CalcWitnessSigHash(code, in.hashes, kind, in.msg, in.at, int64(in.coins[in.at].Value))
	}
	return txscript.CalcSignatureHash(code, kind, in.msg, in.at)
}

// good says whether a signature with its kind behind it is the key's.
func (in input) good(sig, pub []byte, code signedCode) bool {
	if len(sig) == 0 {
		return false
	}
	key, err := btcec.ParsePubKey(pub)
	if err != nil {
		return false
	}
	parsed, err := ecdsa.ParseDERSignature(sig[:len(sig)-1])
	if err != nil {
		return false
	}
	hash, err := in.ecdsaHash(code.script, txscript.SigHashType(sig[len(sig)-1]), code.segwit)
	return err == nil && parsed.Verify(hash, key)
}

func (in input) Schnorr(known *descriptor.Provider, x []byte, leaf *Proof, root []byte) ([]byte, bool) {
	secret, ok := known.SecretOf(x)
	if !ok || !in.whole {
		return nil, false
	}
	key := secret.Key
	if root != nil {
		key = txscript.TweakTaprootPrivKey(*key, root)
	}
	hash, err := in.schnorrHash(leaf)
	if err != nil {
		return nil, false
	}
	sig, err := schnorr.Sign(key, hash, schnorr.CustomNonce(chainhash.Hash{})) // Core's auxiliary randomness is zero, too
	if err != nil {
		return nil, false
	}
	raw := sig.Serialize()
	if in.kind != txscript.SigHashDefault {
		raw = append(raw, byte(in.kind))
	}
	return raw, true
}

func (in input) schnorrHash(leaf *Proof) ([]byte, error) {
	if leaf == nil {
		return txscript.CalcTaprootSignatureHash(in.hashes, in.kind, in.msg, in.at, in.fetcher)
	}
	return txscript.CalcTapscriptSignaturehash(in.hashes, in.kind, in.msg, in.at, in.fetcher, leaf.tap())
}

func (in input) Check(scriptSig []byte, witness wire.TxWitness) bool {
	return in.Good(in.at, scriptSig, witness)
}

// Good says whether an input with these scripts is good.
func (t *Tx) Good(i int, scriptSig []byte, witness wire.TxWitness) bool {
	in := t.msg.TxIn[i]
	oldSig, oldWitness := in.SignatureScript, in.Witness
	in.SignatureScript, in.Witness = scriptSig, witness
	good := t.Verify(i) == ""
	in.SignatureScript, in.Witness = oldSig, oldWitness
	return good
}

// Pretend makes signatures of the right size that are by nobody, to see what a
// solution would be (Core: DUMMY_SIGNATURE_CREATOR).
type Pretend struct {
	HighR   bool // who signs takes any R: a byte more of ECDSA (Core: use_max_sig)
	AnyHash bool // the kind may stand behind a Schnorr signature: a byte more
	ByLeaf  bool // a taproot output's key signs nothing: a script of its tree must do
	Own     bool // only private keys that are there make Schnorr signatures
}

const (
	pretendedECDSA   = 71 // bytes, with low R and its kind
	pretendedSchnorr = 64
)

// ECDSA pretends.
func (p Pretend) ECDSA(*descriptor.Provider, []byte, []byte, bool) ([]byte, bool) {
	return make([]byte, pretendedECDSA+one(p.HighR)), true
}

// Schnorr pretends.
func (p Pretend) Schnorr(known *descriptor.Provider, x []byte, leaf *Proof, _ []byte) ([]byte, bool) {
	if leaf == nil && p.ByLeaf {
		return nil, false
	}
	if _, ok := known.SecretOf(x); p.Own && !ok {
		return nil, false
	}
	return make([]byte, pretendedSchnorr+one(p.AnyHash)), true
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// Check believes.
func (Pretend) Check([]byte, wire.TxWitness) bool { return true }

// NoAmount stands for a coin whose amount nobody said (Core takes MAX_MONEY).
const NoAmount = btcutil.Amount(chain.MaxMoney)

// Nobody signs nothing; solving with it only tells what is known.
type Nobody struct{}

// ECDSA has no key.
func (Nobody) ECDSA(*descriptor.Provider, []byte, []byte, bool) ([]byte, bool) { return nil, false }

// Schnorr has no key.
func (Nobody) Schnorr(*descriptor.Provider, []byte, *Proof, []byte) ([]byte, bool) {
	return nil, false
}

// Check trusts nothing.
func (Nobody) Check([]byte, wire.TxWitness) bool { return false }
