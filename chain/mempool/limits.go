package mempool

import (
	"math"
	"time"

	"grapevine/chain"
)

// PoolHeight is the height of a coin made by a pool transaction (Core: MEMPOOL_HEIGHT).
const PoolHeight = math.MaxInt32

// How much is kept, and for how long. The names in brackets are Core's.
const (
	// DefaultMaxBytes of memory [DEFAULT_MAX_MEMPOOL_SIZE_MB].
	DefaultMaxBytes = 300_000_000
	// Expiry of a transaction that no block takes [DEFAULT_MEMPOOL_EXPIRY_HOURS].
	Expiry = 336 * time.Hour
	// maxReturning bounds the bytes of transactions that a reorganisation gives
	// back [MAX_DISCONNECTED_TX_POOL_BYTES]. What is beyond it is forgotten.
	maxReturning = 20_000_000
	// maxProbes is how many outputs of a transaction whose inputs are missing
	// are looked up to see whether it is in the chain already. Each may be a
	// disk read that a stranger asks for.
	maxProbes = 2
)

// Chains of unconfirmed transactions: what a change to one transaction may
// cost us, and what one tenant may keep others from using.
const (
	maxAncestors      = 25      // the transaction counted [DEFAULT_ANCESTOR_LIMIT]
	maxDescendants    = 25      // likewise [DEFAULT_DESCENDANT_LIMIT]
	maxAncestorSize   = 101_000 // virtual bytes [DEFAULT_ANCESTOR_SIZE_LIMIT_KVB]
	maxDescendantSize = 101_000 // [DEFAULT_DESCENDANT_SIZE_LIMIT_KVB]
	// carveOutSize: one more descendant up to this size may be added to a parent
	// without other ancestors, so that two parties who share a transaction can
	// each raise its fee [EXTRA_DESCENDANT_TX_SIZE_LIMIT].
	carveOutSize = 10_000
)

// A list given to Test [MAX_PACKAGE_COUNT, MAX_PACKAGE_WEIGHT].
const (
	MaxListCount  = 25
	maxListWeight = 404_000
)

// maxSignalling is the highest sequence that allows replacement (BIP125).
const maxSignalling = 0xfffffffd

// errExpired: a transaction from before a restart has waited longer than Expiry.
const errExpired chain.Policy = "mempool-expired"

const (
	// errReplacementInList: a member of a list under test may replace nothing.
	errReplacementInList chain.Policy = "bip125-replacement-disallowed"
	// errMaxRate: more than who submits it would pay.
	errMaxRate chain.Policy = "max feerate exceeded"
)

// The floor that rises when the pool is full and sinks when blocks come.
const (
	floorHalfLife = 12 * time.Hour // [ROLLING_FEE_HALFLIFE]
)
