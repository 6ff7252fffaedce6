package electrum

import (
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"

	"grapevine/chain"
)

// A proof by segments is the one that hashing all headers gives, around each bound.
func TestProofsBySegmentsAreThoseOfTheWholeTree(t *testing.T) {
	const size = 1 << segmentHeight
	at := &chain.HeaderNode{Hash: chain.Hash{1}}
	nodes := []*chain.HeaderNode{at}
	for h := int32(1); h <= 3*size+5; h++ {
		at = &chain.HeaderNode{Hash: chainhash.HashH(at.Hash[:]), Height: h, Parent: at}
		nodes = append(nodes, at)
	}
	var s segments
	for _, cp := range []int32{0, 1, 5, size - 2, size - 1, size, size + 1, 2*size - 1, 2 * size, 3*size + 5} {
		whole := leaves(nodes[cp], 0)
		for _, h := range []int32{0, 1, size - 1, size, 2*size - 1, 2 * size, cp} {
			if h > cp {
				continue
			}
			branch, root := s.proof(nodes[cp], h)
			want := chain.Branch(whole, int(h))
			wantRoot, _ := chain.MerkleRoot(leaves(nodes[cp], 0))
			if root != wantRoot || len(branch) != len(want) {
				t.Fatalf("of %d up to %d: root %s, %d hashes; want %s, %d", h, cp, root, len(branch), wantRoot, len(want))
			}
			for i := range want {
				if branch[i] != want[i] {
					t.Fatalf("of %d up to %d: hash %d differs", h, cp, i)
				}
			}
		}
	}
}

func TestVersionsAreReadAndWritten(t *testing.T) {
	for text, want := range map[string]version{"1.4": oldest, "1.4.2": oldest + 2, "1.6": newest, "2": 2_0000_0000, "0": 0} {
		v, ok := parseVersion(text)
		if !ok || v != want {
			t.Errorf("%s: %d, %v", text, v, ok)
		}
		if s := v.String(); text != "2" && text != "0" && s != text {
			t.Errorf("%s is written %s", text, s)
		}
	}
	for _, bad := range []string{"", "x", "1.", "1.4.2.0", "-1.4", "1.99999", "1.4.2.1.1", "1 .4"} {
		if v, ok := parseVersion(bad); ok {
			t.Errorf("%q is read as %d", bad, v)
		}
	}
}
