package chain

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// signetHeader marks the push in the witness commitment that carries a block's
// signature (BIP325).
const signetHeader = "\xec\xc7\xda\xa2"

// signetFlags are the script rules for the signature [BLOCK_SCRIPT_VERIFY_FLAGS].
const signetFlags = txscript.ScriptBip16 | txscript.ScriptVerifyWitness |
	txscript.ScriptVerifyDERSignatures | txscript.ScriptStrictMultiSig

// checkSignet checks a signet block's signature (BIP325): the block stands for
// a coin that the signet challenge locks, and the signature is the input that spends
// it [CheckSignetBlockSolution].
func checkSignet(p *Params, b *Block) error {
	if p.SignetChallenge == nil || b.Hash == *p.GenesisHash {
		return nil
	}
	coin, spend, err := signetTxs(p.SignetChallenge, b)
	if err == nil {
		err = runSignet(coin.TxOut[0], spend)
	}
	if err != nil {
		return Broken(ErrSignetSolution, "signet block signature validation failure: %v", err)
	}
	return nil
}

func runSignet(out *wire.TxOut, spend *wire.MsgTx) error {
	fetch := txscript.NewCannedPrevOutputFetcher(out.PkScript, out.Value)
	hashes := txscript.NewTxSigHashes(spend, fetch)
	vm, err := txscript.NewEngine(out.PkScript, spend, 0, signetFlags, nil, hashes, out.Value, fetch)
	if err != nil {
		return err
	}
	return vm.Execute()
}

// signetTxs are BIP325's two made-up transactions: the one that the block
// stands for, and the one that spends its only output.
func signetTxs(challenge []byte, b *Block) (coin, spend *wire.MsgTx, err error) {
	if len(b.Txs) == 0 {
		return nil, nil, errors.New("no transactions")
	}
	coinbase := b.Txs[0].MsgTx.Copy()
	at := commitmentIndex(coinbase)
	if at < 0 {
		return nil, nil, errors.New("no witness commitment")
	}
	bare, solution := cutSolution(coinbase.TxOut[at].PkScript)
	coinbase.TxOut[at].PkScript = bare

	spend = wire.NewMsgTx(0)
	spend.AddTxIn(new(wire.TxIn))
	spend.AddTxOut(wire.NewTxOut(0, []byte{txscript.OP_RETURN}))
	if err := readSolution(solution, spend.TxIn[0]); err != nil {
		return nil, nil, err
	}
	coin = wire.NewMsgTx(0)
	coin.AddTxIn(&wire.TxIn{
		PreviousOutPoint: wire.OutPoint{Index: math.MaxUint32},
		SignatureScript:  append([]byte{txscript.OP_0, signedSize}, signedHeader(b, coinbase)...),
	})
	coin.AddTxOut(wire.NewTxOut(0, challenge))
	spend.TxIn[0].PreviousOutPoint.Hash = coin.TxHash()
	return coin, spend, nil
}

// signedSize is what of a header is signed: version, parent, merkle root, time.
const signedSize = 4 + 32 + 32 + 4

// signedHeader is the header's part that is signed, its merkle root taken over
// the coinbase without the signature.
func signedHeader(b *Block, coinbase *wire.MsgTx) []byte {
	root, _ := TxRoot(append([]*Tx{NewTx(coinbase)}, b.Txs[1:]...))
	signed := slices.Clone(b.Raw[:signedSize])
	copy(signed[4+32:], root[:])
	return signed
}

// cutSolution takes the signature out of a witness commitment's script: the
// first push that begins with the mark and has more keeps the mark alone.
func cutSolution(script []byte) (bare, solution []byte) {
	found := false
	tokens := txscript.MakeScriptTokenizer(0, script)
	for tokens.Next() {
		data := tokens.Data()
		if len(data) == 0 {
			bare = append(bare, tokens.Opcode())
			continue
		}
		if !found && len(data) > len(signetHeader) && bytes.HasPrefix(data, []byte(signetHeader)) {
			found, solution = true, data[len(signetHeader):]
			data = data[:len(signetHeader)]
		}
		bare = appendPush(bare, data)
	}
	if !found {
		return script, nil
	}
	return bare, solution
}

// appendPush appends the shortest push that is not a number's own opcode.
func appendPush(script, data []byte) []byte {
	switch n := len(data); {
	case n < txscript.OP_PUSHDATA1:
		script = append(script, byte(n))
	case n <= math.MaxUint8:
		script = append(script, txscript.OP_PUSHDATA1, byte(n))
	case n <= math.MaxUint16:
		script = append(script, txscript.OP_PUSHDATA2, byte(n), byte(n>>8))
	default:
		script = append(script, txscript.OP_PUSHDATA4, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	return append(script, data...)
}

// readSolution reads an input's script and witness. An empty solution is good
// for challenges that anyone can meet.
func readSolution(solution []byte, in *wire.TxIn) error {
	if len(solution) == 0 {
		return nil
	}
	w := walker{raw: solution}
	script, err := w.take()
	if err != nil {
		return fmt.Errorf("solution: %w", err)
	}
	in.SignatureScript = script
	items, err := w.count(minItemSize)
	for range items {
		item, itemErr := w.take()
		if itemErr != nil {
			return fmt.Errorf("solution: %w", itemErr)
		}
		in.Witness = append(in.Witness, item)
	}
	if err == nil && w.pos != len(solution) {
		err = errTrailing
	}
	return err
}

// take is bytes, and returns them.
func (w *walker) take() ([]byte, error) {
	n, err := w.count(1)
	if err != nil {
		return nil, err
	}
	start := w.pos
	return w.raw[start : start+n], w.skip(n)
}
