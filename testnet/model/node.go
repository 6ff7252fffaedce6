package model

import (
	"math/rand/v2"
	"slices"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/msg"

	"github.com/btcsuite/btcd/wire/v2"
)

// machine is what a node runs: a gossip.State, or one with a planted bug.
type machine interface {
	Step(now time.Time, ev gossip.Event) []p2p.Action
	Deadline() time.Time
	Status() gossip.Status
	Sizes() gossip.Sizes
}

var _ machine = (*gossip.State)(nil)

// node is one node: its conversation, its backend and its line.
type node struct {
	i        int
	m        machine
	backend  backend
	liar     *liar // nil: honest
	stock    bool  // it does not speak gvhave
	fair     bool  // its line serves all connections in turn, as a stock node's does, not one message after the other
	turns    []*half
	up       bool
	life     int32 // how often it was started: what was validated for an earlier life is void
	links    []*half
	outs     int    // of these, dialled by itself
	dialling bool   // it will dial again soon
	known    bitset // headers it has stored, by block
	tickAt   time.Duration
	spunAt   time.Duration // when it was last woken
	spun     int           // how often at that moment

	region   int
	rate     [2]int64         // bytes per second up and down; 0: no limit
	free     [2]time.Duration // when its line is free again, up and down
	blocksAt time.Duration    // when the ledger is free again
	txsAt    time.Duration    // when the pool is

	got         bitset // bodies that have come, by block, validated or not
	tickets     int    // of Submits that wait for their answer
	own         []int32
	out, in     int64   // bytes
	discouraged []*node // it has found them to be liars
	watch       *watch  // nil: only the end is looked at
}

// start gives the node a conversation that knows what its backend knows.
func (m *sim) start(n *node) {
	n.up, n.tickAt, n.tickets = true, Never, 0
	n.life++
	n.blocksAt, n.txsAt = m.now, m.now
	n.backend.Pool, n.got = nil, slices.Clone(n.backend.Have)
	cfg := gossip.Config{
		Params: m.w.Params, Tip: n.backend.Tip.Node, MinFee: 1000,
		Rand: rand.New(rand.NewPCG(m.cfg.Seed, uint64(n.i)<<20|uint64(n.life))),
		Stored: func(h chain.Hash) bool {
			b := m.w.ByHash[h]
			return b != nil && n.backend.Have.Has(b.I)
		},
	}
	for i, b := range m.w.Blocks {
		if n.known.Has(i) {
			cfg.Headers = append(cfg.Headers, b.Node)
		}
	}
	n.m = gossip.New(cfg)
	if n.watch != nil {
		n.watch.restart()
	}
	if m.cfg.spoil != nil {
		n.m = m.cfg.spoil(n.i, n.m)
	}
}

// step tells a node what happened and does what it says.
func (m *sim) step(n *node, ev gossip.Event) {
	if !n.up {
		return
	}
	m.steps++
	acts := n.m.Step(m.w.Start.Add(m.now), ev)
	if n.liar != nil {
		acts = n.liar.spoil(acts)
	}
	for _, a := range acts {
		m.perform(n, a)
	}
	m.arm(n)
	if n.watch != nil {
		n.watch.after(m, n)
	}
}

// arm sees to it that the node is woken when it wants to be.
func (m *sim) arm(n *node) {
	due := n.m.Deadline()
	if due.IsZero() {
		return
	}
	if at := max(due.Sub(m.w.Start), m.now); at < n.tickAt {
		n.tickAt = at
		m.line.Push(at, event{kind: ticks, node: n})
	}
}

// onTick wakes a node, unless its deadline has moved meanwhile.
func (m *sim) onTick(n *node) {
	if n.tickAt != m.now {
		return
	}
	n.tickAt = Never
	if due := n.m.Deadline(); !n.up || due.IsZero() || due.Sub(m.w.Start) > m.now {
		if n.up {
			m.arm(n)
		}
		return
	}
	if m.spins(n) {
		return
	}
	m.step(n, gossip.Tick{})
}

func (m *sim) perform(n *node, a p2p.Action) {
	switch a := a.(type) {
	case p2p.Send:
		if n.watch != nil {
			n.watch.asks(m, n, a)
		}
		if h := m.lineOf(n, a.Peer); h != nil {
			m.transmit(h, a.Msg)
		}
	case p2p.SendBlock:
		if h := m.lineOf(n, a.Peer); h != nil {
			m.sendBlock(n, h, a.Hash)
		}
	case p2p.Drop:
		if n.watch != nil {
			n.watch.left(a.Peer)
		}
		if h := m.lineOf(n, a.Peer); h != nil {
			m.onDrop(n, h, a)
		}
	case p2p.ValidateTx:
		n.txsAt = max(n.txsAt, m.now) + m.cfg.TxCheck
		m.line.Push(n.txsAt, event{kind: validatedTx, size: n.life, node: n, what: a})
	case p2p.ValidateBlock:
		m.gotBody(n, a.Node.Hash)
		if b := m.w.ByHash[a.Node.Hash]; m.selfish(n) && b.Miner != int32(n.i) {
			m.after(0, func() { // what it withheld goes to the ledger first
				m.outdone(n, b)
				m.validateBlock(n, a)
			})
		} else {
			m.validateBlock(n, a)
		}
	case p2p.StoreHeaders:
		for _, h := range a.Nodes {
			if b := m.w.ByHash[h.Hash]; b != nil {
				n.known.set(b.I)
			}
		}
	case p2p.Answer:
		n.tickets--
	}
}

func (m *sim) validateBlock(n *node, a p2p.ValidateBlock) {
	n.blocksAt = max(n.blocksAt, m.now) + m.cfg.Validation
	m.line.Push(n.blocksAt, event{kind: validatedBlock, size: n.life, node: n, what: a})
}

// sendBlock serves a body as the peer's writer does: by its hash, when its turn comes.
func (m *sim) sendBlock(n *node, h *half, hash chain.Hash) {
	b := m.w.ByHash[hash]
	if b == nil || b.Body == nil || !n.got.Has(b.I) && !n.backend.Have.Has(b.I) {
		m.broken(n, "serves a body that it does not have")
		return
	}
	body := b.Body
	if n.liar != nil {
		body = n.liar.body(body)
	}
	m.transmit(h, &msg.Block{Block: body})
}

func (m *sim) onDrop(n *node, h *half, a p2p.Drop) {
	if a.Offence != "" {
		if n.liar == nil && h.other.node.liar == nil {
			m.broken(n, "drops an honest peer: "+string(a.Offence))
		}
		h.node.discourage(h.other.node)
	}
	m.drops++
	m.cut(h)
}

// discourage: these two do not talk again.
func (n *node) discourage(other *node) {
	n.discouraged = append(n.discouraged, other)
}

// validatedTx hands the pool's verdict on.
func (m *sim) validatedTx(n *node, j p2p.ValidateTx) {
	evs, taken := n.backend.validateTx(j.Tx)
	if taken >= 0 {
		m.reached(m.txSeen, int(taken), n)
		if n.watch != nil {
			n.watch.settled(j.Tx)
		}
	}
	for _, ev := range evs {
		m.step(n, ev)
	}
}

func (m *sim) validatedBlock(n *node, j p2p.ValidateBlock) {
	m.cores.block(m.now, len(j.Block.Raw), costStore) // nobody waits for it
	moved := func(b *block) {
		m.connected(n, b)
		for _, i := range b.Txs {
			m.reached(m.txSeen, int(i), n)
		}
	}
	for _, ev := range n.backend.validateBlock(j, moved) {
		m.step(n, ev)
	}
}

// find lets a node find a block on its tip.
func (m *sim) find(n *node) {
	tip, txs := n.backend.Tip, n.backend.choose()
	if s := m.secret.hidden; m.selfish(n) && len(s) > 0 {
		tip, txs = s[len(s)-1], nil // its pool does not know what the branch holds
	}
	b := m.w.Mine(tip, int32(n.i), m.now, txs)
	m.blockSeen = append(m.blockSeen, m.unseen())
	if m.selfish(n) && !m.calm {
		m.keepBack(n, b)
		return
	}
	m.submitBlock(n, b)
}

func (m *sim) submitBlock(n *node, b *block) {
	n.known.set(b.I)
	n.tickets++
	m.ticket++
	m.step(n, gossip.SubmitBlock{Ticket: m.ticket, Block: b.Body})
}

// pay lets a node make a transaction.
func (m *sim) pay(n *node) {
	t := tx{Parent: -1, Born: m.now, Maker: int32(n.i)}
	if pool := n.backend.choose(); len(pool) > 0 && m.rnd.Float64() < m.cfg.Chained {
		t.Parent = pool[m.rnd.IntN(len(pool))]
	}
	i := m.w.spend(t, m.cfg.TxSize)
	m.txSeen = append(m.txSeen, m.unseen())
	n.own = append(n.own, i)
	m.submit(n, i)
}

func (m *sim) submit(n *node, i int32) {
	n.tickets++
	m.ticket++
	if n.watch != nil {
		n.watch.settled(m.w.Txs[i].Tx)
	}
	m.step(n, gossip.SubmitTx{Ticket: m.ticket, Tx: m.w.Txs[i].Tx})
}

// forget takes a line from the node's list.
func (n *node) forget(h *half) {
	if i := slices.Index(n.links, h); i >= 0 {
		n.links = slices.Delete(n.links, i, i+1)
		if h.dialled {
			n.outs--
		}
	}
}

var _ wire.Message = (*msg.Block)(nil)
