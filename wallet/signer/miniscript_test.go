package signer

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/wallet/miniscript"
)

// TestLocksAndPreimagesOpenWays: one key signs when its lock time has come, or with a
// preimage; the limits of each lock and one beyond.
func TestLocksAndPreimagesOpenWays(t *testing.T) {
	image := append(make([]byte, 31), 9)
	hash := sha256.Sum256(image)
	a, b := key(t, 1, true), key(t, 2, true)
	for _, c := range []struct {
		desc     string
		change   func(tx *wire.MsgTx)
		image    bool
		complete bool
	}{
		{"wsh(and_v(v:pk(" + a + "),after(400)))", nil, false, true},
		{"wsh(and_v(v:pk(" + a + "),after(401)))", nil, false, false},
		{"wsh(and_v(v:pk(" + a + "),after(500000000)))", nil, false, false},
		{"wsh(and_v(v:pk(" + a + "),after(400)))", func(tx *wire.MsgTx) { tx.TxIn[0].Sequence = wire.MaxTxInSequenceNum }, false, false},
		{"wsh(and_v(v:pk(" + a + "),older(20)))", nil, false, true},
		{"wsh(and_v(v:pk(" + a + "),older(21)))", nil, false, false},
		{"wsh(and_v(v:pk(" + a + "),older(20)))", func(tx *wire.MsgTx) { tx.Version = 1 }, false, false},
		{"wsh(and_v(v:pk(" + a + "),older(20)))", func(tx *wire.MsgTx) { tx.TxIn[0].Sequence |= wire.SequenceLockTimeDisabled }, false, false},
		{"wsh(and_v(v:pk(" + a + "),older(4194320)))", nil, false, false},
		{"tr(" + b + ",pk(" + a + "))", nil, false, true},
		{"wsh(and_v(v:pk(" + a + "),sha256(" + hex.EncodeToString(hash[:]) + ")))", nil, true, true},
		{"wsh(and_v(v:pk(" + a + "),sha256(" + hex.EncodeToString(hash[:]) + ")))", nil, false, false},
		{"wsh(or_d(pk(02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9),and_v(v:pk(" + a + "),sha256(" + hex.EncodeToString(hash[:]) + "))))", nil, true, true},
	} {
		_, pk, known := expanded(t, c.desc)
		msg, coins := spend(pk)
		if c.change != nil {
			c.change(msg)
		}
		tx := NewTx(msg, coinsOf(msg, coins), true)
		data := NewData()
		if c.image {
			data.Images = map[Image][]byte{{miniscript.SHA256, string(hash[:])}: image}
		}
		if got := Solve(known, tx.Input(0, txscript.SigHashAll), pk, data); got != c.complete {
			t.Errorf("%s: complete %t", c.desc, got)
		}
		if signed := len(data.Sigs) + len(data.KeySig); signed == 0 {
			t.Errorf("%s: nothing is signed", c.desc)
		}
	}
}
