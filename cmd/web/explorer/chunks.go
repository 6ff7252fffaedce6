package explorer

import (
	"math/bits"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
)

// chunk are transactions of the pool that a miner takes together: each pays for those before it.
type chunk struct {
	policy.Paid
	ids []chain.Hash // parents before their children
}

// maxLinear is the largest cluster whose order is looked for [DEFAULT_CLUSTER_LIMIT]; a larger one keeps
// the order in which it came.
const maxLinear = 64

// chunksOf cuts transactions, parents before their children, into chunks, those that pay most a byte
// first. Of each cluster it takes again and again the transaction that with what it still builds on pays
// the most; what then pays more than what stands before it is one chunk with it.
func chunksOf(txs []mempool.Candidate) (chunks []chunk) {
	for _, cluster := range clustersOf(txs) {
		chunks = append(chunks, merge(txs, linear(txs, cluster))...)
	}
	// Within a cluster rates never rise, and equal ones stay in order.
	slices.SortStableFunc(chunks, func(a, b chunk) int { return policy.CmpRate(b.Paid, a.Paid) })
	return chunks
}

// member is a transaction of a cluster: its place in the list, and in the cluster those of its parents.
type member struct {
	at      int
	parents []int
}

// clustersOf puts together what spends from each other.
func clustersOf(txs []mempool.Candidate) (clusters [][]member) {
	place := make(map[chain.Hash]int, len(txs))
	for i, c := range txs {
		place[c.Tx.ID] = i
	}
	root := make([]int, len(txs)) // union-find
	for i := range root {
		root[i] = i
	}
	top := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	parents := make([][]int, len(txs))
	for i, c := range txs {
		for _, in := range c.Tx.TxIn {
			if p, ok := place[in.PreviousOutPoint.Hash]; ok && !slices.Contains(parents[i], p) {
				parents[i] = append(parents[i], p)
				a, b := top(p), top(i)
				root[max(a, b)] = min(a, b)
			}
		}
	}
	of := map[int]int{}
	inside := make([]int, len(txs)) // place in its cluster
	for i := range txs {
		r := top(i)
		n, known := of[r]
		if !known {
			n, of[r] = len(clusters), len(clusters)
			clusters = append(clusters, nil)
		}
		m := member{at: i}
		for _, p := range parents[i] {
			m.parents = append(m.parents, inside[p])
		}
		inside[i] = len(clusters[n])
		clusters[n] = append(clusters[n], m)
	}
	return clusters
}

// linear is the order in which a miner takes a cluster's transactions, as places in the list.
func linear(txs []mempool.Candidate, cluster []member) (order []int) {
	if len(cluster) == 1 || len(cluster) > maxLinear {
		for _, m := range cluster {
			order = append(order, m.at)
		}
		return order
	}
	// With itself; a parent stands before its children.
	ancestors := make([]uint64, len(cluster))
	for i, m := range cluster {
		ancestors[i] = 1 << i
		for _, p := range m.parents {
			ancestors[i] |= ancestors[p]
		}
	}
	left := ^uint64(0) >> (64 - len(cluster))
	for left != 0 {
		var best uint64
		var pays policy.Paid
		for i := range cluster {
			if left&(1<<i) == 0 {
				continue
			}
			set := ancestors[i] & left
			if paid := sumOf(txs, cluster, set); best == 0 || policy.CmpRate(paid, pays) > 0 {
				best, pays = set, paid
			}
		}
		left &^= best
		for ; best != 0; best &= best - 1 {
			order = append(order, cluster[bits.TrailingZeros64(best)].at)
		}
	}
	return order
}

// sumOf adds up a set of a cluster's transactions.
func sumOf(txs []mempool.Candidate, cluster []member, set uint64) (p policy.Paid) {
	for ; set != 0; set &= set - 1 {
		c := txs[cluster[bits.TrailingZeros64(set)].at]
		p.Fee, p.VSize = p.Fee+c.Modified, p.VSize+c.VSize
	}
	return p
}

// merge cuts an order into chunks: one that pays more than the one before it joins it.
func merge(txs []mempool.Candidate, order []int) (chunks []chunk) {
	for _, at := range order {
		c := chunk{policy.Paid{Fee: txs[at].Modified, VSize: txs[at].VSize}, []chain.Hash{txs[at].Tx.ID}}
		for n := len(chunks); n > 0 && policy.CmpRate(c.Paid, chunks[n-1].Paid) > 0; n = len(chunks) {
			last := chunks[n-1]
			c = chunk{policy.Paid{Fee: last.Fee + c.Fee, VSize: last.VSize + c.VSize}, append(last.ids, c.ids...)}
			chunks = chunks[:n-1]
		}
		chunks = append(chunks, c)
	}
	return chunks
}

// rate is what a chunk pays in satoshis a virtual byte.
func (c chunk) rate() float64 { return float64(c.Fee) / float64(max(c.VSize, 1)) }

// maxCluster bounds the transactions that hang together with one and are looked at for its page.
const maxCluster = 500

// clusterOf are the pool's transactions that hang together with one, parents before their children;
// false: they are more than maxCluster.
func (h *Handler) clusterOf(id chain.Hash) (list []mempool.Candidate, whole bool) {
	seen := map[chain.Hash]bool{id: true}
	next := []chain.Hash{id}
	var entries []mempool.Entry
	for len(next) > 0 && len(entries) < maxCluster {
		e, ok := h.Pool.Pool.Entry(next[0])
		next = next[1:]
		if !ok {
			continue // it has left meanwhile
		}
		entries = append(entries, e)
		for _, other := range slices.Concat(e.Depends, e.SpentBy) {
			if !seen[other] {
				seen[other] = true
				next = append(next, other)
			}
		}
	}
	slices.SortFunc(entries, func(a, b mempool.Entry) int { return int(a.Seq - b.Seq) })
	for _, e := range entries {
		list = append(list, mempool.Candidate{Tx: e.Tx, Fee: e.Fee, Modified: e.Modified, VSize: e.VSize, SigOpCost: e.SigOpCost})
	}
	return list, len(next) == 0
}

// waitView is what the pool says of a transaction.
type waitView struct {
	mempool.Entry
	Ancestors, Descendants       []relative
	MoreAncestors, MoreDescended int
	Chunk                        *chunkView // nil: the cluster is too large
	Cluster                      int        // transactions in it
	Block                        int        // that takes it if nothing comes before it, counted from 1; 0: not known
	ModifiedBy                   btcutil.Amount
}

// relative is a transaction of the pool that another builds on, or that builds on it.
type relative struct{ ID, Rate string }

// chunkView is the chunk that a transaction is in.
type chunkView struct {
	Fee   btcutil.Amount
	VSize int
	Rate  string
	Txs   []string
	More  int
}

// maxRelatives bounds the transactions that a list of a page names.
const maxRelatives = 25

func (h *Handler) newWait(id chain.Hash) *waitView {
	e, ok := h.Pool.Pool.Entry(id)
	if !ok {
		return nil // it has just left
	}
	w := &waitView{Entry: e, ModifiedBy: e.Modified - e.Fee}
	above, _ := h.Pool.Pool.Ancestors(id)
	below, _ := h.Pool.Pool.Descendants(id)
	w.Ancestors, w.MoreAncestors = relatives(above)
	w.Descendants, w.MoreDescended = relatives(below)
	cluster, whole := h.clusterOf(id)
	if w.Cluster = len(cluster); !whole {
		return w
	}
	for _, c := range chunksOf(cluster) {
		if !slices.Contains(c.ids, id) {
			continue
		}
		w.Chunk = &chunkView{Fee: c.Fee, VSize: c.VSize, Rate: rateText(c.rate()), More: max(0, len(c.ids)-maxRelatives)}
		for _, other := range c.ids[:min(len(c.ids), maxRelatives)] {
			w.Chunk.Txs = append(w.Chunk.Txs, other.String())
		}
		w.Block = h.poolPicture().blockOf(c.Paid)
	}
	return w
}

func relatives(entries []mempool.Entry) (list []relative, more int) {
	for _, e := range entries[:min(len(entries), maxRelatives)] {
		list = append(list, relative{e.Tx.ID.String(), feeRate(e.Fee, e.VSize)})
	}
	return list, len(entries) - len(list)
}
