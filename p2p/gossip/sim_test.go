package gossip

import (
	"container/heap"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// sim runs several States wired to each other in virtual time, with backends that
// validate in no time or with a delay.
type sim struct {
	t       testing.TB
	w       *world
	now     time.Time
	queue   timeline
	seq     int
	nodes   []*simNode
	rnd     *rand.Rand
	blockMs func(*chain.Block) time.Duration // time to validate
	check   bool
	steps   int
	trace   uint64 // hash of all actions: equal for equal seeds
}

type simNode struct {
	i       int
	s       *State
	r       *backend
	links   map[p2p.PeerID]*simLink
	nextID  p2p.PeerID
	answers map[p2p.Ticket]error
	tickAt  time.Time
	busy    time.Time     // the backend validates one thing after the other
	mute    bool          // swallows requests for bodies
	sentB   int           // bodies sent
	sent    int64         // bytes of bodies sent
	perByte time.Duration // of its uplink, shared by all its connections; 0: no limit
	free    time.Time     // when that is free again
	have    bool          // speaks gvhave
	tap     func(p2p.Action)
}

// simLink is one direction of a connection.
type simLink struct {
	to      *simNode
	toID    p2p.PeerID // who we are there
	latency time.Duration
	perByte time.Duration
	free    time.Time // when the line is free again
	dead    bool
}

type moment struct {
	at  time.Time
	seq int
	do  func()
}
type timeline []moment

func (q timeline) Len() int { return len(q) }
func (q timeline) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].seq < q[j].seq
}
func (q timeline) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *timeline) Push(x any)   { *q = append(*q, x.(moment)) }
func (q *timeline) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

func newSim(t testing.TB, w *world, n int, seed uint64) *sim {
	m := &sim{t: t, w: w, now: w.start, rnd: rand.New(rand.NewPCG(seed, 1)), check: true}
	m.blockMs = func(*chain.Block) time.Duration { return time.Millisecond }
	for i := range n {
		m.nodes = append(m.nodes, &simNode{
			i: i, s: newTestState(w, seed+uint64(i)), r: newBackend(w),
			links: map[p2p.PeerID]*simLink{}, answers: map[p2p.Ticket]error{},
		})
	}
	return m
}

func (m *sim) after(d time.Duration, do func()) {
	m.seq++
	heap.Push(&m.queue, moment{m.now.Add(d), m.seq, do})
}

// run goes on until nothing is left before the time.
func (m *sim) run(d time.Duration) {
	end := m.now.Add(d)
	for len(m.queue) > 0 && !m.queue[0].at.After(end) {
		x := heap.Pop(&m.queue).(moment)
		m.now = x.at
		x.do()
	}
	m.now = end
}

func (m *sim) connect(from, to *simNode, latency time.Duration) (a, b p2p.PeerID) {
	from.nextID++
	to.nextID++
	a, b = from.nextID, to.nextID
	from.links[a] = &simLink{to: to, toID: b, latency: latency}
	to.links[b] = &simLink{to: from, toID: a, latency: latency}
	out := p2p.Link{Kind: p2p.FullRelay, Hello: hello()}
	out.Have = from.have && to.have
	out.Given = out.Have
	in := out
	in.Kind = p2p.Inbound
	m.step(from, joined(a, out))
	m.step(to, joined(b, in))
	m.step(from, Pong{a, 2 * latency})
	m.step(to, Pong{b, 2 * latency})
	return a, b
}

// cut ends a connection: both sides notice after the latency.
func (m *sim) cut(n *simNode, id p2p.PeerID) {
	l := n.links[id]
	if l == nil {
		return
	}
	other, oid := l.to, l.toID
	l.dead = true
	if back := other.links[oid]; back != nil {
		back.dead = true
	}
	delete(n.links, id)
	delete(other.links, oid)
	m.after(0, func() { m.step(n, Left{id}) })
	m.after(l.latency, func() { m.step(other, Left{oid}) })
}

func (m *sim) step(n *simNode, ev Event) {
	m.steps++
	acts := n.s.Step(m.now, ev)
	if m.check {
		checkInvariants(m.t, n.s)
	}
	h := fnv.New64a()
	fmt.Fprint(h, m.trace, n.i, len(acts))
	for _, a := range acts {
		fmt.Fprintf(h, "%T", a)
		m.perform(n, a, h)
	}
	m.trace = h.Sum64()
	if at := n.s.Deadline(); !at.IsZero() && (n.tickAt.IsZero() || at.Before(n.tickAt)) {
		n.tickAt = at
		m.after(max(at.Sub(m.now), 0), func() {
			if n.tickAt.Equal(at) {
				n.tickAt = time.Time{}
			}
			m.step(n, Tick{})
		})
	}
}

func (m *sim) perform(n *simNode, a p2p.Action, trace interface{ Write([]byte) (int, error) }) {
	if n.tap != nil {
		n.tap(a)
	}
	switch a := a.(type) {
	case p2p.Send:
		fmt.Fprint(trace, a.Peer, a.Msg.Command())
		if l, ok := a.Msg.(*wire.MsgInv); ok {
			for _, iv := range l.InvList {
				fmt.Fprint(trace, iv.Hash)
			}
		}
		m.transmit(n, a.Peer, a.Msg, 100)
	case p2p.SendBlock:
		fmt.Fprint(trace, a.Peer, a.Hash)
		b := n.r.body[a.Hash]
		if b == nil {
			m.t.Fatalf("node %d serves a body it does not have", n.i)
		}
		if !n.mute {
			n.sentB++
			n.sent += int64(len(b.Raw))
			m.transmit(n, a.Peer, &msg.Block{Block: b}, len(b.Raw))
		}
	case p2p.Drop:
		if a.Offence != "" {
			fmt.Fprint(trace, a.Offence)
		}
		m.cut(n, a.Peer)
	case p2p.ValidateBlock:
		m.validate(n, m.blockMs(a.Block), func() []Event { return n.r.validateBlock(a) })
	case p2p.ValidateTx:
		m.validate(n, 100*time.Microsecond, func() []Event { return n.r.validateTx(a) })
	case p2p.Answer:
		if _, again := n.answers[a.Ticket]; again {
			m.t.Fatalf("ticket %d answered twice", a.Ticket)
		}
		n.answers[a.Ticket] = a.Err
	}
}

func (m *sim) validate(n *simNode, d time.Duration, verdict func() []Event) {
	if n.busy.Before(m.now) {
		n.busy = m.now
	}
	n.busy = n.busy.Add(d)
	m.after(n.busy.Sub(m.now), func() {
		for _, ev := range verdict() {
			m.step(n, ev)
		}
	})
}

func (m *sim) transmit(n *simNode, id p2p.PeerID, what wire.Message, size int) {
	l := n.links[id]
	if l == nil {
		return
	}
	if l.free.Before(m.now) {
		l.free = m.now
	}
	if n.perByte > 0 && size > 1000 {
		if n.free.Before(m.now) {
			n.free = m.now
		}
		n.free = n.free.Add(time.Duration(size) * n.perByte)
		l.free = n.free
	}
	l.free = l.free.Add(time.Duration(size) * l.perByte)
	m.after(l.free.Sub(m.now)+l.latency, func() {
		if !l.dead {
			m.step(l.to, Message{l.toID, what})
		}
	})
}

// mine gives a node blocks of its own, and their transactions.
func (m *sim) mine(n *simNode, name string) {
	m.step(n, SubmitBlock{Ticket: 1<<32 + p2p.Ticket(m.seq), Block: m.w.blockNamed(name)})
}

// give puts a chain into a node as if it had synced before.
func (m *sim) give(n *simNode, names ...string) {
	for _, name := range names {
		node := m.w.nodes[name]
		for _, ev := range n.r.validateBlock(p2p.ValidateBlock{Node: node, Block: m.w.blockNamed(name)}) {
			if _, verdict := ev.(BlockVerdict); !verdict {
				m.step(n, ev)
			}
		}
	}
}

func numbered(prefix string, n int) (names []string) {
	for i := 1; i <= n; i++ {
		names = append(names, fmt.Sprint(prefix, i))
	}
	return names
}

func (m *sim) wantTip(name string, nodes ...*simNode) {
	m.t.Helper()
	for _, n := range nodes {
		if n.r.tip != m.w.nodes[name] {
			m.t.Errorf("node %d is at %s (%d), want %s", n.i, m.w.names[n.r.tip.Hash], n.r.tip.Height, name)
		}
	}
}

// runUntil goes on until done or the time is over, and says how long it took.
func (m *sim) runUntil(limit time.Duration, done func() bool) time.Duration {
	m.t.Helper()
	began := m.now
	for !done() {
		if len(m.queue) == 0 || m.queue[0].at.Sub(began) > limit {
			m.t.Fatalf("not done after %v", limit)
		}
		x := heap.Pop(&m.queue).(moment)
		m.now = x.at
		x.do()
	}
	return m.now.Sub(began)
}

func (m *sim) reaches(n *simNode, name string) func() bool {
	return func() bool { return n.r.tip == m.w.nodes[name] }
}

// feeders makes n nodes that have the chain a1 … aN, each with a line of so
// many bytes per second to the newcomer, node 0.
func feeders(t *testing.T, n, blocks, size, rate int) *sim {
	w := newWorld()
	w.grow("a", "g", blocks, size)
	m := newSim(t, w, n+1, 7)
	m.check = blocks <= 200
	for _, f := range m.nodes[1:] {
		m.give(f, numbered("a", blocks)...)
	}
	for _, f := range m.nodes[1:] {
		_, id := m.connect(m.nodes[0], f, 10*time.Millisecond)
		f.links[id].perByte = time.Second / time.Duration(rate)
	}
	return m
}
