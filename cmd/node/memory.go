package node

import (
	"math"
	"runtime/debug"

	"grapevine/chain/ledger"
)

// minCache is the least that is kept of coins, whatever the limit [nMinDbCache].
const minCache = 4 << 20

// defaultCache is how many bytes of coins are kept when nobody says: the ledger's own
// default, or a quarter of Go's limit of memory (GOMEMLIMIT) where that is less. The rest
// is for what a flush takes, blocks on their way, the pool, and garbage.
func defaultCache() int64 { return cacheWithin(debug.SetMemoryLimit(-1)) } // -1 only asks

func cacheWithin(limit int64) int64 {
	if limit == math.MaxInt64 {
		return ledger.DefaultDBCache
	}
	return min(max(limit/4, minCache), ledger.DefaultDBCache)
}
