package mempool

import (
	"math"
	"time"
)

// PoolHeight is the height of a coin made by a pool transaction (Core: MEMPOOL_HEIGHT).
const PoolHeight = math.MaxInt32

// How much is kept, and for how long.
const (
	// DefaultMaxBytes of memory (Core: DEFAULT_MAX_MEMPOOL_SIZE_MB 300).
	DefaultMaxBytes = 300_000_000
	// Expiry of a transaction that no block takes (Core: DEFAULT_MEMPOOL_EXPIRY_HOURS).
	Expiry = 336 * time.Hour
)
