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

// Where a key stands is known also where it cannot be derived.
func TestThePlaceOfAKey(t *testing.T) {
	const xpub = "tpubD6NzVbkrYhZ4YNXVQbNhMK1WqguFsUXceaVJKbmno2aZ3B6QfbMeraaYvnBSGpV3vxLyTTK9DYT1yoEck4XUScMzXoQ2U2oSmE2JyMedq3H"
	for text, want := range map[string]string{
		"wpkh(" + xpub + "/1/*)":                             "80002067/1/7",
		"wpkh(" + xpub + "/1h/*h)":                           "80002067/1h/7h",
		"pkh([01020304/5h]" + xpub + "/*)":                   "01020304/5h/7",
		"wpkh(" + xpub + ")":                                 "80002067",
		"wsh(multi(1," + xpub + "," + xpub + "))":            "",
		"addr(bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080)": "",
	} {
		d, err := Parse(text, &chaincfg.RegressionNetParams, false)
		if err != nil {
			t.Fatal(err)
		}
		if o, ok := d.Place(7); ok != (want != "") || ok && o.String() != want {
			t.Errorf("%s: %s, %v", text, o, ok)
		}
	}
}
