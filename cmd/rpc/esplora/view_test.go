package esplora

import (
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// A transaction is shown though nobody knows what it spends: its block never was connected, or it has left
// the pool meanwhile.
func TestATransactionIsShownWithoutWhatItSpends(t *testing.T) {
	msg := wire.NewMsgTx(2)
	msg.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chain.Hash{1}}, nil, nil))
	msg.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chain.Hash{2}}, nil, nil))
	msg.AddTxOut(wire.NewTxOut(1000, []byte{0xac})) // OP_CHECKSIG
	tx := chain.NewTx(msg)
	for _, spent := range [][]chain.Coin{nil, make([]chain.Coin, 1)} {
		got := newTx(tx, spent, &chaincfg.RegressionNetParams, nil)
		if len(got.Vin) != 2 || got.Vin[0].Prevout != nil || got.Fee != 0 || got.SigOps != 0 {
			t.Errorf("with %d coins known: %+v", len(spent), got)
		}
	}
	if got := newTx(tx, make([]chain.Coin, 2), &chaincfg.RegressionNetParams, nil); got.SigOps != 4 || got.Vin[1].Prevout == nil {
		t.Errorf("with all coins known: %+v", got)
	}
}
