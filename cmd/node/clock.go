package node

import (
	"context"
	"sync/atomic"
	"time"

	"grapevine/p2p/gossip"
)

// clock is the wall clock: the rules of block times, the miner and what people
// are shown go by it. It is the machine's, or goes on so much ahead of it (setclock):
// then no timer of the network follows. When setmocktime sets it, it
// stands still, and the network's timers with it: they go on by as much as it is set
// forward. As in Core a jump of half an hour takes every peer for dead.
type clock struct {
	machine func() time.Time
	set     atomic.Int64 // Unix seconds; 0: not set
	ahead   atomic.Int64 // of the machine's, in nanoseconds
}

// Now is the wall clock's time.
func (c *clock) Now() time.Time {
	if at := c.set.Load(); at != 0 {
		return time.Unix(at, 0)
	}
	return c.machine().Add(c.Ahead())
}

// Ahead is by how much the clock goes on before the machine's.
func (c *clock) Ahead() time.Duration { return time.Duration(c.ahead.Load()) }

// mockTime sets the wall clock to a Unix time, 0 gives it back [setmocktime]. When it
// returns, every room goes by it.
func (n *Node) mockTime(ctx context.Context, unix int64) error {
	n.clock.set.Store(unix)
	var at time.Time
	if unix != 0 {
		at = time.Unix(unix, 0)
	}
	return n.Swarm.Deliver(ctx, gossip.ClockSet{At: at, Ahead: n.clock.Ahead()})
}

// setClock lets the wall clock go on so much ahead of the machine's. When it returns,
// every room goes by it.
func (n *Node) setClock(ctx context.Context, ahead time.Duration) error {
	n.clock.ahead.Store(int64(ahead))
	return n.mockTime(ctx, 0)
}

// readClock tells what the wall clock says, by how much it is ahead of the machine's,
// and whether it stands still.
func (n *Node) readClock() (now time.Time, ahead time.Duration, still bool) {
	_, still = n.Mocked()
	return n.clock.Now(), n.clock.Ahead(), still
}

// Mocked is the time at which the node's clock stands still, and whether it does
// [setmocktime].
func (n *Node) Mocked() (at time.Time, still bool) {
	unix := n.clock.set.Load()
	return time.Unix(unix, 0), unix != 0
}
