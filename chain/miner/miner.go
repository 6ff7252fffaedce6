package miner

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/mempool"
)

// Ledger is what the miner asks of the record; *ledger.Ledger does.
type Ledger interface {
	Tip() *chain.HeaderNode
	// TryBlock checks every rule but proof of work on the current tip.
	TryBlock(*chain.Block) error
}

// Pool is where transactions come from; *mempool.Pool does.
type Pool interface{ Snapshot() mempool.Snapshot }

// Solver searches a header's nonce.
type Solver interface {
	// Solve sets h.Nonce so that h's hash meets h.Bits, trying at most maxTries
	// nonces upwards from h.Nonce. It reports false when tries or nonces ran
	// out, and ctx's error when that ended first.
	Solve(ctx context.Context, h *wire.BlockHeader, maxTries uint64) (bool, error)
}

// Config is what a Miner needs.
type Config struct {
	Params     *chain.Params
	Ledger     Ledger
	Pool       Pool
	Solver     Solver                                    // nil: CPU{}
	Submit     func(context.Context, *chain.Block) error // returns after pool and wallet have followed
	ExtraNonce uint64                                    // random: no two miners, and no two runs, make one coinbase
	Now        func() time.Time
	Log        *slog.Logger // nil discards
}

// DefaultMaxTries is how many nonces generatetoaddress tries for all its
// blocks (Core: DEFAULT_MAX_TRIES).
const DefaultMaxTries = 1_000_000

// Template is an unsolved block and what getblocktemplate says of it.
type Template struct {
	Parent        *chain.HeaderNode
	Height        int32
	Header        wire.BlockHeader
	MinTime       int64 // Unix seconds
	Coinbase      *chain.Tx
	CoinbaseValue btcutil.Amount // subsidy and fees
	Commitment    []byte         // the coinbase's witness commitment script
	Txs           []TemplateTx   // without the coinbase, in block order
	Weight        int            // of the whole block
	SigOpCost     int
}

// TemplateTx is a chosen transaction.
type TemplateTx struct {
	Tx        *chain.Tx
	Fee       btcutil.Amount
	SigOpCost int
	Depends   []int // 1-based places in Txs of those it spends, as BIP22 counts
}

// Miner makes blocks.
type Miner struct{ cfg Config }

var errNotBuilt = errors.New("miner: not built yet")

// New makes a miner.
func New(cfg Config) *Miner { return &Miner{cfg: cfg} }

// Template is the best unsolved block now, paying to payTo.
func (m *Miner) Template(payTo []byte) (*Template, error) { return nil, errNotBuilt }

// Generate makes n blocks one after the other and submits each. maxTries is
// for all of them (0: DefaultMaxTries); when it runs out, the blocks so far are
// the answer, without an error, as Core does.
func (m *Miner) Generate(ctx context.Context, n int, payTo []byte, maxTries uint64) ([]chain.Hash, error) {
	return nil, errNotBuilt
}

// GenerateBlock makes, solves and submits a block of exactly these
// transactions, in this order. With submit false it is only made and solved.
func (m *Miner) GenerateBlock(ctx context.Context, payTo []byte, txs []*chain.Tx) (*chain.Block, error) {
	return nil, errNotBuilt
}
