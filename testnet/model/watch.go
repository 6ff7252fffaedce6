package model

import (
	"fmt"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

// What must hold. Some of it can be seen only from outside: whether a request
// that a node believes to be open was ever made and not answered yet. So the
// simulator keeps its own record of what was asked.

const (
	maxWrong = 20 // violations after which a run ends
	maxAsks  = 30 // requests for one thing at one peer: more is asking for ever

	// patience with a peer that was asked for a transaction by its wtxid; gossip's is
	// 5 s. A parent asked for by its txid may be on its way under its other name.
	patience = 4900 * time.Millisecond
)

// request is one thing asked from one peer.
type request struct {
	peer p2p.PeerID
	hash chain.Hash
}

// asking is a request that was not answered yet.
type asking struct {
	at    time.Duration
	parts bool // of a block: who has since heard of many others may have forgotten them before its own verdict
	short bool // for a block's short form: cmpctblock is the answer and no announcement
}

// watch is what one node has asked for.
type watch struct {
	open  map[request]asking
	asked map[request]int
	last  map[chain.Hash]p2p.PeerID // who was asked for it last
}

func newWatch() *watch {
	return &watch{open: map[request]asking{}, asked: map[request]int{}, last: map[chain.Hash]p2p.PeerID{}}
}

func (w *watch) restart() { *w = *newWatch() }

// asks notes what a node asks for.
func (w *watch) asks(m *sim, n *node, s p2p.Send) {
	if rest, ok := s.Msg.(*msg.GetBlockTxn); ok {
		w.open[request{s.Peer, rest.Block}] = asking{at: m.now, parts: true}
		return
	}
	get, ok := s.Msg.(*wire.MsgGetData)
	if !ok {
		return
	}
	for _, iv := range get.InvList {
		r := request{s.Peer, iv.Hash}
		if before := (request{w.last[iv.Hash], iv.Hash}); iv.Type == txs.InvTypeWTx && before.peer != s.Peer {
			if a, open := w.open[before]; open && m.now-a.at < patience {
				m.broken(n, "asks two peers for one transaction at once")
			}
		}
		w.open[r], w.last[iv.Hash] = asking{at: m.now, short: iv.Type&^wire.InvWitnessFlag == invTypeCmpct}, s.Peer
		if w.asked[r]++; w.asked[r] > maxAsks {
			m.broken(n, "asks the same peer for the same thing again and again")
		}
	}
}

// invTypeCmpct asks for a block's short form (BIP152).
const invTypeCmpct wire.InvType = 4

// answered notes that requests are no longer open.
func (w *watch) answered(world *world, from *half, what wire.Message) {
	switch what := what.(type) {
	case *msg.Block:
		delete(w.open, request{from.id, what.Hash})
	case *msg.CmpctBlock:
		if r := (request{from.id, what.Header.BlockHash()}); w.open[r].short {
			delete(w.open, r)
		}
	case *msg.BlockTxn:
		delete(w.open, request{from.id, what.Block})
	case *msg.Tx:
		delete(w.open, request{from.id, what.ID})
		delete(w.open, request{from.id, what.WID})
	case *msg.Given:
		w.refused(world, from, what)
	case *wire.MsgNotFound:
		for _, iv := range what.InvList {
			delete(w.open, request{from.id, iv.Hash})
		}
	}
}

// refused notes that a seed sends no blocks that others were given; what is asked for
// again is a new request.
func (w *watch) refused(world *world, from *half, what *msg.Given) {
	last := world.ByHash[what.Last]
	if last == nil {
		return
	}
	for r := range w.open {
		b := world.ByHash[r.hash]
		if r.peer == from.id && b != nil && what.Given.Has(int(b.Node.Height-last.Node.Height)-1) && last.Node.IsAncestorOf(b.Node) {
			delete(w.open, r)
		}
	}
}

// settled: the node has the transaction, so a new request for it is another story.
func (w *watch) settled(t *chain.Tx) {
	delete(w.last, t.ID)
	delete(w.last, t.WID)
}

// left forgets what a peer was asked that is gone.
func (w *watch) left(id p2p.PeerID) {
	for r := range w.open {
		if r.peer == id {
			delete(w.open, r)
		}
	}
}

// after proves what holds at every moment.
func (w *watch) after(m *sim, n *node) {
	z := n.m.Sizes()
	if z.TxFlights+z.BlockFlights > len(w.open) {
		m.broken(n, "waits for what nobody was asked for, or what was answered long ago")
	}
	if z.TxCredits < 0 || z.TxCredits > gossip.MaxTxsValidating || z.BytesValidating < 0 || z.BytesQueued < 0 {
		m.broken(n, "its credits do not add up")
	}
	if z.PoolLog > 2*z.Pool+66 || z.OrphanLog > 2*z.Orphans+66 {
		m.broken(n, "keeps a long row of what is gone")
	}
	if z.Headers > len(m.w.Blocks) {
		m.broken(n, "has headers that nobody made")
	}
}

func (m *sim) wrongf(format string, args ...any) {
	if len(m.wrong) < maxWrong {
		m.wrong = append(m.wrong, fmt.Sprintf("%8.3f s  ", m.now.Seconds())+fmt.Sprintf(format, args...))
	}
}

func (m *sim) broken(n *node, what string) { m.wrongf("node %d %s", n.i, what) }

// spins says whether a node wants to be woken at this very moment for ever.
func (m *sim) spins(n *node) bool {
	if n.spunAt != m.now {
		n.spunAt, n.spun = m.now, 0
	}
	if n.spun++; n.spun == spinMax {
		m.broken(n, "wants to be woken again and again at one moment")
		m.stuck = true
	}
	return n.spun >= spinMax
}

// atEnd proves what holds when all is quiet.
func (m *sim) atEnd() {
	if len(m.wrong) >= maxWrong {
		return
	}
	best := m.best()
	for _, n := range m.nodes {
		if n.liar == nil {
			m.checkEnd(n, best)
		}
	}
}

// checkEnd proves that a node has everything, waits for nothing and has
// forgotten what is over.
func (m *sim) checkEnd(n *node, best *block) {
	z, st := n.m.Sizes(), n.m.Status()
	must := func(ok bool, format string, args ...any) {
		if !ok {
			m.broken(n, fmt.Sprintf(format, args...))
		}
	}
	must(n.backend.Tip == best, "is at height %d at the end, the best is %d", n.backend.Tip.Node.Height, best.Node.Height)
	must(st.Tip.Hash == n.backend.Tip.Node.Hash, "does not follow its own ledger")
	m.checkTxs(n)
	must(z.Peers == len(n.links), "remembers %d peers, %d are here", z.Peers, len(n.links))
	must(z.Pool == n.backend.Pool.count(), "has %d transactions in its index, %d in its pool", z.Pool, n.backend.Pool.count())
	must(z.BlockFlights == 0 && z.TxFlights == 0, "still waits for %d blocks and %d transactions", z.BlockFlights, z.TxFlights)
	must(z.BytesValidating == 0 && z.BlocksQueued == 0, "never got the verdict on a block")
	must(z.TxCredits == gossip.MaxTxsValidating && z.TxValidating == 0 && z.TxQueued == 0, "never got the verdict on a transaction")
	must(z.Wants == 0 && z.Offers == 0 && z.TxAsked == 0, "still wants %d transactions", z.Wants)
	must(z.Orphans == 0 && z.OrphanLog == 0, "keeps %d orphans", z.Orphans)
	must(z.Outbox == 0, "has %d announcements left", z.Outbox)
	must(n.tickets == 0, "left %d submissions without an answer", n.tickets)
	if n.watch == nil {
		return
	}
	for r, a := range n.watch.open {
		if a.parts {
			continue // the block came in another way, or lost its race
		}
		h := m.lineOf(n, r.peer)
		must(h == nil || h.other.node.liar != nil, "was never answered by an honest peer")
	}
}

// checkTxs: everybody knows every transaction. On public networks only where
// nothing broke: there nobody tells a newcomer of the pool, as in Core.
func (m *sim) checkTxs(n *node) {
	if m.cfg.Public && m.breaks+m.stops+m.drops+m.cfg.Groups > 0 {
		return
	}
	for i := range m.w.Txs {
		if !n.backend.knows(int32(i)) {
			m.broken(n, fmt.Sprintf("never heard of transaction %d of node %d", i, m.w.Txs[i].Maker))
			return
		}
	}
}
