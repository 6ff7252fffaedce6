package model

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"grapevine/p2p"
)

// sim is one run.
type sim struct {
	cfg     Config
	w       *world
	regions []region // nil: every link is alike
	now     time.Duration
	line    agenda[event]
	nodes   []*node
	halves  []*half // by PeerID-1; nil when dead
	secret  withheld
	rnd     *rand.Rand
	group   []int // of each node, while the network is in parts; nil: it is whole
	calm    bool  // faults are over
	cores   cores // that all nodes share; none: each has enough
	swift   bool  // small messages pass the blocks that wait for their line, as swarm's do
	ticket  p2p.Ticket

	wrong []string // what did not hold
	stuck bool     // and time does not go on

	// What was measured.
	steps     int
	blockSeen [][]time.Duration // by block and node: when it was first on the node's chain
	txSeen    [][]time.Duration // by transaction and node: when it was first in the pool
	said      map[string]*Said
	firstBody int64
	extraBody int64
	firstTx   int64
	extraTx   int64
	drops     int
	breaks    int
	stops     int
	reaches   int // of all that is to be seen by all
}

// kind says what an event is about.
type kind uint8

const (
	arrives        kind = iota // a message has reached the other end of a line
	taken                      // it has come through the receiver's own line
	ticks                      // a node's timer
	validatedTx                // the pool has made up its mind
	validatedBlock             // the ledger has
	does                       // something of the story: a block is found, a link breaks
)

// event is something that will happen.
type event struct {
	kind kind
	size int32 // bytes, of a message
	node *node
	line *half // the sender's end
	what any   // wire.Message, p2p.ValidateTx, p2p.ValidateBlock, func()
}

// Timing of a run.
const (
	warmUp  = 10 * time.Second // everybody connects
	giveUp  = 6 * time.Hour    // after the last fault: by then everything has long been quiet
	glance  = 4096             // events between looks at the context
	spinMax = 1000             // wake-ups of a node at one moment
)

// Run simulates. What did not hold is in the result, and no error: an error is
// a Config that makes no sense, or ctx that has ended.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if err := cfg.Check(); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	m := newSim(cfg)
	m.plot()
	if err := m.play(ctx); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	m.atEnd()
	return m.result(), nil
}

// play lets happen what there is, until nothing is left.
func (m *sim) play(ctx context.Context) error {
	for n := 0; m.line.Len() > 0; n++ {
		if n%glance == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			m.progress()
		}
		var e event
		m.now, e = m.line.Pop()
		if m.now > warmUp+m.cfg.active()+giveUp {
			m.wrongf("it never comes to rest: after %v there is still something to do", giveUp)
			break
		}
		m.happen(e)
		if m.stuck || len(m.wrong) >= maxWrong {
			break
		}
	}
	return nil
}

func newSim(cfg Config) *sim {
	m := &sim{
		cfg: cfg, w: newWorld(cfg.Public), said: map[string]*Said{},
		rnd: rand.New(rand.NewPCG(cfg.Seed, 0x6772617065)),
	}
	if cfg.Regions {
		m.regions = regions2019()
	}
	tip := m.w.Blocks[1]
	for range m.w.Blocks {
		m.blockSeen = append(m.blockSeen, nil)
	}
	for i := range cfg.Nodes {
		n := &node{i: i, backend: newBackend(m.w, tip)}
		n.known.set(0)
		n.known.set(1)
		n.rate = [2]int64{cfg.Rate, cfg.Rate}
		if m.regions != nil {
			n.region = place(m.regions, m.rnd)
			r := m.regions[n.region]
			n.rate = [2]int64{r.Up / 8, r.Down / 8}
		}
		if cfg.Prove {
			n.watch = newWatch()
		}
		m.nodes = append(m.nodes, n)
	}
	m.makeLiars()
	for _, i := range m.some(cfg.Stock, 0) {
		m.nodes[i].stock = true
	}
	for _, n := range m.nodes {
		m.start(n)
	}
	return m
}

// plot lays out the story: connections, then blocks and transactions with
// faults, then calm.
func (m *sim) plot() {
	for _, n := range m.nodes {
		m.after(time.Duration(m.rnd.Int64N(int64(warmUp/4))), func() { m.dial(n) })
	}
	m.after(warmUp, m.begin)
}

func (m *sim) begin() {
	c := &m.cfg
	for n, s := range m.said {
		m.said[n] = &Said{Name: s.Name} // what it cost to connect is not what relay costs
	}
	for _, n := range m.nodes {
		n.in, n.out = 0, 0
	}
	span := c.Span
	if span == 0 {
		span = c.active()
	}
	for range c.Txs {
		m.after(time.Duration(m.rnd.Int64N(int64(span))), func() {
			if n := m.somebody(); n != nil {
				m.pay(n)
			}
		})
	}
	at := time.Duration(0)
	for range c.Blocks {
		at += time.Duration(m.rnd.ExpFloat64() * float64(c.Interval))
		m.after(min(at, 4*c.active()), func() {
			if n := m.finder(); n != nil {
				m.find(n)
			}
		})
	}
	m.faults()
	m.after(max(at, c.active())+time.Second, m.endFaults)
}

// somebody is an honest node that is up.
func (m *sim) somebody() *node {
	for range 100 * len(m.nodes) {
		if n := m.nodes[m.rnd.IntN(len(m.nodes))]; n.up && n.liar == nil {
			return n
		}
	}
	return nil
}

func (m *sim) after(d time.Duration, do func()) {
	m.line.Push(m.now+d, event{kind: does, what: do})
}

func (m *sim) happen(e event) {
	switch e.kind {
	case arrives:
		m.onArrival(e)
	case taken:
		m.take(e)
	case ticks:
		m.onTick(e.node)
	case validatedTx:
		if e.node.up && e.node.life == e.size {
			m.validatedTx(e.node, e.what.(p2p.ValidateTx))
		}
	case validatedBlock:
		if e.node.up && e.node.life == e.size {
			m.validatedBlock(e.node, e.what.(p2p.ValidateBlock))
		}
	case does:
		e.what.(func())()
	}
}

// unseen is a row of times at which nobody has seen it yet.
func (m *sim) unseen() []time.Duration { return unseenBy(len(m.nodes)) }

func unseenBy(n int) []time.Duration {
	row := make([]time.Duration, n)
	for i := range row {
		row[i] = Never
	}
	return row
}

func (m *sim) reached(seen [][]time.Duration, i int, n *node) {
	if row := seen[i]; row != nil && row[n.i] == Never {
		row[n.i] = m.now
		m.reaches++
	}
}

func (m *sim) count(name string, size int) {
	s := m.said[name]
	if s == nil {
		s = &Said{Name: name}
		m.said[name] = s
	}
	s.Count++
	s.Bytes += int64(size)
}

func (m *sim) progress() {
	if m.cfg.Progress != nil {
		m.cfg.Progress(m.reaches, (m.cfg.Blocks+m.cfg.Txs)*len(m.nodes))
	}
}
