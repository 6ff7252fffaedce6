package chain

import (
	"reflect"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
)

// The coin that an output makes has all of the output, and where it was made.
func TestCoinOfAnOutput(t *testing.T) {
	got := CoinOf(&wire.TxOut{Value: 5, PkScript: []byte{0x51}}, 7, true)
	if want := (Coin{Value: 5, PkScript: []byte{0x51}, Height: 7, Coinbase: true}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
