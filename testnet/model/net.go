package model

import (
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/msg"
)

// half is one node's end of a connection.
type half struct {
	id      p2p.PeerID // who the other is, here; no two halves share one
	node    *node
	other   *half
	latency time.Duration
	rate    int64         // bytes per second of the link; 0: no limit
	free    time.Duration // when what was sent before has left
	dialled bool          // by this end
	talks   bool          // the handshake is over
	dead    bool
	waiting []parcel // where the node serves all its connections in turn
}

// lineOf is the living line under this name, nil when there is none.
func (m *sim) lineOf(n *node, id p2p.PeerID) *half {
	if id == 0 || int(id) > len(m.halves) {
		return nil
	}
	h := m.halves[id-1]
	if h == nil || h.dead || h.node != n {
		return nil
	}
	return h
}

func (m *sim) half(n *node, dialled bool) *half {
	h := &half{id: p2p.PeerID(len(m.halves) + 1), node: n, dialled: dialled}
	m.halves = append(m.halves, h)
	n.links = append(n.links, h)
	if dialled {
		n.outs++
	}
	return h
}

// connect dials: TCP's handshake and ours take three times the latency.
func (m *sim) connect(a, b *node) {
	x, y := m.half(a, true), m.half(b, false)
	x.other, y.other = y, x
	latency, rate := m.cfg.Latency, int64(0)
	if m.regions != nil {
		latency = distance(m.regions, a.region, b.region)
		if a.region != b.region {
			rate = betweenRegions / 8
		}
	}
	// float64() keeps product and sum apart: some processors would round them once.
	latency = time.Duration(float64(latency) * (1 + float64(m.cfg.Jitter*(2*m.rnd.Float64()-1))))
	x.latency, y.latency, x.rate, y.rate = latency, latency, rate, rate
	m.after(3*latency, func() {
		if x.dead {
			return
		}
		x.talks, y.talks = true, true
		m.count("handshake", 2*handshakeSize)
		m.join(x)
		m.join(y)
	})
	m.mayBreak(x)
}

// mayBreak lets a link break by chance, while there are faults.
func (m *sim) mayBreak(x *half) {
	if m.cfg.Loss == 0 || m.calm {
		return
	}
	hours := m.rnd.ExpFloat64() / m.cfg.Loss
	d := time.Duration(hours * float64(time.Hour))
	if m.now+d > warmUp+2*m.cfg.active() {
		return
	}
	m.after(d, func() {
		if !m.calm && !x.dead {
			m.breaks++
			m.cut(x)
		}
	})
}

// join tells one end that the other is there, and how far.
func (m *sim) join(h *half) {
	if h.dead {
		return
	}
	link := p2p.Link{ID: h.id, Kind: p2p.Inbound, Hello: p2p.Hello{
		Version: msg.ProtocolVersion, Services: wire.SFNodeNetwork | wire.SFNodeWitness, UserAgent: "/model/",
		Relay: true, WTxIDRelay: true, AddrV2: true, Have: !h.node.stock && !h.other.node.stock,
	}}
	link.Given = link.Have
	if h.dialled {
		link.Kind = p2p.FullRelay
	}
	m.step(h.node, gossip.Joined{Link: link})
	if !h.dead {
		m.step(h.node, gossip.Pong{Peer: h.id, RTT: 2 * h.latency})
	}
}

// cut ends a connection: this end knows at once, the other after the latency.
// Who dialled looks for another soon.
func (m *sim) cut(h *half) {
	if h.dead {
		return
	}
	o := h.other
	h.dead, o.dead = true, true
	h.node.forget(h)
	o.node.forget(o)
	m.leave(h, 0)
	m.leave(o, h.latency)
	for _, end := range [2]*half{h, o} {
		if end.dialled && end.node.up {
			m.dialSoon(end.node)
		}
	}
}

func (m *sim) leave(h *half, after time.Duration) {
	m.halves[h.id-1] = nil
	if !h.talks {
		return
	}
	life := h.node.life
	m.after(after, func() {
		if h.node.life == life {
			if h.node.watch != nil {
				h.node.watch.left(h.id)
			}
			m.step(h.node, gossip.Left{Peer: h.id})
		}
	})
}

// soon is when a dialler tries again: between one and three seconds.
func (m *sim) soon() time.Duration {
	return time.Second + time.Duration(m.rnd.Int64N(int64(2*time.Second)))
}

// tries is how many addresses a dialler looks at before it rests.
const tries = 20

// dial gives a node the links that it lacks.
func (m *sim) dial(n *node) {
	for t := 0; n.up && n.outs < m.cfg.Outbound && t < tries; t++ {
		o := m.nodes[m.rnd.IntN(len(m.nodes))]
		if m.mayDial(n, o) {
			m.connect(n, o)
		}
	}
	if n.up && n.outs < m.cfg.Outbound && !m.calm {
		m.dialSoon(n)
	}
}

func (m *sim) dialSoon(n *node) {
	if !n.dialling {
		n.dialling = true
		m.after(m.soon(), func() {
			n.dialling = false
			m.dial(n)
		})
	}
}

func (m *sim) mayDial(n, o *node) bool {
	if o == n || !n.up || !o.up || m.parted(n, o) || n.shuns(o) || o.shuns(n) {
		return false
	}
	for _, h := range n.links {
		if h.other.node == o {
			return false
		}
	}
	return true
}

// shuns: this node has found the other to be a liar.
func (n *node) shuns(o *node) bool {
	return slices.Contains(n.discouraged, o)
}

// transmit puts a message on the line: through the sender's own line, then the
// link's, one after the other, then on its way.
func (m *sim) transmit(h *half, what wire.Message) {
	size := sizeOf(what)
	n := h.node
	m.count(what.Command(), size)
	n.out += int64(size)
	if n.fair && size > small {
		m.queue(h, parcel{what, size, size})
		return
	}
	at := m.now
	if size > small { // before the line: no core is kept for what waits there
		at = m.cores.block(at, size, costWrite)
	}
	if !m.swift || size > small {
		at = through(&n.free[0], at, n.rate[0], size)
	}
	at = through(&h.free, at, h.rate, size)
	if n.liar != nil {
		at += n.liar.delay(what)
	}
	m.line.Push(at+h.latency, event{kind: arrives, size: int32(size), line: h, what: what})
}

// small messages are those that pass blocks where a node's upload is limited, as
// p2p/peer has it.
const small = 2 << 10

// parcel is a message on its way through a line that serves all connections in turn.
type parcel struct {
	what       wire.Message
	size, left int
}

// chunk is how much of one connection goes out before it is another's turn.
const chunk = 16 << 10

// queue has a message wait for its turns.
func (m *sim) queue(h *half, p parcel) {
	n := h.node
	if h.waiting = append(h.waiting, p); len(h.waiting) > 1 {
		return
	}
	if n.turns = append(n.turns, h); len(n.turns) == 1 {
		m.serveNext(n)
	}
}

// serveNext sends a chunk of who has waited longest.
func (m *sim) serveNext(n *node) {
	h := n.turns[0]
	size := min(h.waiting[0].left, chunk)
	m.after(through(&n.free[0], m.now, n.rate[0], size)-m.now, func() {
		n.turns = n.turns[1:]
		p := &h.waiting[0]
		if p.left -= size; p.left == 0 {
			m.line.Push(m.now+h.latency, event{kind: arrives, size: int32(p.size), line: h, what: p.what})
			h.waiting = h.waiting[1:]
		}
		if len(h.waiting) > 0 && !h.dead {
			n.turns = append(n.turns, h)
		}
		if len(n.turns) > 0 {
			m.serveNext(n)
		}
	})
}

// through is when so many bytes have passed a line that serves one message
// after the other.
func through(free *time.Duration, now time.Duration, rate int64, size int) time.Duration {
	if rate == 0 {
		return now
	}
	*free = max(*free, now) + time.Duration(float64(size)/float64(rate)*float64(time.Second))
	return *free
}

// onArrival: a message is at the receiver.
func (m *sim) onArrival(e event) {
	r := e.line.other
	if e.line.dead || !r.node.up {
		return
	}
	at := through(&r.node.free[1], m.cores.receive(m.now, int(e.size)), r.node.rate[1], int(e.size))
	if at > m.now {
		e.kind = taken
		m.line.Push(at, e)
		return
	}
	m.take(e)
}

// take gives a message to its receiver.
func (m *sim) take(e event) {
	r := e.line.other
	n := r.node
	if e.line.dead || !n.up {
		return
	}
	what := e.what.(wire.Message)
	n.in += int64(e.size)
	m.copies(n, what, int64(e.size))
	if n.watch != nil {
		n.watch.answered(m.w, r, what)
	}
	m.step(n, gossip.Message{Peer: r.id, Msg: what})
}

// copies counts what bodies cost: the first copy and those beyond it.
func (m *sim) copies(n *node, what wire.Message, size int64) {
	switch what := what.(type) {
	case *msg.Block:
		m.bodyCopy(n, what.Hash, size)
		m.gotBody(n, what.Hash)
	case *msg.BlockTxn:
		m.bodyCopy(n, what.Block, size)
	case *msg.Tx:
		if i, ok := m.w.ByID[what.ID]; ok && n.backend.knows(i) {
			m.extraTx += size
		} else {
			m.firstTx += size
		}
	}
}

// bodyCopy counts a body, or a part of one, that came when all of it was here.
func (m *sim) bodyCopy(n *node, hash chain.Hash, size int64) {
	if b := m.w.ByHash[hash]; b != nil && n.got.Has(b.I) {
		m.extraBody += size
	}
}

// gotBody: the body is here for the first time, however it came.
func (m *sim) gotBody(n *node, hash chain.Hash) {
	if b := m.w.ByHash[hash]; b != nil && !n.got.Has(b.I) {
		n.got.set(b.I)
		m.firstBody += int64(len(b.Body.Raw))
	}
}
