package chain_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Whatever is marked is proved, in the block's order and against its root, also
// after it has travelled.
func TestProofsLeadToTheMerkleRoot(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 17, 56, 100, 513} {
		ids := make([]chain.Hash, n)
		for i := range ids {
			ids[i] = chain.Hash{byte(i), byte(i >> 8), 1}
		}
		root, _ := chain.MerkleRoot(slices.Clone(ids))
		for range 10 {
			marked := make([]bool, n)
			var want []chain.Hash
			for i := range ids {
				if marked[i] = r.IntN(1+r.IntN(n)) == 0; marked[i] {
					want = append(want, ids[i])
				}
			}
			var buf bytes.Buffer
			if err := chain.NewProof(ids, marked).Message(wire.BlockHeader{}).BtcEncode(&buf, wire.ProtocolVersion, wire.BaseEncoding); err != nil {
				t.Fatal(err)
			}
			var m wire.MsgMerkleBlock
			if err := m.BtcDecode(&buf, wire.ProtocolVersion, wire.BaseEncoding); err != nil {
				t.Fatal(err)
			}
			got, proved, ok := chain.ProofIn(&m).Extract()
			if !ok || got != root || !slices.Equal(proved, want) {
				t.Fatalf("of %d: root %s, want %s; proved %d, want %d; %v", n, got, root, len(proved), len(want), ok)
			}
		}
	}
}

func TestBadProofsProveNothing(t *testing.T) {
	ids := []chain.Hash{{1}, {2}, {3}, {4}, {5}}
	good := func() *chain.Proof { return chain.NewProof(ids, []bool{false, true, false, false, true}) }
	const most = 4_000_000 / 240
	for name, spoil := range map[string]func(*chain.Proof){
		"no transactions":         func(p *chain.Proof) { p.Total = 0 },
		"more than fit a block":   func(p *chain.Proof) { p.Total = most + 1 },
		"more hashes than leaves": func(p *chain.Proof) { p.Hashes = make([]chain.Hash, 6); p.Turns = make([]bool, 8) },
		"fewer turns than hashes": func(p *chain.Proof) { p.Turns = p.Turns[:1] },
		"a hash too few":          func(p *chain.Proof) { p.Hashes = p.Hashes[1:] },
		"a hash too many":         func(p *chain.Proof) { p.Hashes = append(p.Hashes, chain.Hash{9}) },
		"eight turns too many":    func(p *chain.Proof) { p.Turns = append(p.Turns, make([]bool, 8)...) },
		"the same on both sides":  func(p *chain.Proof) { p.Hashes[1] = p.Hashes[0] },
	} {
		p := good()
		if _, _, ok := p.Extract(); !ok {
			t.Fatal("the good one does not prove")
		}
		spoil(p)
		if _, ids, ok := p.Extract(); ok {
			t.Errorf("%s: proves %d", name, len(ids))
		}
	}
}
