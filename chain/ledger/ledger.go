package ledger

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/script"
	"grapevine/db"
)

// Schema is the version of the chain file's layout, for db.Open.
const Schema uint32 = 1

// ErrNotFound: a block, or what belongs to it, that is not stored.
var ErrNotFound = errors.New("block not found")

var errNotBuilt = errors.New("not built yet")

// Config of a Ledger.
type Config struct {
	DB          *db.DB
	Params      *chain.Params
	Script      *script.Checker
	DBCache     int64 // bytes of coins in memory; 0: DefaultDBCache
	TxIndex     bool  // keep where each transaction is
	FilterIndex bool  // keep BIP157's basic filters
	// AssumeValid is a block whose ancestors' scripts are not checked; nil: check all.
	AssumeValid *chain.Hash
	Workers     int // goroutines that check; 0: one for each core
	Now         func() time.Time
	Log         *slog.Logger // nil discards
}

// Status is what the ledger knows of a header: bits.
type Status uint8

const (
	HaveBody Status = 1 << iota // the body is stored
	Active                      // in the verified chain
	Valid                       // connected once: every rule holds
	Invalid                     // breaks a rule, was marked by hand, or builds on such a block
)

// Verdict answers one Submit. Err is nil when the block is in the active
// chain, chain.ErrInconclusive when it is stored only, chain.ErrDuplicate, a
// *chain.RuleError, or chain.ErrShutdown.
type Verdict struct {
	Node *chain.HeaderNode
	From uint64
	Err  error
}

// BadHeader is a header that was marked invalid, with all that build on it.
// Err is nil when it was marked by hand.
type BadHeader struct {
	Node *chain.HeaderNode
	Err  error
}

// Event is what happened, in order. A follower applies Delta first, then what
// was stored and marked, and hands the verdicts on last.
type Event struct {
	Seq      uint64
	Delta    *chain.Delta // nil: the tip did not move
	Stored   []*chain.HeaderNode
	Invalid  []BadHeader
	Valid    []*chain.HeaderNode
	Verdicts []Verdict
}

// ChainTip is the end of a branch, for getchaintips.
type ChainTip struct {
	Node      *chain.HeaderNode
	BranchLen int32  // blocks since the fork from the active chain
	Status    string // active, valid-fork, valid-headers, headers-only, invalid
}

// Stats describe the coin set at one tip.
type Stats struct {
	Height       int32
	Best         chain.Hash
	TxOuts       int64
	Transactions int64 // with at least one unspent output
	BogoSize     int64 // Core's measure of the set's size, the same on every machine
	Total        btcutil.Amount
	Serialized3  chain.Hash
	MuHash       chain.Hash
	DiskSize     int64 // bytes of coins on disk, about
}

// Ledger is the record.
type Ledger struct{}

// Open reads the headers and the place of the tip.
func Open(Config) (*Ledger, error) { return nil, errNotBuilt }

func (l *Ledger) Run(ctx context.Context) error                                { return errNotBuilt }
func (l *Ledger) AddHeaders(nodes []*chain.HeaderNode)                         {}
func (l *Ledger) Submit(node *chain.HeaderNode, b *chain.Block, from uint64)   {}
func (l *Ledger) Events() <-chan Event                                         { return nil }
func (l *Ledger) Invalidate(ctx context.Context, h chain.Hash) (uint64, error) { return 0, errNotBuilt }
func (l *Ledger) Reconsider(ctx context.Context, h chain.Hash) (uint64, error) { return 0, errNotBuilt }
func (l *Ledger) Sync(ctx context.Context) error                               { return errNotBuilt }
func (l *Ledger) Tip() *chain.HeaderNode                                       { return nil }
func (l *Ledger) BestHeader() *chain.HeaderNode                                { return nil }
func (l *Ledger) AtHeight(height int32) *chain.HeaderNode                      { return nil }
func (l *Ledger) Lookup(h chain.Hash) (*chain.HeaderNode, Status, bool)        { return nil, 0, false }
func (l *Ledger) HaveBody(h chain.Hash) bool                                   { return false }
func (l *Ledger) Headers() []*chain.HeaderNode                                 { return nil }
func (l *Ledger) InvalidHeaders() []*chain.HeaderNode                          { return nil }
func (l *Ledger) Tips() []ChainTip                                             { return nil }
func (l *Ledger) RawBlock(h chain.Hash) ([]byte, error)                        { return nil, errNotBuilt }
func (l *Ledger) Block(h chain.Hash) (*chain.Block, error)                     { return nil, errNotBuilt }
func (l *Ledger) Spent(h chain.Hash) ([][]chain.Coin, error)                   { return nil, errNotBuilt }
func (l *Ledger) View() *View                                                  { return nil }
func (l *Ledger) TryBlock(b *chain.Block) error                                { return errNotBuilt }
func (l *Ledger) CoinStats(ctx context.Context) (Stats, error)                 { return Stats{}, errNotBuilt }
func (l *Ledger) FindTx(txid chain.Hash) (*chain.HeaderNode, int, bool, error) {
	return nil, 0, false, nil
}
func (l *Ledger) Filter(h chain.Hash) ([]byte, chain.Hash, bool, error) {
	return nil, chain.Hash{}, false, nil
}
func (l *Ledger) CheckFile(ctx context.Context, progress Progress) error { return errNotBuilt }

// Progress hears how far a long check has come.
type Progress func(done, total int64, what string)

// CheckFile proves a chain file that no node has open.
func CheckFile(ctx context.Context, path string, p *chain.Params, progress Progress) error {
	return errNotBuilt
}

// View reads committed truth.
type View struct{}

func (v *View) Coin(op wire.OutPoint) (chain.Coin, bool, error) {
	return chain.Coin{}, false, errNotBuilt
}
func (v *View) Tip() *chain.HeaderNode { return nil }
