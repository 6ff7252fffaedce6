package gossip

import (
	"fmt"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// big is the chain of the swarm measurement: 136 tiny blocks, then 64 of
// 909 kB: 58 MB.
func big(w *world) []string {
	w.grow("a", "g", 136, 200)
	for i := 137; i <= 200; i++ {
		w.block(fmt.Sprint("a", i), fmt.Sprint("a", i-1), 909_000)
	}
	return numbered("a", 200)
}

// newcomers makes n fresh have nodes that all know each other and one seed,
// stock or not, whose whole upload is 4 MB/s.
func newcomers(t *testing.T, w *world, n int, seedHas bool) (m *sim, first *simNode, fresh []*simNode) {
	names := big(w)
	m = newSim(t, w, n+1, 3)
	m.check = false
	first, fresh = m.nodes[0], m.nodes[1:]
	first.have, first.perByte = seedHas, 250*time.Nanosecond
	m.give(first, names...)
	for i, a := range fresh {
		a.have = true
		m.after(time.Duration(m.rnd.IntN(60))*time.Millisecond, func() {
			m.connect(a, first, time.Millisecond)
		})
		for j, b := range fresh[:i] {
			m.after(time.Duration(30+m.rnd.IntN(60+j))*time.Millisecond, func() { m.connect(a, b, time.Millisecond) })
		}
	}
	return m, first, fresh
}

func swarmDone(m *sim, fresh []*simNode, tip string) func() bool {
	return func() bool {
		for _, n := range fresh {
			if n.r.tip != m.w.nodes[tip] {
				return false
			}
		}
		return true
	}
}

// The seed sends about one copy and the last newcomer is done not long after
// the seed could have sent it, however many newcomers there are.
func TestSwarmOfNewcomersTakesOneCopyFromTheSeed(t *testing.T) {
	const bound = 14500 * time.Millisecond // 58.2 MB at 4 MB/s
	w := newWorld()
	for _, c := range []struct {
		n      int
		have   bool
		copies float64
	}{{8, false, 1.3}, {16, false, 1.4}, {8, true, 1.3}, {1, false, 1.05}} {
		t.Run(fmt.Sprintf("%d newcomers, have seed %v", c.n, c.have), func(t *testing.T) {
			n := c.n
			if underRace && n > 8 {
				n = 4 // sixteen take the race detector half a minute
			}
			m, first, fresh := newcomers(t, w, n, c.have)
			took := m.runUntil(2*time.Minute, swarmDone(m, fresh, "a200"))
			copies := float64(first.sent) / (64*909_000 + 136*200)
			t.Logf("last newcomer done after %v (bound %v), seed sent %.2f copies", took, bound, copies)
			if took > bound*13/10 {
				t.Errorf("took %v", took)
			}
			if copies > c.copies {
				t.Errorf("seed sent %.2f copies", copies)
			}
		})
	}
}

// The seed dies as soon as each block has left it once: all finish all the same.
func TestSwarmOutlivesItsSeed(t *testing.T) {
	m, first, fresh := newcomers(t, newWorld(), 8, false)
	left := map[chain.Hash]bool{}
	for _, n := range fresh {
		n.tap = func(a p2p.Action) {
			if j, ok := a.(p2p.ValidateBlock); ok {
				left[j.Block.Hash] = true
			}
		}
	}
	m.runUntil(2*time.Minute, func() bool { return len(left) == 200 })
	for id := range first.nextID + 1 {
		m.cut(first, id)
	}
	m.runUntil(2*time.Minute, swarmDone(m, fresh, "a200"))
}

// Between nodes that are at the tip a block costs one gvhave for each link at
// most: who pushed it, or holds it already, need not hear that it is held.
func TestSyncedNodesSayLittleOfWhatTheyHold(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 100, 1000)
	m := newSim(t, w, 4, 2)
	said := 0
	for _, n := range m.nodes {
		n.have = true
		n.tap = func(a p2p.Action) {
			if s, ok := a.(p2p.Send); ok && s.Msg.Command() == msg.CmdHave {
				said++
			}
		}
	}
	for i, n := range m.nodes {
		for _, o := range m.nodes[:i] {
			m.connect(n, o, time.Millisecond)
		}
	}
	mine := func(from, to int) int {
		before := said
		for i := from; i <= to; i++ {
			m.mine(m.nodes[i%4], fmt.Sprint("a", i))
			m.run(2 * time.Second)
			m.wantTip(fmt.Sprint("a", i), m.nodes...)
		}
		return said - before
	}
	first, later := mine(1, 20), mine(21, 100)
	const links = 4 * 3 / 2
	t.Logf("gvhave for each block and link: %.2f at first, %.2f later", float64(first)/20/links, float64(later)/80/links)
	if first > 20*links || later > 80*links/3 {
		t.Errorf("%d and %d gvhave for 20 and 80 blocks over %d links", first, later, links)
	}
	// Nevertheless each has been told, not long ago, that the others hold the chain.
	for _, n := range m.nodes {
		for _, p := range n.s.peers {
			if e := n.s.tree.Find(w.nodes["a80"].Hash); !n.s.fetch.Holds(p.src, e) {
				t.Errorf("node %d does not know that peer %d holds a80", n.i, p.ID)
			}
		}
	}
}

// A block pushed to whose clock is behind is refused, for now. When its header
// is taken at last, who pushed it must be known to hold it.
func TestWhoAsksForHeadersHasNotTakenWhatWasPushed(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 5, 1000)
	m := newSim(t, w, 2, 3)
	n, behind := m.nodes[0], m.nodes[1]
	n.have, behind.have = true, true
	m.connect(behind, n, time.Millisecond)
	for i := 1; i <= 5; i++ {
		switch i {
		case 4:
			m.step(behind, ClockSet{At: w.nodes["a4"].Header.Timestamp.Add(-3 * time.Hour)})
		case 5:
			m.wantTip("a3", behind)
			m.step(behind, ClockSet{})
		}
		m.mine(n, fmt.Sprint("a", i))
		m.run(2 * time.Second)
	}
	m.wantTip("a5", m.nodes...)
}
