package miner

import (
	"container/heap"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
)

// What a block has room for. The names in brackets are Core's.
const (
	// reserved is kept for header, transaction count and coinbase, in weight [DEFAULT_BLOCK_RESERVED_WEIGHT].
	reserved = 8_000
	// reservedSigOps is kept for the coinbase's outputs [DEFAULT_COINBASE_OUTPUT_MAX_ADDITIONAL_SIGOPS].
	reservedSigOps = 400
	// maxFailures in a row end the search once the block is nearly full [MAX_CONSECUTIVE_FAILURES].
	maxFailures = 1000
	nearly      = 4_000 // less room than this makes a block nearly full
	// usualWeight is about that of a payment from one key to another.
	usualWeight = 440
)

// terms are what people ask of a block.
type terms struct {
	weight   int            // at most [-blockmaxweight]
	reserved int            // of it, for header and coinbase
	minRate  policy.FeeRate // that a package pays to be chosen [-blockmintxfee]
}

// candidate is a pool transaction while a block is chosen.
type candidate struct {
	mempool.Candidate
	at       int // place in the snapshot: parents before their children
	parents  []*candidate
	children []*candidate
	place    int // in packages; -1 outside
	done     bool

	// The transaction with all its ancestors that are not chosen yet; fees are modified ones.
	fee    btcutil.Amount
	size   int // virtual bytes
	weight int
	sigOps int
	rate   policy.Paid // see score

	self [1]*candidate // what pending gives of one that needs no other
}

// packages has the candidate whose package pays best at the top (container/heap).
type packages []*candidate

func (h packages) Len() int { return len(h) }

func (h packages) Less(i, j int) bool { return h[i].before(lone{h[j].rate, h[j].at}) }

// lone is a transaction without relatives in the pool: nothing that is chosen changes its place.
type lone struct {
	policy.Paid
	at int // in the snapshot
}

// before says whether a pays better, or as much and came first.
func (a lone) before(b lone) bool {
	c := policy.CmpRate(a.Paid, b.Paid)
	return c > 0 || c == 0 && a.at < b.at
}

// loners are a heap of those, the best at the top. Most of a pool are some, of which a block takes a part.
type loners []lone

func (h loners) init() {
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.sink(i)
	}
}

// sink lets the one in place i sink to where it belongs.
func (h loners) sink(i int) {
	for {
		best := 2*i + 1
		if best >= len(h) {
			return
		}
		if best+1 < len(h) && h[best+1].before(h[best]) {
			best++
		}
		if !h[best].before(h[i]) {
			return
		}
		h[i], h[best] = h[best], h[i]
		i = best
	}
}

// queue holds the packages that are not chosen yet.
type queue struct {
	txs    []mempool.Candidate
	alone  loners
	linked packages
	one    candidate // the last of alone that was given
}

// next takes the package that pays best; nil: there is none left. It is valid until the next call.
func (q *queue) next() *candidate {
	switch {
	case len(q.alone) == 0 && len(q.linked) == 0:
		return nil
	case len(q.alone) == 0 || len(q.linked) > 0 && q.linked[0].before(q.alone[0]):
		return heap.Pop(&q.linked).(*candidate)
	}
	at, last := q.alone[0].at, len(q.alone)-1
	q.alone[0], q.alone = q.alone[last], q.alone[:last]
	q.alone.sink(0)
	q.one = candidate{Candidate: q.txs[at], at: at, place: -1}
	q.one.stand()
	return &q.one
}

func (c *candidate) before(l lone) bool { return lone{c.rate, c.at}.before(l) }

func (h packages) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push is for container/heap.
func (h *packages) Push(x any) {
	c := x.(*candidate)
	c.place = len(*h)
	*h = append(*h, c)
}

// Pop is for container/heap.
func (h *packages) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	(*h)[last], *h = nil, (*h)[:last]
	c.place = -1
	return c
}

// score is the worse of the transaction's own rate and its package's: a rich
// parent does not carry a low-fee child [CompareTxMemPoolEntryByAncestorFee].
func (c *candidate) score() policy.Paid {
	own, all := policy.Paid{Fee: c.Modified, VSize: c.VSize}, policy.Paid{Fee: c.fee, VSize: c.size}
	if policy.CmpRate(own, all) < 0 {
		return own
	}
	return all
}

// choose picks transactions for the block after tip: again and again the one
// that, with the ancestors it still needs, pays the most a byte
// [BlockAssembler::addPackageTxs]. Parents come before their children.
func choose(txs []mempool.Candidate, tip *chain.HeaderNode, on terms) []mempool.Candidate {
	left := link(txs)
	height, median := tip.Height+1, tip.MedianTimePast()
	weight, sigOps, failures := on.reserved, reservedSigOps, 0
	chosen := make([]mempool.Candidate, 0, min(len(txs), on.weight/usualWeight))
	for failures <= maxFailures {
		best := left.next()
		if best == nil || policy.CmpRate(best.rate, policy.Paid{Fee: btcutil.Amount(on.minRate), VSize: 1000}) < 0 {
			break
		}
		if weight+best.weight > on.weight || sigOps+best.sigOps > chain.MaxSigOpCost { // [BlockAssembler::TestPackage]
			if weight > on.weight-on.reserved-nearly {
				failures++
			}
			continue
		}
		group := best.pending()
		if slices.ContainsFunc(group, func(c *candidate) bool { return !chain.IsFinal(c.Tx, height, median) }) { // [TestPackageTransactions]
			continue
		}
		failures = 0
		weight += best.weight
		sigOps += best.sigOps
		for _, c := range group {
			chosen = append(chosen, c.Candidate)
			left.linked.take(c)
		}
	}
	return chosen
}

// link finds who spends whom, and what each package adds up to.
func link(txs []mempool.Candidate) (left queue) {
	related := 0
	for i := range txs {
		if txs[i].Related {
			related++
		}
	}
	left.txs, left.alone = txs, make(loners, 0, len(txs)-related)
	all := make([]candidate, 0, related) // never grows: it is pointed into
	byID := make(map[chain.Hash]*candidate, related)
	for i, tx := range txs {
		if !tx.Related {
			left.alone = append(left.alone, lone{policy.Paid{Fee: tx.Modified, VSize: tx.VSize}, i})
			continue
		}
		all = append(all, candidate{Candidate: tx, at: i, place: -1})
		c := &all[len(all)-1]
		c.findParents(byID)
		byID[tx.Tx.ID] = c
		left.linked.Push(c)
	}
	left.alone.init()
	heap.Init(&left.linked)
	return left
}

// findParents links the candidate with those before it that it spends, and adds up its package.
func (c *candidate) findParents(byID map[chain.Hash]*candidate) {
	for _, in := range c.Tx.TxIn {
		parent := byID[in.PreviousOutPoint.Hash]
		if parent != nil && !slices.Contains(c.parents, parent) {
			c.parents = append(c.parents, parent)
			parent.children = append(parent.children, c)
		}
	}
	if c.parents == nil {
		c.stand()
		return
	}
	for _, a := range c.pending() {
		c.fee += a.Modified
		c.size += a.VSize
		c.weight += a.Tx.Weight
		c.sigOps += a.SigOpCost
	}
	c.rate = c.score()
}

// stand makes a candidate that needs no other its own package.
func (c *candidate) stand() {
	c.fee, c.size, c.weight, c.sigOps = c.Modified, c.VSize, c.Tx.Weight, c.SigOpCost
	c.rate = policy.Paid{Fee: c.fee, VSize: c.size}
}

// pending is the candidate with its ancestors that are not chosen yet, parents first [onlyUnconfirmed, SortForBlock].
func (c *candidate) pending() []*candidate {
	c.self[0] = c
	group := c.self[:]
	if len(c.parents) == 0 {
		return group
	}
	seen := map[*candidate]bool{c: true}
	for i := 0; i < len(group); i++ {
		for _, parent := range group[i].parents {
			if !parent.done && !seen[parent] {
				seen[parent] = true
				group = append(group, parent)
			}
		}
	}
	slices.SortFunc(group, func(a, b *candidate) int { return a.at - b.at })
	return group
}

// take marks c as chosen: what builds on it no longer has to pay for it [UpdatePackagesForAdded, AddToBlock].
func (h *packages) take(c *candidate) {
	c.done = true
	if c.place >= 0 {
		heap.Remove(h, c.place)
	}
	if c.children == nil {
		return
	}
	seen := map[*candidate]bool{}
	below := slices.Clone(c.children)
	for len(below) > 0 {
		d := below[0]
		below = below[1:]
		if seen[d] || d.done {
			continue
		}
		seen[d] = true
		below = append(below, d.children...)
		d.fee -= c.Modified
		d.size -= c.VSize
		d.weight -= c.Tx.Weight
		d.sigOps -= c.SigOpCost
		d.rate = d.score()
		if d.place >= 0 {
			heap.Fix(h, d.place)
		}
	}
}
