package mempool

import (
	"math"
	"time"
)

// poolHeight is the height of a coin made by a pool transaction [MEMPOOL_HEIGHT].
const poolHeight = math.MaxInt32

// How much is kept, and for how long. The names in brackets are Core's.
const (
	// defaultMaxBytes of memory [DEFAULT_MAX_MEMPOOL_SIZE_MB].
	defaultMaxBytes = 300_000_000
	// defaultExpiry of a transaction that no block takes [DEFAULT_MEMPOOL_EXPIRY_HOURS].
	defaultExpiry = 336 * time.Hour
	// maxReturning bounds the bytes of transactions that a reorganisation gives
	// back [MAX_DISCONNECTED_TX_POOL_BYTES]. What is beyond it is forgotten.
	maxReturning = 20_000_000
	// maxProbes is how many outputs of a transaction whose inputs are missing
	// are looked up to see whether it is in the chain already. Each may be a
	// disk read that a stranger asks for.
	maxProbes = 2
)

// floorHalfLife: in this time the floor sinks by half when blocks come [ROLLING_FEE_HALFLIFE].
const floorHalfLife = 12 * time.Hour
