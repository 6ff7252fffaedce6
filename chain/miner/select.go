package miner

import (
	"cmp"
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
}

// packages has the candidate whose package pays best at the top (container/heap).
type packages []*candidate

func (h packages) Len() int { return len(h) }

func (h packages) Less(i, j int) bool { return compare(h[i], h[j]) < 0 }

// compare puts the package that pays best first; of two that pay the same, the one that came first.
func compare(a, b *candidate) int {
	return cmp.Or(policy.CmpRate(b.rate, a.rate), a.at-b.at)
}

// queue holds the packages that are not chosen yet. Most transactions have no relatives in the pool: nothing
// changes their place, so that those are sorted once, and only the others are kept in a heap.
type queue struct {
	alone  []*candidate // the best first
	linked packages
}

// next takes the package that pays best; nil: there is none left.
func (q *queue) next() *candidate {
	if len(q.alone) == 0 && len(q.linked) == 0 {
		return nil
	}
	if len(q.alone) > 0 && (len(q.linked) == 0 || compare(q.alone[0], q.linked[0]) < 0) {
		best := q.alone[0]
		q.alone = q.alone[1:]
		return best
	}
	return heap.Pop(&q.linked).(*candidate)
}

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
	var chosen []mempool.Candidate
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
	all := make([]candidate, len(txs))
	byID := make(map[chain.Hash]*candidate, len(txs))
	for i, tx := range txs {
		c := &all[i]
		*c = candidate{Candidate: tx, at: i, place: -1}
		for _, in := range tx.Tx.TxIn {
			parent := byID[in.PreviousOutPoint.Hash]
			if parent != nil && !slices.Contains(c.parents, parent) {
				c.parents = append(c.parents, parent)
				parent.children = append(parent.children, c)
			}
		}
		if c.parents == nil {
			c.fee, c.size, c.weight, c.sigOps = c.Modified, c.VSize, c.Tx.Weight, c.SigOpCost
		} else {
			for _, a := range c.pending() {
				c.fee += a.Modified
				c.size += a.VSize
				c.weight += a.Tx.Weight
				c.sigOps += a.SigOpCost
			}
		}
		c.rate = c.score()
		byID[tx.Tx.ID] = c
	}
	left.alone = make([]*candidate, 0, len(all))
	for i := range all {
		if c := &all[i]; c.parents == nil && c.children == nil {
			left.alone = append(left.alone, c)
		} else {
			left.linked.Push(c)
		}
	}
	slices.SortFunc(left.alone, compare)
	heap.Init(&left.linked)
	return left
}

// pending is the candidate with its ancestors that are not chosen yet, parents first [onlyUnconfirmed, SortForBlock].
func (c *candidate) pending() []*candidate {
	group := []*candidate{c}
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
