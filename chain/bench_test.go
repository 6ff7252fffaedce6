package chain_test

import (
	"testing"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// A header from a stranger: checked, then put at its place.
func BenchmarkHeader(b *testing.B) {
	p := chain.RegTest()
	parent := p.Genesis()
	for _, m := range chaintest.Grow(b, p, parent, chaintest.Times(20)) {
		parent = m.Node
	}
	next := chaintest.Mine(b, p, parent).Block.Header
	b.ReportAllocs()
	for b.Loop() {
		if err := chain.CheckHeader(p, parent, &next, next.Timestamp); err != nil {
			b.Fatal(err)
		}
		if chain.NewHeaderNode(parent, next).Height != 21 {
			b.Fatal("a node at another height")
		}
	}
}
