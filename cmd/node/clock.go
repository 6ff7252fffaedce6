package node

import (
	"context"
	"sync/atomic"
	"time"

	"grapevine/p2p/gossip"
)

// clock is the wall clock: the rules of block times, the miner and what people
// are shown go by it. It is the machine's until setmocktime sets it; then it
// stands still, and the network's timers with it: they go on by as much as it is set
// forward. As in Core a jump of half an hour takes every peer for dead.
type clock struct {
	machine func() time.Time
	set     atomic.Int64 // Unix seconds; 0: not set
}

// Now is the wall clock's time.
func (c *clock) Now() time.Time {
	if at := c.set.Load(); at != 0 {
		return time.Unix(at, 0)
	}
	return c.machine()
}

// mockTime sets the wall clock to a Unix time, 0 gives it back [setmocktime]. When it
// returns, every room goes by it.
func (n *Node) mockTime(ctx context.Context, unix int64) error {
	n.clock.set.Store(unix)
	var at time.Time
	if unix != 0 {
		at = time.Unix(unix, 0)
	}
	return n.Swarm.Deliver(ctx, gossip.ClockSet{At: at})
}

// Mocked is the time at which the node's clock stands still, and whether it does
// [setmocktime].
func (n *Node) Mocked() (at time.Time, still bool) {
	unix := n.clock.set.Load()
	return time.Unix(unix, 0), unix != 0
}
