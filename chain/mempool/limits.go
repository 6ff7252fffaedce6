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

// What must be paid, in satoshis per 1,000 virtual bytes.
const (
	// DefaultMinFeeRate is 1 sat/vB (Core: DEFAULT_MIN_RELAY_TX_FEE until 29).
	DefaultMinFeeRate FeeRate = 1000
	// Increment is what a replacement pays for its own relay, and the step by
	// which eviction raises the floor (Core: DEFAULT_INCREMENTAL_RELAY_FEE until 29).
	Increment FeeRate = 1000
	// DustRelayFee prices an output's future spending (Core: DUST_RELAY_TX_FEE).
	DustRelayFee FeeRate = 3000
)
