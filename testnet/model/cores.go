package model

import "time"

// cores are a machine that all nodes of a run share: what they have to do waits until a core is free, first come,
// first served. Without any it takes no time, as if each node had a machine of its own.
type cores []time.Duration // when each is free again

// What a KiB of a block costs on its way through a node, and what a small message does: about the CPU time of one of
// 32 newcomers that take 55 MiB of large blocks, by the profiler.
const (
	costRead    = 4100 * time.Nanosecond // the system's part, to decrypt, to decode, to hash
	costWrite   = 1800 * time.Nanosecond // to read it from the disk's cache, to encrypt, the system's part
	costStore   = 2400 * time.Nanosecond
	costConnect = 2600 * time.Nanosecond // to read it again, and the coins
	costSmall   = 40 * time.Microsecond
)

// spend is when a core has done so much that may begin now.
func (c cores) spend(now, work time.Duration) time.Duration {
	if len(c) == 0 {
		return now
	}
	first := 0
	for i := range c {
		if c[i] < c[first] {
			first = i
		}
	}
	c[first] = max(c[first], now) + work
	return c[first]
}

// block is when a core has done something to a block of so many bytes.
func (c cores) block(now time.Duration, bytes int, perKiB time.Duration) time.Duration {
	return c.spend(now, time.Duration(bytes)*perKiB/1024)
}

// receive is when a core has read a message.
func (c cores) receive(now time.Duration, bytes int) time.Duration {
	if bytes > small {
		return c.block(now, bytes, costRead)
	}
	return c.spend(now, costSmall)
}

// connected notes that a block is on a node's chain, once a core has connected it.
func (m *sim) connected(n *node, b *block) {
	if len(m.cores) == 0 || b.Body == nil {
		m.reached(m.blockSeen, b.I, n)
		return
	}
	m.after(m.cores.block(m.now, len(b.Body.Raw), costConnect)-m.now, func() { m.reached(m.blockSeen, b.I, n) })
}
