package chain_test

import (
	"bytes"
	"slices"
	"testing"

	"grapevine/chain"
)

// sameOutline holds a block's outline against its transactions, or its fault against that of who makes them.
func sameOutline(t *testing.T, raw []byte) {
	t.Helper()
	b, fault := chain.DecodeBlock(raw)
	o, err := chain.OutlineOf(raw)
	switch {
	case (err == nil) != (fault == nil) || err != nil && err.Error() != fault.Error():
		t.Fatalf("%x: %v, want %v", raw, err, fault)
	case err == nil && (o.Size != len(raw) || o.Weight != b.Weight || !slices.Equal(o.TxIDs, chain.TxIDs(b.Txs))):
		t.Fatalf("%d bytes, weight %d, %v, want %d, %d, %v", o.Size, o.Weight, o.TxIDs, len(raw), b.Weight, chain.TxIDs(b.Txs))
	}
}

func TestTheOutlineOfABlock(t *testing.T) {
	for _, raw := range wireBlocks(t) {
		sameOutline(t, raw)
		sameOutline(t, append(bytes.Clone(raw), 0))
		for cut := range 600 {
			sameOutline(t, raw[:cut])
			sameOutline(t, raw[:len(raw)-1-cut])
		}
		before := bytes.Clone(raw)
		if o, err := chain.OutlineOf(raw); err != nil || !bytes.Equal(raw, before) || o.TxIDs == nil {
			t.Errorf("%v", err)
		}
	}
	sameOutline(t, chain.RegTest().GenesisBlock.Header.MerkleRoot[:])
	sameOutline(t, append(make([]byte, 80), 0)) // no transactions
}

func BenchmarkOutlineOf(b *testing.B) {
	for name, raw := range wireBlocks(b) {
		b.Run(name[56:], func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for range b.N {
				if _, err := chain.OutlineOf(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
