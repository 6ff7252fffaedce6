package coins

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// AppendUndo writes what a block spent [CBlockUndo]: for each input of each transaction but
// the coinbase the coin, as Append writes it, but without the script's hash
// where the input itself shows what was hashed. The block says how many there are [CTxUndo].
func AppendUndo(dst []byte, txs []*chain.Tx, spent [][]chain.Coin) []byte {
	for i, of := range spent {
		for j := range of {
			dst = appendHead(dst, of[j])
			dst = appendShown(dst, of[j].PkScript, txs[i].TxIn[j])
		}
	}
	return dst
}

// DecodeUndo reads what AppendUndo wrote for the block with these transactions.
func DecodeUndo(b []byte, txs []*chain.Tx) (spent [][]chain.Coin, err error) {
	spent = make([][]chain.Coin, len(txs))
	for i, tx := range txs {
		if i == 0 {
			continue
		}
		spent[i] = make([]chain.Coin, len(tx.TxIn))
		for j, in := range tx.TxIn {
			if spent[i][j], b, err = decodeNext(b, in); err != nil {
				return nil, fmt.Errorf("transaction %d, input %d: %w", i, j, err)
			}
		}
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%d bytes after the undo record", len(b))
	}
	return spent, nil
}

// appendShown writes a script, in short if in shows it.
func appendShown(dst, script []byte, in *wire.TxIn) []byte {
	if form, ok := shownForm(guess(script)); ok && bytes.Equal(shownScript(form, in), script) {
		return binary.AppendUvarint(dst, form)
	}
	return appendScript(dst, script)
}

// shownForm is the short form for a template, if it has one.
func shownForm(form uint64) (uint64, bool) {
	switch form {
	case formP2PKH:
		return formShownP2PKH, true
	case formP2SH:
		return formShownP2SH, true
	case formP2WPKH:
		return formShownP2WPKH, true
	case formP2WSH:
		return formShownP2WSH, true
	}
	return 0, false
}

// shownScript is the script of that short form that in would spend: by the
// hash of its last push, or of the last item of its witness.
func shownScript(form uint64, in *wire.TxIn) []byte {
	switch form {
	case formShownP2PKH:
		return hashScript(formP2PKH, lastPush(in.SignatureScript))
	case formShownP2SH:
		return hashScript(formP2SH, lastPush(in.SignatureScript))
	case formShownP2WPKH:
		return hashScript(formP2WPKH, lastItem(in.Witness))
	}
	sum := sha256.Sum256(lastItem(in.Witness))
	t, _ := templateOf(formP2WSH)
	return t.around(sum[:])
}

func hashScript(form uint64, shown []byte) []byte {
	t, _ := templateOf(form)
	return t.around(address.Hash160(shown))
}

func lastItem(w wire.TxWitness) []byte {
	if len(w) == 0 {
		return nil
	}
	return w[len(w)-1]
}

func lastPush(script []byte) (last []byte) {
	t := txscript.MakeScriptTokenizer(0, script)
	for t.Next() {
		last = t.Data()
	}
	return last
}
