package chaintest

import (
	"errors"
	"fmt"
	"testing"

	"grapevine/chain"
)

// Ledger is what a Tree drives; a ledger's test supplies it.
type Ledger interface {
	// Submit gives the ledger a block and waits for the verdict: nil for
	// connected to the active chain, chain.ErrInconclusive for stored on a
	// side branch, or why it was refused.
	Submit(m Mined) error
	// Tip is the verified tip.
	Tip() *chain.HeaderNode
}

// Genesis is the name of the first block in every Tree.
const Genesis = "genesis"

// Tree holds blocks by name and checks a ledger by what it makes of them.
type Tree struct {
	t      testing.TB
	Params *chain.Params
	ledger Ledger
	blocks map[string]Mined
}

// NewTree starts a tree of regtest blocks at genesis. ledger may be nil as
// long as nothing is submitted.
func NewTree(t testing.TB, p *chain.Params, ledger Ledger) *Tree {
	genesis := Mined{p.Genesis(), chain.NewBlock(p.GenesisBlock)}
	return &Tree{t: t, Params: p, ledger: ledger, blocks: map[string]Mined{Genesis: genesis}}
}

// Block mines a block on the named parent. Blocks of one parent differ
// although their options are the same.
func (tr *Tree) Block(parent, name string, opts ...Option) Mined {
	tr.t.Helper()
	if _, ok := tr.blocks[name]; ok {
		tr.t.Fatalf("block %s exists already", name)
	}
	opts = append([]Option{Extra(uint64(len(tr.blocks)))}, opts...)
	m := Mine(tr.t, tr.Params, tr.Named(parent).Node, opts...)
	tr.blocks[name] = m
	return m
}

// Grow mines n blocks in a row on parent, named prefix1 to prefixN, and
// returns the last one's name.
func (tr *Tree) Grow(parent, prefix string, n int, opts ...Option) string {
	tr.t.Helper()
	for i := range n {
		name := fmt.Sprintf("%s%d", prefix, i+1)
		tr.Block(parent, name, opts...)
		parent = name
	}
	return parent
}

// Put gives a name to a block made elsewhere, such as a changed copy.
func (tr *Tree) Put(name string, m Mined) { tr.blocks[name] = m }

// Named is the block of that name.
func (tr *Tree) Named(name string) Mined {
	tr.t.Helper()
	m, ok := tr.blocks[name]
	if !ok {
		tr.t.Fatalf("no block is named %s", name)
	}
	return m
}

// Accept submits blocks, each of which must become the tip.
func (tr *Tree) Accept(names ...string) {
	tr.t.Helper()
	for _, name := range names {
		if err := tr.ledger.Submit(tr.Named(name)); err != nil {
			tr.t.Fatalf("%s refused: %v", name, err)
		}
	}
}

// AcceptRow accepts prefix1 to prefixN, as Grow names them.
func (tr *Tree) AcceptRow(prefix string, n int) {
	tr.t.Helper()
	for i := range n {
		tr.Accept(fmt.Sprintf("%s%d", prefix, i+1))
	}
}

// Side submits blocks, each of which must be stored but not connected.
func (tr *Tree) Side(names ...string) {
	tr.t.Helper()
	for _, name := range names {
		tr.Reject(name, chain.ErrInconclusive)
	}
}

// Reject submits a block that must be refused with an error of kind want.
func (tr *Tree) Reject(name string, want error) {
	tr.t.Helper()
	if err := tr.ledger.Submit(tr.Named(name)); !errors.Is(err, want) {
		tr.t.Fatalf("%s: got %v, want %v", name, err, want)
	}
}

// ExpectTip fails unless the verified tip is the named block.
func (tr *Tree) ExpectTip(name string) {
	tr.t.Helper()
	tip, want := tr.ledger.Tip(), tr.Named(name).Node
	if tip.Hash != want.Hash {
		tr.t.Fatalf("tip is %s at %d, want %s at %d", tr.nameOf(tip), tip.Height, name, want.Height)
	}
}

func (tr *Tree) nameOf(n *chain.HeaderNode) string {
	for name, m := range tr.blocks {
		if m.Node.Hash == n.Hash {
			return name
		}
	}
	return n.Hash.String()
}
