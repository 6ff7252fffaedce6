package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/db"
	"grapevine/wallet"
	"grapevine/wallet/books"
)

// Chain is what the wallet asks of the ledger.
type Chain interface {
	Tip() *chain.HeaderNode
	// AtHeight is the active chain's header at h, nil above the tip.
	AtHeight(h int32) *chain.HeaderNode
	Block(hash chain.Hash) (*chain.Block, error)
}

// Config of a Vault. DB, Params, Chain, Submit, Rand and Now are needed.
type Config struct {
	DB     *db.DB // wallet.db; the caller opens it and closes it after Run has returned
	Params *chain.Params
	Chain  Chain
	// Submit is the node's one door. It must have called Apply with what the
	// pool took before it returns.
	Submit func(ctx context.Context, tx *chain.Tx) error
	// Pool is what waits for a block, parents first; nil: nothing. A restored
	// wallet asks for it, for it has not heard of what entered before.
	Pool            func() []*chain.Tx
	Rand            io.Reader
	Now             func() time.Time
	Log             *slog.Logger
	EstimateFee     func(target int) (r policy.FeeRate, ok bool) // for confirmation in target blocks; may be nil
	FallbackFeeRate policy.FeeRate                               // when there is no estimate; 0: 20 sat/vB on regtest, elsewhere an error
}

// regtestFeeRate is the fallback where there is no fee market: 0.0002 BTC per kvB.
const regtestFeeRate = policy.FeeRate(20_000)

// Vault is the wallet of one node. Its methods may be called by several
// goroutines at once.
type Vault struct {
	cfg    Config
	tables tables

	fileMu sync.Mutex // the file's single writer; locked before mu
	rescan sync.Mutex // one Rescan at a time
	sendMu sync.Mutex // one transaction at a time chooses coins; locked before fileMu

	mu       sync.Mutex
	books    *books.Books  // nil: no wallet yet
	moved    chan struct{} // closed and replaced when the books have followed something
	scanning bool          // the reader is on its way through old blocks
	poolDue  bool          // the books are to look at the whole pool
	homeless bool          // an own transaction is neither in the pool nor in a block

	behind  chan struct{} // capacity 1: the books have lost touch with the chain
	soon    chan struct{} // capacity 1: something is to be written soon
	late    chan struct{} // capacity 1: something is to be written that the chain could tell again
	stirred chan struct{} // capacity 1: the chain has moved, and something is homeless
	stopped chan struct{} // closed when Run has ended
}

// Open reads the wallet in cfg.DB; there may be none yet.
func Open(cfg Config) (*Vault, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.FallbackFeeRate == 0 && selfMade(cfg.Params) {
		cfg.FallbackFeeRate = regtestFeeRate
	}
	v := &Vault{
		cfg: cfg, tables: newTables(),
		moved:   make(chan struct{}),
		behind:  make(chan struct{}, 1),
		soon:    make(chan struct{}, 1),
		late:    make(chan struct{}, 1),
		stirred: make(chan struct{}, 1),
		stopped: make(chan struct{}),
	}
	var err error
	v.books, err = v.load()
	if v.books != nil && v.books.Dirty() {
		v.dirtied(false)
	}
	return v, err
}

// Run follows the chain until ctx ends: it reads blocks that the wallet
// missed, writes what Apply changed, and submits own transactions again.
func (v *Vault) Run(ctx context.Context) error {
	defer close(v.stopped)
	v.lost()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return v.read(ctx) })
	g.Go(func() error { return v.save(ctx) })
	g.Go(func() error { return v.resubmit(ctx) })
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, v.flush())
}

// Exists says whether there is a wallet. On regtest one makes itself at first use.
func (v *Vault) Exists() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.books != nil
}

// Status says how far the wallet has followed.
func (v *Vault) Status() wallet.Status {
	s := wallet.Status{Tip: v.cfg.Chain.Tip().Height, Reread: -1}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.books == nil {
		return s
	}
	s.Exists, s.Scanning = true, v.scanning
	s.At, s.Txs, s.Reread = v.books.Cursor().Height, v.books.Len(), v.books.Due()
	return s
}

// Settle waits until the wallet stands at the tip seen when the call began;
// progress (may be nil) hears of each step of the way.
func (v *Vault) Settle(ctx context.Context, progress func(wallet.Status)) error {
	return v.settle(ctx, func(s wallet.Status) error {
		if progress != nil {
			progress(s)
		}
		return nil
	})
}

// longScan is how many missing blocks are too many for a call to wait for.
const longScan = 1000

// patience lets a call wait for a few blocks, not for a long scan.
func patience(s wallet.Status) error {
	if s.Scanning && s.Tip-s.At > longScan {
		return fmt.Errorf("%w: at height %d of %d", wallet.ErrScanning, s.At, s.Tip)
	}
	return nil
}

func (v *Vault) settle(ctx context.Context, wait func(wallet.Status) error) error {
	tip := v.cfg.Chain.Tip()
	for {
		if at := v.cfg.Chain.AtHeight(tip.Height); at == nil || at.Hash != tip.Hash {
			tip = v.cfg.Chain.Tip() // reorganised away meanwhile
		}
		v.mu.Lock()
		there := v.books == nil || passed(tip, v.books.Cursor()) && !v.searching()
		moved := v.moved
		v.mu.Unlock()
		if there {
			return nil
		}
		if err := wait(v.Status()); err != nil {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		case <-v.stopped:
			return chain.ErrShutdown
		}
	}
}

// searching says whether answers are to wait for the reader, which is about to
// find what belongs to us. Called with mu held.
func (v *Vault) searching() bool {
	if due := v.books.Due(); due >= 0 {
		return v.books.Cursor().Height-due <= longScan
	}
	return v.poolDue
}

// passed says whether block n is at or before cursor on its chain.
func passed(n, cursor *chain.HeaderNode) bool {
	a := cursor.Ancestor(n.Height)
	return a != nil && a.Hash == n.Hash
}

// ready is how every call begins: there is a wallet, and it stands at the tip.
func (v *Vault) ready(ctx context.Context) error {
	if !v.Exists() {
		if !selfMade(v.cfg.Params) {
			return wallet.ErrNoWallet
		}
		if _, err := v.Create(ctx, ""); err != nil && !errors.Is(err, wallet.ErrExists) {
			return err
		}
	}
	return v.settle(ctx, patience)
}

// announce wakes whoever waits for the books to move. Called with mu held.
func (v *Vault) announce() {
	close(v.moved)
	v.moved = make(chan struct{})
}
