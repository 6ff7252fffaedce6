package coins

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Numbers as Core's serialize_tests have them.
func TestVarintsAreCores(t *testing.T) {
	for n, want := range map[uint64]string{0: "00", 0x7f: "7f", 0x80: "8000", 0xff: "807f", 0x1234: "a334", 0xffff: "82fe7f", 0x123456: "c7e756", 0x80123456: "86ffc7e756",
		0xffffffff: "8efefefe7f", 0x7fffffffffffffff: "fefefefefefefefe7f", 0xffffffffffffffff: "80fefefefefefefefe7f"} {
		if got := hex.EncodeToString(appendCoreVarint(nil, n)); got != want {
			t.Errorf("%x is %s, want %s", n, got, want)
		}
	}
}

func TestScriptsAreCompressedAsCoreDoes(t *testing.T) {
	hash, x := strings.Repeat("ab", 20), "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	y := "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
	for script, want := range map[string]string{
		"76a914" + hash + "88ac":               "00" + hash,
		"a914" + hash + "87":                   "01" + hash,
		"2102" + x + "ac":                      "02" + x,
		"2103" + x + "ac":                      "03" + x,
		"4104" + x + y + "ac":                  "04" + x,
		"4104" + x + x + "ac":                  "494104" + x + x + "ac", // no point of the curve
		"0014" + hash:                          "1c0014" + hash,
		"":                                     "06",
		"5120" + x:                             "285120" + x,
		"76a914" + hash + "88ad":               "1f76a914" + hash + "88ad",
		strings.Repeat("51", 122):              "8000" + strings.Repeat("51", 122),
		"a914" + hash + "8787":                 "1ea914" + hash + "8787",
		"2102" + x + "ad":                      "292102" + x + "ad",
		strings.ReplaceAll("51xx", "xx", "51"): "085151",
	} {
		raw, err := hex.DecodeString(script)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(appendCoreScript(nil, raw)); got != want {
			t.Errorf("%s\n is %s\nwant %s", script, got, want)
		}
	}
}

// A whole file, byte by byte.
func TestASnapshotIsTheFileThatCoreReads(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "utxo"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := NewSnapshotWriter(f, chain.RegTest())
	if err != nil {
		t.Fatal(err)
	}
	one, two := chain.Hash{1}, chain.Hash{2}
	for _, c := range []struct {
		op   wire.OutPoint
		coin chain.Coin
	}{
		{wire.OutPoint{Hash: one, Index: 0}, chain.Coin{Value: 50e8, PkScript: []byte{0x51}, Height: 1, Coinbase: true}},
		{wire.OutPoint{Hash: one, Index: 300}, chain.Coin{Value: 1, PkScript: []byte{0x52}, Height: 200}},
		{wire.OutPoint{Hash: two, Index: 70000}, chain.Coin{Value: 0, PkScript: nil, Height: 0}},
	} {
		if err := w.Add(c.op, c.coin); err != nil {
			t.Fatal(err)
		}
	}
	n, _, err := w.Close(chain.Hash{0xbb})
	if err != nil || n != 3 {
		t.Fatal(n, err)
	}
	zeros := strings.Repeat("00", 31)
	want := "7574786fff" + "0200" + "fabfb5da" + "bb" + zeros + "0300000000000000" +
		"01" + zeros + "02" + "00" + "03" + "32" + "0751" + "fd2c01" + "8210" + "01" + "0752" +
		"02" + zeros + "01" + "fe70110100" + "00" + "00" + "06"
	raw, err := os.ReadFile(f.Name())
	if got := hex.EncodeToString(raw); err != nil || got != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	if !bytes.HasPrefix(raw, []byte(snapshotMagic)) {
		t.Error("no magic")
	}
}
