package mempool

import (
	"errors"
	"log/slog"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// Config is what a Pool needs.
type Config struct {
	Params          *chain.Params
	View            func() View // the coin set now; called for each judgement
	Script          Scripts
	MaxBytes        int64          // memory; 0: DefaultMaxBytes
	MinFeeRate      policy.FeeRate // 0: policy.DefaultMinRelay
	RequireStandard bool
	Now             func() time.Time
	Log             *slog.Logger // nil discards
}

// Pool is the set of unconfirmed transactions.
type Pool struct{ cfg Config }

var errNotBuilt = errors.New("mempool: not built yet")

// New makes an empty pool that stands at the tip of Config.View.
func New(cfg Config) *Pool { return &Pool{cfg: cfg} }

// Add judges a transaction and keeps it if it is good. The error is
// *chain.RuleError, *chain.PolicyError, *chain.MissingError, or our own fault.
// Only the writer may call it.
func (p *Pool) Add(tx *chain.Tx) (chain.PoolDelta, error) { return chain.PoolDelta{}, errNotBuilt }

// Apply follows a move of the tip. Only the writer may call it.
func (p *Pool) Apply(d chain.Delta) chain.PoolDelta { return chain.PoolDelta{} }

// Test says what Add would, changing nothing. A transaction of the list may
// spend earlier ones. maxFee refuses what pays more (max-fee-exceeded); 0: no limit.
func (p *Pool) Test(txs []*chain.Tx, maxFee policy.FeeRate) []TestResult { return nil }

// Entry is the transaction with this txid.
func (p *Pool) Entry(txid chain.Hash) (Entry, bool) { return Entry{}, false }

// ByWTxID is the transaction with this wtxid.
func (p *Pool) ByWTxID(wtxid chain.Hash) (*chain.Tx, bool) { return nil, false }

// Entries are all transactions, parents before their children.
func (p *Pool) Entries() []Entry { return nil }

// TxIDs are all transactions, parents before their children.
func (p *Pool) TxIDs() []chain.Hash { return nil }

// Ancestors are the pool transactions that txid builds on, without itself; parents first.
func (p *Pool) Ancestors(txid chain.Hash) ([]Entry, bool) { return nil, false }

// Descendants are the pool transactions that build on txid, without itself; parents first.
func (p *Pool) Descendants(txid chain.Hash) ([]Entry, bool) { return nil, false }

// Snapshot is what the miner chooses from.
func (p *Pool) Snapshot() Snapshot { return Snapshot{} }

// Stats are the pool's totals now.
func (p *Pool) Stats() Stats { return Stats{} }

// SpentBy is the pool transaction that spends op.
func (p *Pool) SpentBy(op wire.OutPoint) (txid chain.Hash, ok bool) { return chain.Hash{}, false }

// Coins is the coin set over chain and pool: a coin made by a pool transaction
// exists (its Height is PoolHeight), one spent by a pool transaction does not.
func (p *Pool) Coins() chain.CoinView { return nil }

// MinFee is the fee rate below which nothing enters now.
func (p *Pool) MinFee() policy.FeeRate { return 0 }

// Check proves what must always hold and names what does not.
func (p *Pool) Check() error { return errNotBuilt }
