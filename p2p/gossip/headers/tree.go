package headers

import (
	"grapevine/chain"
	"grapevine/chain/headertree"
	"grapevine/p2p"
)

// Entry is a candidate header with what the conversation keeps of it.
type Entry struct {
	headertree.Place[*Entry]

	Stored bool       // the body may be served
	Lost   bool       // it was stored and is damaged: it is to come again
	Pruned bool       // it was stored and deleted
	Valid  bool       // it has been on our verified chain
	Busy   bool       // the body is in the validation queue
	From   p2p.PeerID // who sent the stored body, for its offence should it not connect
	Asked  bool       // and had been asked for it
}

// Needed says whether the body is still to be asked from somebody. A lost one is
// needed even to leave a branch that was made invalid by hand.
func (e *Entry) Needed() bool {
	return !e.Stored && !e.Busy && (e.Bad == headertree.Good || e.Lost)
}

// Tree is all headers that are worth memory, and which of them are on our verified
// chain [CBlockIndex, m_block_index].
type Tree struct{ *headertree.Tree[*Entry] }

// NewTree makes a tree of headers, parents first; the first is genesis, and the
// tip for the time being.
func NewTree(headers []*chain.HeaderNode) *Tree {
	t := &Tree{headertree.New(headers[0], func() *Entry { return &Entry{} })}
	for _, n := range headers[1:] {
		t.Insert(n)
	}
	return t
}

// SetTip moves the verified chain: all of it is valid, and stored unless lost or pruned.
func (t *Tree) SetTip(e *Entry) {
	t.Tree.SetTip(e)
	for ; e != nil && !(e.Valid && (e.Stored || e.Lost || e.Pruned)); e = e.Parent {
		e.Valid, e.Stored = true, !e.Lost && !e.Pruned
		e.From = p2p.Self
	}
}
