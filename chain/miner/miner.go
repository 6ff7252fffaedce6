package miner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
)

// Ledger is what the miner asks of the record; *ledger.Ledger does.
type Ledger interface {
	Tip() *chain.HeaderNode
	// TryTemplate checks every rule but proof of work and merkle root on the block's parent and its coins. If
	// that is not the tip, or not for long enough, there is no verdict, which is chain.ErrInconclusive.
	TryTemplate(h wire.BlockHeader, txs []*chain.Tx) error
}

// Pool is where transactions come from; *mempool.Pool does.
type Pool interface {
	Snapshot() mempool.Snapshot
	Updates() uint64
}

// Config is what a Miner needs.
type Config struct {
	Params     *chain.Params
	Versions   *chain.VersionBits // nil: one of its own
	Ledger     Ledger
	Pool       Pool
	Solver     Solver                                    // nil: CPU{}
	Submit     func(context.Context, *chain.Block) error // returns when pool and wallet have followed
	ExtraNonce uint64                                    // random: no two miners and no two runs make one coinbase [IncrementExtraNonce]
	// NoExtraNonce writes OP_0 in its place, as Bitcoin Core does: two miners may make one block.
	NoExtraNonce bool
	// NoLockTime leaves the coinbase without the lock time of BIP54, as Core did up to 29.
	NoLockTime bool
	// Moved gives a channel that is closed when the pool has next followed the
	// ledger. nil: it always has.
	Moved     func() <-chan struct{}
	MaxWeight int            // of a block; 0: as much as it may have
	Reserved  int            // weight that is kept for header and coinbase; 0: that of Core 29 and later
	MinRate   policy.FeeRate // that a package pays to be chosen
	Version   *int32         // of a block's header; nil: BIP9's, with a vote for each deployment that waits for votes
	// PrintPriority logs the fee rate of each transaction chosen [-printpriority].
	PrintPriority bool
	Now           func() time.Time
	Log           *slog.Logger // nil discards
}

const (
	// defaultMaxTries is how many nonces a call of Generate tries for all its
	// blocks [DEFAULT_MAX_TRIES].
	defaultMaxTries = 1_000_000
	// sliceTries is how many nonces are tried before the template is made anew,
	// with the transactions and the time of then.
	sliceTries = 1 << 22
)

// terms are what a block is chosen on. Beside what is reserved it may be empty
// [ClampOptions, DEFAULT_BLOCK_MAX_WEIGHT].
func (m *Miner) terms() terms {
	on := terms{weight: chain.MaxBlockWeight, reserved: cmp.Or(m.cfg.Reserved, reserved), minRate: m.cfg.MinRate}
	if m.cfg.MaxWeight != 0 {
		on.weight = min(max(m.cfg.MaxWeight, on.reserved), on.weight)
	}
	return on
}

// Miner makes blocks.
type Miner struct {
	cfg   Config
	extra atomic.Uint64 // of the next coinbase
	turn  chan struct{} // holds the right to make blocks: two at once would make siblings
	last  atomic.Pointer[Assembled]
	// kept holds what Latest made last, with its transactions one block at most; nil before. Who takes it
	// out puts one back: no two make the same template.
	kept chan *Template
}

// Assembled is what the last template held: its transactions and their weight,
// the coinbase's place included.
type Assembled struct{ Txs, Weight int }

// Last is the last template that was assembled, by whomever; nil before the
// first [m_last_block_num_txs, m_last_block_weight].
func (m *Miner) Last() *Assembled { return m.last.Load() }

// New makes a miner.
func New(cfg Config) *Miner {
	if cfg.Moved == nil {
		followed := make(chan struct{})
		close(followed)
		cfg.Moved = func() <-chan struct{} { return followed }
	}
	if cfg.Solver == nil {
		cfg.Solver = CPU{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Versions == nil {
		cfg.Versions = chain.NewVersionBits(cfg.Params)
	}
	m := &Miner{cfg: cfg, turn: make(chan struct{}, 1), kept: make(chan *Template, 1)}
	m.kept <- nil
	m.extra.Store(cfg.ExtraNonce)
	return m
}

// Generate makes n blocks one after the other and submits each. maxTries is
// for all of them (0: defaultMaxTries); when it runs out, the blocks so far are
// the answer, without an error, as Core does. They are also the answer beside
// an error [generateBlocks].
func (m *Miner) Generate(ctx context.Context, n int, payTo []byte, maxTries uint64) ([]chain.Hash, error) {
	if err := m.takeTurn(ctx); err != nil {
		return nil, err
	}
	defer m.endTurn()
	left := maxTries
	if left == 0 {
		left = defaultMaxTries
	}
	var made []chain.Hash
	for len(made) < n && left > 0 {
		t, err := m.Template(ctx, payTo)
		if err != nil {
			return made, err
		}
		block, err := m.solve(ctx, t.block(), &left)
		if err != nil {
			return made, err
		}
		if block == nil {
			continue
		}
		if err := m.submit(ctx, block); err != nil {
			return made, err
		}
		made = append(made, block.Hash)
	}
	return made, nil
}

// GenerateBlock makes, solves and submits a block of exactly these
// transactions, in this order. Its coinbase takes the subsidy alone, as Core's
// generateblock does.
func (m *Miner) GenerateBlock(ctx context.Context, payTo []byte, txs []*chain.Tx) (*chain.Block, error) {
	if err := m.takeTurn(ctx); err != nil {
		return nil, err
	}
	defer m.endTurn()
	block, err := m.SolveBlock(ctx, payTo, txs)
	if err != nil {
		return nil, err
	}
	return block, m.submit(ctx, block)
}

// SolveBlock is GenerateBlock without submitting.
func (m *Miner) SolveBlock(ctx context.Context, payTo []byte, txs []*chain.Tx) (*chain.Block, error) {
	chosen := make([]mempool.Candidate, len(txs))
	for i, tx := range txs {
		chosen[i].Tx = tx
	}
	t := m.build(m.cfg.Ledger.Tip(), chosen, payTo)
	if err := m.cfg.Ledger.TryTemplate(t.Header, t.all()); err != nil {
		return nil, err
	}
	unsolved := t.block()
	left := uint64(defaultMaxTries)
	for left > 0 {
		block, err := m.solve(ctx, unsolved, &left)
		if block != nil || err != nil {
			return block, err
		}
	}
	return nil, fmt.Errorf("no nonce found in %d tries", defaultMaxTries)
}

// solve tries one slice of nonces. It answers nil when none of them was good.
func (m *Miner) solve(ctx context.Context, b *chain.Block, left *uint64) (*chain.Block, error) {
	header := b.Header
	tries := min(*left, sliceTries)
	found, err := m.cfg.Solver.Solve(ctx, &header, tries)
	if err != nil {
		return nil, err
	}
	if !found {
		*left -= tries
		return nil, nil
	}
	*left -= min(*left, uint64(header.Nonce-b.Header.Nonce)+1)
	return solved(b, header), nil
}

// submit hands a block in. That another block was faster is no failure: ours
// is stored beside it.
func (m *Miner) submit(ctx context.Context, b *chain.Block) error {
	if err := m.cfg.Submit(ctx, b); err != nil && !errors.Is(err, chain.ErrInconclusive) {
		return fmt.Errorf("submit block %s: %w", b.Hash, err)
	}
	m.cfg.Log.Debug("made a block", "hash", b.Hash, "txs", len(b.Txs), "weight", b.Weight)
	return nil
}

func (m *Miner) takeTurn(ctx context.Context) error {
	select {
	case m.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *Miner) endTurn() { <-m.turn }
