package chain

import "github.com/btcsuite/btcd/wire/v2"

// minTxWeight is the least that a transaction weighs in a block; no block has more
// than MaxBlockWeight / minTxWeight of them [MIN_TRANSACTION_WEIGHT].
const minTxWeight = WitnessScale * 60

// Proof is a partial merkle tree (BIP37): the hashes and turns that lead from some
// of a block's transactions to its merkle root [CPartialMerkleTree]. What is in it
// is a stranger's word until Extract says otherwise.
type Proof struct {
	Total  uint32 // transactions of the block
	Hashes []Hash
	Turns  []bool // of the nodes in the order of the walk: go on below it, or take its hash
}

// NewProof proves those transactions of a block that are marked; ids are all of its txids.
func NewProof(ids []Hash, marked []bool) *Proof {
	p := &Proof{Total: uint32(len(ids))}
	p.build(ids, marked, p.height(), 0)
	return p
}

// Branch are the hashes that lead from the leaf at a place of a tree to its root, the deepest first.
func Branch(leaves []Hash, place int) (branch []Hash) {
	branch, _ = BranchTo(leaves, place, TreeHeight(len(leaves)))
	return branch
}

// TreeHeight is how far the root of a tree stands above so many leaves.
func TreeHeight(leaves int) (height int) {
	for 1<<height < leaves {
		height++
	}
	return height
}

// BranchTo is Branch as far as a node at a height above the leaves, and that node: the leaves are those
// below it, the last ones of a tree perhaps fewer than it has place for.
func BranchTo(leaves []Hash, place, height int) (branch []Hash, node Hash) {
	row := append(make([]Hash, 0, len(leaves)+1), leaves...)
	for range height {
		if len(row)%2 == 1 {
			row = append(row, row[len(row)-1])
		}
		branch = append(branch, row[place^1])
		row, place = parents(row), place/2
	}
	return branch, row[0]
}

// width is the number of nodes at a height above the leaves.
func (p *Proof) width(height int) uint32 {
	return uint32((uint64(p.Total) + 1<<height - 1) >> height)
}

func (p *Proof) height() (h int) {
	for p.width(h) > 1 {
		h++
	}
	return h
}

// build walks the tree, parents first [TraverseAndBuild].
func (p *Proof) build(ids []Hash, marked []bool, height int, at uint32) {
	below := false
	for i := at << height; i < (at+1)<<height && i < p.Total; i++ {
		below = below || marked[i]
	}
	p.Turns = append(p.Turns, below)
	if height == 0 || !below {
		from, to := at<<height, min((at+1)<<height, p.Total)
		p.Hashes = append(p.Hashes, subtree(ids[from:to], height))
		return
	}
	p.build(ids, marked, height-1, 2*at)
	if 2*at+1 < p.width(height-1) {
		p.build(ids, marked, height-1, 2*at+1)
	}
}

// subtree is the hash of a node at that height above these leaves.
func subtree(leaves []Hash, height int) Hash {
	row := append(make([]Hash, 0, len(leaves)+1), leaves...)
	for range height {
		row = parents(row)
	}
	return row[0]
}

// Extract is the merkle root that the proof leads to, and the txids that it proves,
// in the order of the block; ok is false where it makes no tree [ExtractMatches].
func (p *Proof) Extract() (root Hash, ids []Hash, ok bool) {
	root, ids, _, ok = p.ExtractPlaces()
	return root, ids, ok
}

// ExtractPlaces is Extract, with the place of each transaction in its block.
func (p *Proof) ExtractPlaces() (root Hash, ids []Hash, places []uint32, ok bool) {
	switch {
	case p.Total == 0, p.Total > MaxBlockWeight/minTxWeight, len(p.Hashes) > int(p.Total), len(p.Turns) < len(p.Hashes):
		return root, nil, nil, false
	}
	w := proofWalk{Proof: p}
	root = w.extract(p.height(), 0)
	if w.bad || (w.turns+7)/8 != (len(p.Turns)+7)/8 || w.hashes != len(p.Hashes) {
		return Hash{}, nil, nil, false
	}
	return root, w.ids, w.places, true
}

// proofWalk is how far the walk through a proof has come.
type proofWalk struct {
	*Proof
	turns, hashes int // used
	ids           []Hash
	places        []uint32
	bad           bool
}

func (w *proofWalk) extract(height int, at uint32) (h Hash) {
	if w.turns >= len(w.Turns) {
		w.bad = true
		return h
	}
	below := w.Turns[w.turns]
	w.turns++
	if height == 0 || !below {
		if w.hashes >= len(w.Hashes) {
			w.bad = true
			return h
		}
		h = w.Hashes[w.hashes]
		w.hashes++
		if below {
			w.ids, w.places = append(w.ids, h), append(w.places, at)
		}
		return h
	}
	left := w.extract(height-1, 2*at)
	right := left
	if 2*at+1 < w.width(height-1) {
		right = w.extract(height-1, 2*at+1)
		w.bad = w.bad || right == left // a tree that repeats itself (CVE-2012-2459)
	}
	return hashPair(left, right)
}

// Message is the proof as it travels, with the block's header.
func (p *Proof) Message(h wire.BlockHeader) *wire.MsgMerkleBlock {
	m := &wire.MsgMerkleBlock{Header: h, Transactions: p.Total, Flags: make([]byte, (len(p.Turns)+7)/8)}
	for i := range p.Hashes {
		m.Hashes = append(m.Hashes, &p.Hashes[i])
	}
	for i, below := range p.Turns {
		if below {
			m.Flags[i/8] |= 1 << (i % 8)
		}
	}
	return m
}

// ProofIn is the proof of a message.
func ProofIn(m *wire.MsgMerkleBlock) *Proof {
	p := &Proof{Total: m.Transactions, Turns: make([]bool, 8*len(m.Flags))}
	for _, h := range m.Hashes {
		p.Hashes = append(p.Hashes, *h)
	}
	for i := range p.Turns {
		p.Turns[i] = m.Flags[i/8]>>(i%8)&1 == 1
	}
	return p
}
