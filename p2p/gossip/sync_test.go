package gossip

import (
	"fmt"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
)

func TestSyncFromOnePeer(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 3000, 300)
	m := newSim(t, w, 2, 1)
	m.check = false
	m.give(m.nodes[0], numbered("a", 3000)...)
	m.blockMs = func(*chain.Block) time.Duration { return 50 * time.Microsecond }
	m.connect(m.nodes[1], m.nodes[0], 10*time.Millisecond)
	took := m.runUntil(5*time.Second, m.reaches(m.nodes[1], "a3000"))
	t.Logf("3000 small blocks over 20 ms of round trip: %v", took)
	if n := m.nodes[0].sentB; n != 3000 {
		t.Errorf("%d bodies sent for 3000", n)
	}
}

func TestBlocksAndTransactionsTravelALineOfNodes(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 10, 1000)
	m := newSim(t, w, 4, 2)
	for i := 1; i < 4; i++ {
		m.connect(m.nodes[i], m.nodes[i-1], time.Millisecond)
	}
	m.run(time.Second)
	for i := 1; i <= 10; i++ {
		m.mine(m.nodes[0], fmt.Sprint("a", i))
		m.run(20 * time.Millisecond)
		m.wantTip(fmt.Sprint("a", i), m.nodes...)
	}
	for i := range 20 {
		name := fmt.Sprint("t", i)
		m.step(m.nodes[i%4], SubmitTx{p2p.Ticket(i), w.tx(name)})
		m.run(20 * time.Millisecond)
		for _, n := range m.nodes {
			if n.r.pool[w.tx(name).ID] == nil {
				t.Errorf("%s is not in the pool of node %d after 20 ms", name, n.i)
			}
		}
	}
}

// Eight peers of 600 kB/s each: the newcomer gets at least 90 % of their sum.
func TestManyPeersGiveTheirSummedRate(t *testing.T) {
	const blocks, size, rate = 64, 900_000, 600_000
	m := feeders(t, 8, blocks, size, rate)
	took := m.runUntil(time.Minute, m.reaches(m.nodes[0], "a64"))
	bound := time.Duration(float64(blocks*size) / (8 * rate) * float64(time.Second))
	t.Logf("%v, bound %v", took, bound)
	if took > bound*10/9 {
		t.Errorf("took %v, bound %v", took, bound)
	}
	sent := 0
	for _, f := range m.nodes[1:] {
		sent += f.sentB
	}
	if sent > blocks+blocks/20 {
		t.Errorf("%d bodies were sent for %d", sent, blocks)
	}
}

// A hundred small blocks, then large ones: what was asked for when blocks were
// small must not end up at one peer.
func TestSizesThatJump(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 136, 200)
	for i := 137; i <= 200; i++ {
		w.block(fmt.Sprint("a", i), fmt.Sprint("a", i-1), 900_000)
	}
	m := newSim(t, w, 9, 7)
	for _, f := range m.nodes[1:] {
		m.give(f, numbered("a", 200)...)
		_, id := m.connect(m.nodes[0], f, time.Millisecond)
		f.links[id].perByte = time.Second / 600_000
	}
	took := m.runUntil(time.Minute, m.reaches(m.nodes[0], "a200"))
	for _, f := range m.nodes[1:] {
		t.Logf("node %d sent %d bodies, %d bytes", f.i, f.sentB, f.sent)
	}
	t.Logf("%v, bound 12 s", took)
	if took > 12*time.Second*10/9 {
		t.Errorf("took %v", took)
	}
}

// One of eight paces its blocks at 1 kB/s: at most 1.3 times as long.
func TestT16_OneSlowPeerDoesNotHoldTheWindow(t *testing.T) {
	const blocks, size, rate = 64, 900_000, 600_000
	usual := feeders(t, 8, blocks, size, rate)
	want := usual.runUntil(time.Minute, usual.reaches(usual.nodes[0], "a64"))
	m := feeders(t, 8, blocks, size, rate)
	for _, l := range m.nodes[1].links {
		l.perByte = time.Millisecond
	}
	took := m.runUntil(time.Minute, m.reaches(m.nodes[0], "a64"))
	t.Logf("%v, with a slow peer %v", want, took)
	if took > want*13/10 {
		t.Errorf("took %v, without the slow peer %v", took, want)
	}
}

// The same with small blocks and a window that the head could hold up.
func TestT16_SlowPeerAtTheHeadOfTheWindow(t *testing.T) {
	const blocks, size, rate = 1000, 2000, 600_000
	usual := feeders(t, 4, blocks, size, rate)
	want := usual.runUntil(time.Minute, usual.reaches(usual.nodes[0], "a1000"))
	m := feeders(t, 4, blocks, size, rate)
	for _, l := range m.nodes[1].links {
		l.perByte = time.Millisecond
	}
	took := m.runUntil(time.Minute, m.reaches(m.nodes[0], "a1000"))
	t.Logf("%v, with a slow peer %v", want, took)
	if took > want+5*time.Second {
		t.Errorf("took %v, without the slow peer %v", took, want)
	}
}

// 2,000 transactions entered at one end of a line are in the last pool soon.
func TestManyTransactionsTravelALineOfNodes(t *testing.T) {
	w := newWorld()
	m := newSim(t, w, 4, 3)
	m.check = false
	for i := 1; i < 4; i++ {
		m.connect(m.nodes[i], m.nodes[i-1], time.Millisecond)
	}
	m.run(time.Second)
	for i := range 2000 {
		m.step(m.nodes[0], SubmitTx{p2p.Ticket(i), w.tx(fmt.Sprint("t", i))})
	}
	took := m.runUntil(5*time.Second, func() bool { return len(m.nodes[3].r.pool) == 2000 })
	t.Logf("took %v, %d steps", took, m.steps)
}
