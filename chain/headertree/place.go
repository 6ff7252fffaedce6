package headertree

import "grapevine/chain"

// Badness says whether and why a header is not to be built on.
type Badness uint8

// A header that is both counts as ByRule.
const (
	Good   Badness = iota
	ByHand         // invalidateblock: the owner's opinion, nobody's offence
	ByRule         // it or an ancestor breaks a rule
)

// Entry is a pointer to something that embeds a Place.
type Entry[E Entry[E]] interface {
	comparable
	place() *Place[E]
}

// Place is a header at its place in the tree. The tree alone writes it.
type Place[E Entry[E]] struct {
	Node   *chain.HeaderNode
	Parent E       // nil for genesis
	Num    uint32  // in the order of coming: parents before children
	Bad    Badness // the worst mark of the header and its ancestors [BLOCK_FAILED_MASK]

	marks        marks
	kid, sibling E // its newest child; its parent's next older one
}

func (p *Place[E]) place() *Place[E] { return p }

// IsAncestorOf says whether p is on d's way to genesis, d included.
func (p *Place[E]) IsAncestorOf(d E) bool {
	var none E
	return d != none && p.Node.IsAncestorOf(d.place().Node)
}

// IsLeaf says whether no header builds on p.
func (p *Place[E]) IsLeaf() bool {
	var none E
	return p.kid == none
}

// Marked says whether p itself is marked so, whatever its ancestors are.
func (p *Place[E]) Marked(why Badness) bool { return p.marks&bit(why) != 0 }

// marks are what was said of this very header: a set of bits. What Core keeps as
// BLOCK_FAILED_CHILD is never stored: it follows from the ancestors' marks.
type marks uint8

func bit(why Badness) marks { return 1 << why >> 1 }

// worst is the gravest of the set.
func (m marks) worst() Badness {
	switch {
	case m&bit(ByRule) != 0:
		return ByRule
	case m&bit(ByHand) != 0:
		return ByHand
	}
	return Good
}

// Between lists the entries above low up to high, lowest first; low must be an
// ancestor of high.
func Between[E Entry[E]](low, high E) []E {
	var none E
	if high == none {
		return nil
	}
	n := high.place().Node.Height + 1
	if low != none {
		n = high.place().Node.Height - low.place().Node.Height
	}
	if n <= 0 {
		return nil
	}
	path := make([]E, n)
	for e := high; n > 0; e = e.place().Parent {
		n--
		path[n] = e
	}
	return path
}
