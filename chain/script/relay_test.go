package script

import (
	"errors"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// counting is a curve that counts what it is asked.
type counting struct {
	curve
	asked *int
}

func (c counting) ecdsa(r, s *btcec.ModNScalar, hash *chainhash.Hash, k key) bool {
	*c.asked++
	return c.curve.ecdsa(r, s, hash, k)
}

// slow is the slowest standard form that is known: inputs of 1-of-15 multisig
// behind a script hash, each signed by the key that is tried last.
func slow(t *testing.T, inputs int) (*wire.MsgTx, []chain.Coin) {
	t.Helper()
	signer := chaintest.NewKey(1).Private()
	items := []any{txscript.OP_1}
	for i := range 15 {
		items = append(items, chaintest.NewKey(uint32(i+1)).Private().PubKey().SerializeCompressed())
	}
	redeem := script(t, append(items, txscript.OP_15, txscript.OP_CHECKMULTISIG)...)
	pk := script(t, txscript.OP_HASH160, address.Hash160(redeem), txscript.OP_EQUAL)
	tx, coins := wire.NewMsgTx(2), make([]chain.Coin, inputs)
	tx.AddTxOut(wire.NewTxOut(9e7, chaintest.OpTrue()))
	for i := range coins {
		coins[i] = chain.Coin{Value: 1e6, PkScript: pk}
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: uint32(i)}})
	}
	for i := range coins {
		sig, err := txscript.RawTxInSignature(tx, i, redeem, txscript.SigHashAll, signer)
		if err != nil {
			t.Fatal(err)
		}
		tx.TxIn[i].SignatureScript = script(t, txscript.OP_0, sig, redeem)
	}
	return tx, coins
}

// spoil makes another wrong signature of an input's, each time it is called.
func spoil(tx *wire.MsgTx, i int) {
	s := append([]byte{}, tx.TxIn[i].SignatureScript...)
	s[20]++ // in the middle of r
	tx.TxIn[i].SignatureScript = s
}

// 150 inputs of 15 keys, wrong at the last, spelled differently each time: the
// good inputs are checked once.
func TestT67_AFailingTransactionSpelledAnewCostsItsWrongInput(t *testing.T) {
	asked := 0
	c := New(Config{})
	c.curve = counting{c.curve, &asked}
	const inputs = 150
	tx, coins := slow(t, inputs)
	good := chain.NewTx(tx.Copy())
	for copies := range 60 {
		asked = 0
		spoil(tx, inputs-1)
		var failed *RelayFailure
		err := c.CheckRelay(chain.NewTx(tx.Copy()), coins, chain.ConsensusFlags)
		if !errors.As(err, &failed) || !failed.Broken || failed.Reason != "Signature must be zero for failed CHECK(MULTI)SIG operation" {
			t.Fatalf("copy %d: %v", copies, err)
		}
		// The last input is tried under the rules of relay, and under consensus.
		want := 2 * 15
		if copies == 0 {
			want += (inputs - 1) * 15
		}
		if asked > want {
			t.Fatalf("copy %d: %d signature checks, want %d at most", copies, asked, want)
		}
	}
	asked = 0
	if err := c.CheckRelay(good, coins, chain.ConsensusFlags); err != nil || asked != 15 || !c.Known(good, chain.ConsensusFlags) {
		t.Fatalf("the good one: %v after %d checks", err, asked)
	}
}

// What a good input was remembered for is not another's: with another output,
// another sequence, lock time, script, witness, place or other flags it is
// checked again.
func TestRememberedInputsCommitToAllTheyDependOn(t *testing.T) {
	tx, coins := slow(t, 3)
	tx.TxIn[1].Witness = wire.TxWitness{{1}, {2, 3}}
	name := func(edit func(*wire.MsgTx), flags txscript.ScriptFlags) chainhash.Hash {
		other := tx.Copy()
		edit(other)
		return Prepare(chain.NewTx(other), coins).inputNames(flags)[1]
	}
	flags := chain.StandardFlags
	same := name(func(*wire.MsgTx) {}, flags)
	if again := name(func(tx *wire.MsgTx) { spoil(tx, 0); tx.TxIn[2].Witness = wire.TxWitness{{9}} }, flags); again != same {
		t.Error("the scripts of other inputs count")
	}
	seen := map[chainhash.Hash]string{same: "the same"}
	for what, edit := range map[string]func(*wire.MsgTx){
		"version":            func(tx *wire.MsgTx) { tx.Version++ },
		"lock time":          func(tx *wire.MsgTx) { tx.LockTime++ },
		"output":             func(tx *wire.MsgTx) { tx.TxOut[0].Value++ },
		"output script":      func(tx *wire.MsgTx) { tx.TxOut[0].PkScript = []byte{txscript.OP_2} },
		"own sequence":       func(tx *wire.MsgTx) { tx.TxIn[1].Sequence++ },
		"other sequence":     func(tx *wire.MsgTx) { tx.TxIn[2].Sequence++ },
		"other outpoint":     func(tx *wire.MsgTx) { tx.TxIn[0].PreviousOutPoint.Index = 77 },
		"own script":         func(tx *wire.MsgTx) { spoil(tx, 1) },
		"witness":            func(tx *wire.MsgTx) { tx.TxIn[1].Witness = wire.TxWitness{{1}, {2, 4}} },
		"witness cut apart":  func(tx *wire.MsgTx) { tx.TxIn[1].Witness = wire.TxWitness{{1, 2}, {3}} },
		"witness item more":  func(tx *wire.MsgTx) { tx.TxIn[1].Witness = wire.TxWitness{{1}, {2, 3}, {}} },
		"no witness":         func(tx *wire.MsgTx) { tx.TxIn[1].Witness = nil },
		"the order of input": func(tx *wire.MsgTx) { tx.TxIn[0], tx.TxIn[1] = tx.TxIn[1], tx.TxIn[0] },
	} {
		n := name(edit, flags)
		if was, ok := seen[n]; ok {
			t.Errorf("%s: the name of %s", what, was)
		}
		seen[n] = what
	}
	if name(func(*wire.MsgTx) {}, chain.ConsensusFlags) == same {
		t.Error("the flags do not count")
	}
}

func TestInputsOfRefusedTransactionsAreBounded(t *testing.T) {
	c := New(Config{})
	for i := range 3 * inputEntries {
		c.inputs.put(chain.Hash{byte(i), byte(i >> 8), byte(i >> 16)}, struct{}{})
	}
	if n := len(c.inputs.young) + len(c.inputs.old); n > inputEntries {
		t.Fatalf("%d inputs, the bound is %d", n, inputEntries)
	}
}
