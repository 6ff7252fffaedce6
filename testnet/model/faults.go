package model

import (
	"math"
	"slices"
	"time"
)

// faults plans what goes wrong while blocks and transactions come.
func (m *sim) faults() {
	c := &m.cfg
	if c.Groups > 1 && c.Partition > 0 {
		rest := int64(c.active() - c.Partition)
		m.after(time.Duration(m.rnd.Int64N(rest)), func() {
			m.part()
			m.after(c.Partition, m.heal)
		})
	}
	for range int(math.Round(c.Churn * float64(c.Nodes))) {
		m.after(time.Duration(m.rnd.Int64N(int64(c.active()))), func() {
			if n := m.somebody(); n != nil && m.upright() > 2 {
				m.stop(n)
			}
		})
	}
}

// upright is how many honest nodes are up.
func (m *sim) upright() (k int) {
	for _, n := range m.nodes {
		if n.up && n.liar == nil {
			k++
		}
	}
	return k
}

// part cuts the network into groups. Whose links are cut keeps trying the same
// addresses, as for peers named by hand.
func (m *sim) part() {
	m.group = make([]int, len(m.nodes))
	for at, i := range m.rnd.Perm(len(m.nodes)) {
		m.group[i] = at * m.cfg.Groups / len(m.nodes)
	}
	for _, n := range m.nodes {
		for _, h := range slices.Clone(n.links) {
			if h.dialled && m.parted(n, h.other.node) {
				to := h.other.node
				m.cut(h)
				m.redial(n, to)
			}
		}
	}
}

func (m *sim) parted(a, b *node) bool { return m.group != nil && m.group[a.i] != m.group[b.i] }

// redial tries one address every second or two until the network is whole.
func (m *sim) redial(n, to *node) {
	m.after(m.soon()/2, func() {
		switch {
		case m.mayDial(n, to):
			m.connect(n, to)
		case m.parted(n, to):
			m.redial(n, to)
		}
	})
}

func (m *sim) heal() { m.group = nil }

// stop takes a node down as kill -9 does, and starts it again later: with its
// chain, without its pool. Its wallet submits again what is not in a block.
func (m *sim) stop(n *node) {
	m.stops++
	n.up = false
	for _, h := range slices.Clone(n.links) {
		m.cut(h)
	}
	away := time.Second + time.Duration(m.rnd.Int64N(int64(m.cfg.active()/4)))
	m.after(away, func() {
		m.start(n)
		m.dial(n)
		for _, later := range [3]time.Duration{0, 10 * time.Second, time.Minute} {
			m.after(later, func() { m.submitAgain(n) })
		}
	})
}

// submitAgain is what a wallet does after a start: its transactions may be
// forgotten, and their parents too, until others have told of them.
func (m *sim) submitAgain(n *node) {
	for _, i := range n.own {
		if n.up && !n.backend.knows(i) {
			m.submit(n, i)
		}
	}
}

// endFaults: from now on nothing breaks. Who is without an honest neighbour
// finds one, as the address book sees to in life.
func (m *sim) endFaults() {
	for _, n := range m.nodes {
		if !n.up {
			m.after(time.Second, m.endFaults) // it comes back first
			return
		}
	}
	m.group, m.calm = nil, true
	m.show(m.nodes[0], len(m.secret.hidden)) // what was withheld to the end
	for _, n := range m.nodes {
		m.dial(n)
	}
	for _, lone := range m.islands() {
		m.connect(lone, m.nodes[m.firstHonest()])
	}
	for i := range wallets {
		m.after(time.Duration(i)*walletsEvery, func() {
			for _, n := range m.nodes {
				m.submitAgain(n)
			}
		})
	}
	for i := range ties {
		m.after(time.Duration(i+1)*tieBreak, func() {
			if n := m.somebody(); m.tied() && n != nil {
				m.find(n)
			}
		})
	}
}

// After the faults wallets submit again what was lost with a pool, more often
// than in life: each time one more of a row of dependent transactions can enter.
const (
	wallets      = 15
	walletsEvery = 5 * time.Second
)

// best is the best of the honest nodes' tips: what was lost with its only
// holder does not count.
func (m *sim) best() *block {
	best := m.w.Blocks[0]
	for _, n := range m.nodes {
		tip := n.backend.Tip
		if c := tip.Node.Work.Cmp(best.Node.Work); n.liar == nil && (c > 0 || c == 0 && tip.I < best.I) {
			best = tip
		}
	}
	return best
}

// tied says whether honest nodes follow branches of the same work: the first
// seen wins, and all are right until the next block.
func (m *sim) tied() bool {
	best := m.best()
	return slices.ContainsFunc(m.nodes, func(n *node) bool {
		return n.liar == nil && n.backend.Tip != best && n.backend.Tip.Node.Work == best.Node.Work
	})
}

// Some times after the last fault one more block is found if two branches are
// equal: without it both would be right for ever. Slow lines bring ties late.
const (
	ties     = 8
	tieBreak = 2 * time.Minute
)

func (m *sim) firstHonest() int {
	return slices.IndexFunc(m.nodes, func(n *node) bool { return n.liar == nil })
}

// islands gives one honest node of each part that honest links do not join to
// the first honest node.
func (m *sim) islands() (lone []*node) {
	seen := make([]bool, len(m.nodes))
	flood := func(from *node) {
		seen[from.i] = true
		for row := []*node{from}; len(row) > 0; row = row[1:] {
			for _, h := range row[0].links {
				if o := h.other.node; o.liar == nil && !seen[o.i] {
					seen[o.i] = true
					row = append(row, o)
				}
			}
		}
	}
	flood(m.nodes[m.firstHonest()])
	for _, n := range m.nodes {
		if n.liar == nil && !seen[n.i] {
			lone = append(lone, n)
			flood(n)
		}
	}
	return lone
}

func (m *sim) makeLiars() {
	for _, i := range m.some(m.cfg.Liars, len(m.cfg.Power)) {
		m.nodes[i].liar = newLiar(m.w, m.rnd)
	}
}

// some draws a share of the nodes, none of them before the first.
func (m *sim) some(share float64, first int) []int {
	k := int(math.Round(share * float64(len(m.nodes))))
	if k == 0 {
		return nil
	}
	row := slices.DeleteFunc(m.rnd.Perm(len(m.nodes)), func(i int) bool { return i < first })
	return row[:min(k, len(row))]
}
