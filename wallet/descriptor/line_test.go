package descriptor

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
)

// A line is the fast road to what the library derives one by one.
func TestALineIsWhatTheLibraryDerives(t *testing.T) {
	master, err := hdkeychain.NewMaster(bytes.Repeat([]byte{5}, 64), &chaincfg.RegressionNetParams)
	if err != nil {
		t.Fatal(err)
	}
	public, err := master.Neuter()
	if err != nil {
		t.Fatal(err)
	}
	for _, parent := range []*hdkeychain.ExtendedKey{master, public} {
		l, err := newLine(parent)
		if err != nil {
			t.Fatal(err)
		}
		for _, index := range []uint32{0, 1, 7, 1000, hardened - 1} {
			child, err := parent.Derive(index)
			if err != nil {
				t.Fatal(err)
			}
			want, err := child.ECPubKey()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := l.at(index); err != nil || !bytes.Equal(got, want.SerializeCompressed()) {
				t.Errorf("%d: %x, want %x, %v", index, got, want.SerializeCompressed(), err)
			}
		}
	}
}
