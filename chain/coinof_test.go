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

func TestSpendable(t *testing.T) {
	for _, c := range []struct {
		script []byte
		want   bool
	}{
		{nil, true}, {[]byte{0x51}, true}, {[]byte{0x6a}, false}, {[]byte{0x6a, 1, 2}, false},
		{make([]byte, 10_000), true}, {make([]byte, 10_001), false},
	} {
		if got := Spendable(c.script); got != c.want {
			t.Errorf("script of %d bytes: %v", len(c.script), got)
		}
	}
}
