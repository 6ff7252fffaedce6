package tree

import (
	"grapevine/chain"
	"grapevine/chain/headertree"
	"grapevine/p2p"
)

// Badness says whether and why a header is not to be built on.
type Badness = headertree.Badness

// The words of chain/headertree.
const (
	Good   = headertree.Good
	ByHand = headertree.ByHand
	ByRule = headertree.ByRule
)

// Entry is a header with what we think of it.
type Entry struct {
	headertree.Place[*Entry]

	Stored bool       // the body may be served
	Lost   bool       // it was stored and is damaged: it is to come again
	Valid  bool       // it has been on our verified chain
	Busy   bool       // the body waits for judgement or is judged
	From   p2p.PeerID // who sent the stored body, for its offence should it not connect
	Asked  bool       // and had been asked for it
}

// Needed says whether the body is still to be asked from somebody. A lost one is
// needed even to leave a branch that was made invalid by hand.
func (e *Entry) Needed() bool { return !e.Stored && !e.Busy && (e.Bad == Good || e.Lost) }

// Between lists the entries above low up to high, lowest first; low must be an
// ancestor of high.
func Between(low, high *Entry) []*Entry { return headertree.Between(low, high) }

// Tree is the conversation's own tree of headers.
type Tree struct{ *headertree.Tree[*Entry] }

// New makes a tree of headers, parents first; the first is genesis, and the tip
// for the time being.
func New(headers []*chain.HeaderNode) *Tree {
	t := &Tree{headertree.New(headers[0], func() *Entry { return &Entry{} })}
	for _, n := range headers[1:] {
		t.Insert(n)
	}
	return t
}

// Each calls fn for all, parents first.
func (t *Tree) Each(fn func(*Entry)) {
	for _, e := range t.All() {
		fn(e)
	}
}

// SetTip moves the verified chain: all of it is valid, and stored unless lost.
func (t *Tree) SetTip(e *Entry) {
	t.Tree.SetTip(e)
	for ; e != nil && !(e.Valid && (e.Stored || e.Lost)); e = e.Parent {
		e.Valid, e.Stored = true, !e.Lost
		e.From = p2p.Self
	}
}
