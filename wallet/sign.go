package wallet

import (
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// KeyFor finds the key of a script; ok is false when it is not ours.
type KeyFor func(script []byte) (key *btcec.PrivateKey, kind Kind, ok bool, err error)

// Ring finds keys that belong to no wallet, by their scripts of every kind.
func Ring(keys []*btcec.PrivateKey) KeyFor {
	type held struct {
		key  *btcec.PrivateKey
		kind Kind
	}
	byScript := map[string]held{}
	for _, key := range keys {
		for _, kind := range Kinds() {
			byScript[string(kind.script(key.PubKey()))] = held{key, kind}
		}
	}
	return func(script []byte) (*btcec.PrivateKey, Kind, bool, error) {
		h, ok := byScript[string(script)]
		return h.key, h.kind, ok, nil
	}
}

// Sign signs, in place, every input of tx whose coin is ours, and says which
// inputs are not good after that (inputs that others signed well are). Coins
// that tx spends are in prev. Signatures are deterministic (RFC 6979, BIP340).
func Sign(tx *wire.MsgTx, prev map[wire.OutPoint]chain.Coin, key KeyFor) ([]SignProblem, error) {
	known := make(map[wire.OutPoint]*wire.TxOut, len(tx.TxIn))
	for _, in := range tx.TxIn {
		if c, ok := prev[in.PreviousOutPoint]; ok {
			known[in.PreviousOutPoint] = wire.NewTxOut(int64(c.Value), c.PkScript)
		}
	}
	whole := len(known) == len(tx.TxIn) // BIP341 signs all coins spent
	for _, in := range tx.TxIn {
		if known[in.PreviousOutPoint] == nil {
			known[in.PreviousOutPoint] = wire.NewTxOut(0, nil) // txscript wants an entry for each
		}
	}
	fetcher := txscript.NewMultiPrevOutFetcher(known)
	s := signer{tx: tx, prev: prev, key: key, whole: whole, fetcher: fetcher, hashes: txscript.NewTxSigHashes(tx, fetcher)}
	var problems []SignProblem
	for i := range tx.TxIn {
		why, err := s.input(i)
		if err != nil {
			return nil, fmt.Errorf("sign input %d: %w", i, err)
		}
		if why != "" {
			problems = append(problems, SignProblem{Input: i, Why: why})
		}
	}
	return problems, nil
}

type signer struct {
	tx      *wire.MsgTx
	prev    map[wire.OutPoint]chain.Coin
	key     KeyFor
	whole   bool // every coin that tx spends is known
	fetcher *txscript.MultiPrevOutFetcher
	hashes  *txscript.TxSigHashes
}

// input signs one input if its key is ours and checks the outcome with the
// script engine, whoever signed.
func (s *signer) input(i int) (why string, err error) {
	in := s.tx.TxIn[i]
	coin, ok := s.prev[in.PreviousOutPoint]
	if !ok {
		return "Input not found or already spent", nil
	}
	priv, kind, ours, err := s.key(coin.PkScript)
	if err != nil {
		return "", err
	}
	if ours {
		if kind == Taproot && !s.whole {
			return "Taproot signs every coin that the transaction spends, and one of them is not known", nil
		}
		if err := s.sign(i, coin, priv, kind); err != nil {
			return "", err
		}
	}
	return s.check(i, coin), nil
}

// sign fills in the input's script and witness.
func (s *signer) sign(i int, coin chain.Coin, priv *btcec.PrivateKey, kind Kind) (err error) {
	in, script := s.tx.TxIn[i], coin.PkScript
	in.SignatureScript, in.Witness = nil, nil
	switch kind {
	case Taproot:
		in.Witness, err = txscript.TaprootWitnessSignature(s.tx, s.hashes, i, int64(coin.Value), script, txscript.SigHashDefault, priv)
		return err
	case Legacy:
		hash, err := txscript.CalcSignatureHash(script, txscript.SigHashAll, s.tx, i)
		if err != nil {
			return err
		}
		sig, pub := ecdsaInput(priv, hash, txscript.SigHashAll)
		in.SignatureScript, err = txscript.NewScriptBuilder().AddData(sig).AddData(pub).Script()
		return err
	case Nested:
		script = keyHashScript(priv.PubKey())
		if in.SignatureScript, err = txscript.NewScriptBuilder().AddData(script).Script(); err != nil {
			return err
		}
	}
	hash, err := txscript.CalcWitnessSigHash(script, s.hashes, txscript.SigHashAll, s.tx, i, int64(coin.Value))
	if err != nil {
		return err
	}
	sig, pub := ecdsaInput(priv, hash, txscript.SigHashAll)
	in.Witness = wire.TxWitness{sig, pub}
	return nil
}

// check runs the script; why is empty when the input is good.
func (s *signer) check(i int, coin chain.Coin) (why string) {
	vm, err := txscript.NewEngine(coin.PkScript, s.tx, i, txscript.StandardVerifyFlags, nil, s.hashes, int64(coin.Value), s.fetcher)
	if err == nil {
		err = vm.Execute()
	}
	if err != nil {
		return "Unable to sign input, or a signature is not good: " + err.Error()
	}
	return ""
}
