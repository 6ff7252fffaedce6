package gossip

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
)

// storm throws random events at a network: blocks at any node on any branch,
// chains of transactions in any order, connections that break and return, bodies
// that turn out damaged.
type storm struct {
	*sim
	made   int
	txs    []string
	ticket p2p.Ticket
}

func (st *storm) event() {
	n := st.nodes[st.rnd.IntN(len(st.nodes))]
	switch k := st.rnd.IntN(100); {
	case k < 5:
		st.lose(n)
	case k < 20: // a block on the node's own tip
		st.made++
		name := fmt.Sprint("b", st.made)
		st.w.block(name, st.w.names[n.r.tip.Hash], 200+st.rnd.IntN(5000), st.poolOf(n)...)
		st.mine(n, name)
	case k < 60:
		var parents []string
		for range st.rnd.IntN(3) {
			if len(st.txs) > 0 {
				parents = append(parents, st.txs[st.rnd.IntN(len(st.txs))])
			}
		}
		name := fmt.Sprint("t", len(st.txs))
		st.w.tx(name, parents...)
		st.txs = append(st.txs, name)
		st.ticket++
		st.step(n, SubmitTx{st.ticket, st.w.txs[name]})
	case k < 75 && len(n.links) > 0: // break one connection
		for id := p2p.PeerID(1); id <= n.nextID; id++ {
			if n.links[id] != nil && st.rnd.IntN(len(n.links)) == 0 {
				st.cut(n, id)
				break
			}
		}
	default:
		st.join(n, st.nodes[st.rnd.IntN(len(st.nodes))])
	}
}

// lose damages a body of the node's chain that somebody else has too.
func (st *storm) lose(n *simNode) {
	b := n.r.tip.Ancestor(int32(st.rnd.IntN(int(n.r.tip.Height) + 1)))
	others := slices.ContainsFunc(st.nodes, func(o *simNode) bool { return o != n && o.r.body[b.Hash] != nil })
	if n.r.body[b.Hash] != nil && others {
		delete(n.r.body, b.Hash)
		st.step(n, BodyLost{b})
	}
}

// poolOf lists the node's pool in the order of names.
func (st *storm) poolOf(n *simNode) (txs []*chain.Tx) {
	for _, name := range st.txs {
		if tx := st.w.txs[name]; n.r.pool[tx.ID] != nil {
			txs = append(txs, tx)
		}
	}
	return txs
}

func (st *storm) join(a, b *simNode) {
	if a == b {
		return
	}
	for _, l := range a.links {
		if l.to == b {
			return
		}
	}
	st.connect(a, b, time.Duration(1+st.rnd.IntN(80))*time.Millisecond)
}

// runStorm is one random history; it ends connected in a ring, with one more
// block, and everybody must agree.
func runStorm(t *testing.T, seed uint64, events int) uint64 {
	w := newWorld()
	st := &storm{sim: newSim(t, w, 6, seed)}
	for i, n := range st.nodes { // a third of the storms among stock nodes, a third among have nodes, a third mixed
		n.have = seed%3 == 1 || seed%3 == 2 && i%2 == 0
	}
	for range events {
		st.event()
		st.run(time.Duration(st.rnd.IntN(150)) * time.Millisecond)
	}
	for i, n := range st.nodes {
		st.join(n, st.nodes[(i+1)%len(st.nodes)])
	}
	st.run(20 * time.Second)
	last := st.nodes[0]
	st.made++
	name := fmt.Sprint("b", st.made)
	w.block(name, w.names[last.r.tip.Hash], 500, st.poolOf(last)...)
	st.mine(last, name)
	st.run(30 * time.Second)
	st.wantTip(name, st.nodes...)
	for _, n := range st.nodes {
		for b := n.r.tip; b.Parent != nil; b = b.Parent {
			if e := n.s.tree.Find(b.Hash); n.r.body[b.Hash] == nil || !e.Stored || e.Lost {
				t.Errorf("node %d has lost %s and it has not come again", n.i, w.names[b.Hash])
			}
		}
		for _, tx := range st.txs {
			x := w.txs[tx]
			if (n.r.pool[x.ID] != nil) != (st.nodes[0].r.pool[x.ID] != nil) {
				t.Errorf("%s: in pool of node %d %v, of node 0 %v", tx, n.i, n.r.pool[x.ID] != nil, st.nodes[0].r.pool[x.ID] != nil)
			}
		}
		for id := p2p.Ticket(1); id <= st.ticket; id++ {
			answered := 0
			for _, n := range st.nodes {
				if _, ok := n.answers[id]; ok {
					answered++
				}
			}
			if answered != 1 {
				t.Fatalf("ticket %d was answered %d times", id, answered)
			}
		}
		if z := n.s.Sizes(); z.TxCredits != MaxTxsValidating || z.BytesValidating != 0 || z.Wants != 0 || z.BlockFlights != 0 {
			t.Errorf("node %d at rest holds %+v", n.i, z)
		}
	}
	return st.trace
}

func TestRandomNetworksConverge(t *testing.T) {
	seeds := uint64(12)
	if underRace {
		seeds = 4
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { runStorm(t, seed, 300) })
	}
}

// The same seed and the same events give the same actions, in the same order.
func TestSameSeedSameActions(t *testing.T) {
	if a, b := runStorm(t, 99, 300), runStorm(t, 99, 300); a != b {
		t.Errorf("two runs differ: %x and %x", a, b)
	}
}
