package script

import (
	"sync"

	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
)

// cache remembers transactions that passed, by wtxid, each with the flags it
// passed under. It has two generations: when the young one is full it becomes
// the old one, and the old one is dropped. So it never holds more than its
// bound, and what was used lately stays.
type cache struct {
	mu         sync.Mutex
	young, old map[chain.Hash]txscript.ScriptFlags
	half       int // most entries of one generation
}

func newCache(entries int) *cache {
	return &cache{young: map[chain.Hash]txscript.ScriptFlags{}, half: max(entries/2, 1)}
}

// has says whether the transaction passed under at least these flags: every
// flag only forbids, so what passed under more passes under fewer.
func (c *cache) has(wid chain.Hash, flags txscript.ScriptFlags) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	passed, ok := c.young[wid]
	if !ok {
		passed, ok = c.old[wid]
	}
	return ok && passed&flags == flags
}

func (c *cache) add(wid chain.Hash, flags txscript.ScriptFlags) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= c.half {
		c.old = c.young
		c.young = make(map[chain.Hash]txscript.ScriptFlags)
	}
	c.young[wid] = flags
}
