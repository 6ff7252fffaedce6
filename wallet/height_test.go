package wallet

import (
	"math"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

func TestACoinbaseSaysItsHeight(t *testing.T) {
	say := func(script []byte) int32 {
		tx := wire.NewMsgTx(1)
		tx.AddTxIn(&wire.TxIn{SignatureScript: script})
		return CoinbaseHeight(chain.NewTx(tx))
	}
	for _, want := range []int32{1, 16, 17, 127, 128, 255, 256, 32767, 32768, 840_000, math.MaxInt32} {
		script, err := txscript.NewScriptBuilder().AddInt64(int64(want)).AddInt64(7).Script()
		if err != nil {
			t.Fatal(err)
		}
		if got := say(script); got != want {
			t.Errorf("%x: %d, want %d", script, got, want)
		}
	}
	for _, none := range [][]byte{nil, {0}, {3, 1, 2}, {5, 1, 2, 3, 4, 5}, {0xff}} {
		if got := say(none); got != 0 {
			t.Errorf("%x says %d", none, got)
		}
	}
}
