package descriptor

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
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

// The output key is the fast road to what the library tweaks, with scripts and without.
func TestAnOutputKeyIsWhatTheLibraryTweaks(t *testing.T) {
	for i := range byte(60) {
		secret, pub := btcec.PrivKeyFromBytes(bytes.Repeat([]byte{i + 1}, 32))
		tree := Tree{Internal: schnorr.SerializePubKey(pub)}
		if i%2 == 1 {
			tree.Leaves = []Leaf{{0, byte(txscript.BaseLeafVersion), secret.Serialize()}}
		}
		got, err := tree.Output()
		if want := txscript.ComputeTaprootOutputKey(pub, tree.Root()); err != nil || !got.IsEqual(want) {
			t.Errorf("key %d: %x, want %x, %v", i, got.SerializeCompressed(), want.SerializeCompressed(), err)
		}
	}
	for _, bad := range [][]byte{nil, make([]byte, 31), bytes.Repeat([]byte{0xff}, 32), bytes.Repeat([]byte{5}, 32)} {
		if key, err := (Tree{Internal: bad}).Output(); err == nil {
			t.Errorf("%x has the output key %x", bad, key.SerializeCompressed())
		}
	}
}

// BenchmarkKeys is what a fresh wallet makes of each of its thousands of keys.
func BenchmarkKeys(b *testing.B) {
	master, err := hdkeychain.NewMaster(bytes.Repeat([]byte{5}, 64), &chaincfg.RegressionNetParams)
	if err != nil {
		b.Fatal(err)
	}
	l, err := newLine(master)
	if err != nil {
		b.Fatal(err)
	}
	for i := uint32(0); b.Loop(); i++ {
		pub, err := l.at(i)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := (Tree{Internal: pub[1:]}).Output(); err != nil {
			b.Fatal(err)
		}
	}
}
