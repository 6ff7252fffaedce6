package service

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
	"grapevine/wallet/crypter"
	"grapevine/wallet/state"
)

// Chain is what the wallet asks of the ledger.
type Chain interface {
	Tip() *chain.HeaderNode
	// AtHeight is the active chain's header at h, nil above the tip.
	AtHeight(h int32) *chain.HeaderNode
	Block(hash chain.Hash) (*chain.Block, error)
}

// Config of a Service. DB, Params, Chain, Submit, Rand and Now are needed.
// News is a payment that the pool has taken, or that is in a block.
type News struct {
	Wallet    string // its name
	ID, Block chain.Hash
	Height    int32 // less than 0: in no block
}

type Config struct {
	DB      *db.DB                            // wallet.db; the caller opens it and closes it after Run has returned
	Reopen  func(path string) (*db.DB, error) // opens a file in its place; nil: OpenFile
	Stretch crypter.Params                    // cost of a passphrase; zero: crypter.Default
	Params  *chain.Params
	Chain   Chain
	// Submit gives the node a transaction, as SubmitTx of a swarm does. It must have called Apply with what the
	// pool took before it returns.
	Submit func(ctx context.Context, tx *chain.Tx) error
	// Pool is what waits for a block, parents first; nil: nothing. A restored
	// wallet asks for it, for it has not heard of what entered before.
	Pool func() []*chain.Tx
	Rand io.Reader
	Now  func() time.Time
	Log  *slog.Logger
	// EstimateFee is for confirmation in target blocks, by the latest that is known or
	// (conservative) by more of it; may be nil.
	EstimateFee func(target int, conservative bool) (r policy.FeeRate, ok bool)
	Relay       Relay // the pool; nil: nothing is known of it
	// News is told of a payment that the pool takes (height less than 0), and when it is
	// first in a block. It must not wait and must not call the wallet; nil: nobody wants it.
	News func(News)
	// Habits are how the wallets spend; zero: Core's. A Fallback of 0 is 20 sat/vB on
	// regtest, elsewhere none.
	Habits    wallet.Habits
	Lookahead uint32 // scripts of each row watched past the last one handed out [-keypool]; 0: wallet.Lookahead

	// Filter is a block's basic filter (BIP158), by which old blocks are passed over
	// that hold nothing of a wallet's; false: it is not there. Nil: there are none.
	Filter func(chain.Hash) (filter []byte, ok bool, err error)

	AddressKind wallet.Kind  // of addresses where nobody names one [-addresstype]
	ChangeKind  *wallet.Kind // of change [-changetype]; nil: it hides among what is paid
}

func (c *Config) stretch() crypter.Params {
	if c.Stretch == (crypter.Params{}) {
		return crypter.Default()
	}
	return c.Stretch
}

func (c *Config) settings() state.Settings {
	return state.Settings{Params: c.Params, Lookahead: c.Lookahead, Kind: c.AddressKind, Change: c.ChangeKind, NoFresh: c.Habits.NoFresh}
}

// regtestFeeRate is the fallback where there is no fee market: 0.0002 BTC per kvB.
const regtestFeeRate = policy.FeeRate(20_000)

// Service is the wallet of one node. Its methods may be called by several
// goroutines at once.
type Service struct {
	cfg    Config
	tables tables

	fileMu   sync.Mutex // the file's single writer; locked before mu
	adrift   bool       // the file was closed to be replaced, and could not be opened again; guarded by fileMu
	rescan   sync.Mutex // one Rescan at a time
	unlockMu sync.Mutex // one passphrase at a time is tried; locked before fileMu
	wrong    int        // passphrases in a row; guarded by unlockMu
	sendMu   sync.Mutex // one transaction at a time chooses coins; locked before fileMu

	mu        sync.Mutex
	state     *state.State   // nil: no wallet yet
	moved     chan struct{}  // closed and replaced when the state has followed something
	going     *scan          // a Rescan that is under way; nil: none
	ending    bool           // Run is about to end: no other Rescan begins
	scripts   [][]byte       // those of state, for filters
	scriptsAt uint64         // what state.Watched was then
	scanning  bool           // the reader is on its way through old blocks
	awaiting  bool           // it waits for one that has not come yet
	scanBegan time.Time      // when it set out
	poolDue   bool           // the state is to look at the whole pool before it answers
	poolStale bool           // it is to look at the pool when it has read the blocks that it reads
	asked     bool           // somebody made it by name; it did not make itself
	homeless  bool           // an own transaction is neither in the pool nor in a block
	pay       policy.FeeRate // see SetPayRate

	resent     bool // all that waits for a block was submitted since the start; the resubmitter's
	opened     time.Time
	nextResend time.Time // see Resend

	behind  chan struct{} // capacity 1: the state has lost touch with the chain
	soon    chan struct{} // capacity 1: something is to be written soon
	late    chan struct{} // capacity 1: something is to be written that the chain could tell again
	open    chan opened   // capacity 1: the wallet was unlocked
	begun   chan struct{} // capacity 1: a wallet is new, and has not all its scripts
	stirred chan struct{} // capacity 1: the chain has moved, and something is homeless
	stopped chan struct{} // closed when Run has ended
}

// Open reads the wallet in cfg.DB; there may be none yet.
func Open(cfg Config) (*Service, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Lookahead == 0 {
		cfg.Lookahead = wallet.Lookahead
	}
	if cfg.Habits == (wallet.Habits{}) {
		cfg.Habits = wallet.DefaultHabits()
	}
	switch h := &cfg.Habits; {
	case h.Fallback == 0 && cfg.Params.Local():
		h.Fallback = regtestFeeRate
	case h.Fallback == wallet.NoFallback:
		h.Fallback = 0
	}
	s := &Service{
		cfg: cfg, tables: newTables(), opened: cfg.Now(), pay: cfg.Habits.Pay,
		moved:   make(chan struct{}),
		behind:  make(chan struct{}, 1),
		soon:    make(chan struct{}, 1),
		late:    make(chan struct{}, 1),
		open:    make(chan opened, 1),
		begun:   make(chan struct{}, 1),
		stirred: make(chan struct{}, 1),
		stopped: make(chan struct{}),
	}
	var err error
	s.state, err = s.load()
	if s.state != nil && s.state.Dirty() {
		s.dirtied(false)
	}
	return s, err
}

// Run follows the chain until ctx ends: it reads blocks that the wallet
// missed, writes what Apply changed, and submits own transactions again.
func (s *Service) Run(ctx context.Context) error {
	defer close(s.stopped)
	s.lost()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.read(ctx) })
	g.Go(func() error { return s.save(ctx) })
	g.Go(func() error { return s.resubmit(ctx) })
	g.Go(func() error { return s.fill(ctx) })
	g.Go(func() error { return s.relock(ctx) })
	err := g.Wait()
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	s.AbortRescan() // before its file is closed
	s.rescan.Lock()
	defer s.rescan.Unlock()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	err = errors.Join(err, s.flush())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != nil {
		err = errors.Join(err, s.state.LockWallet(s.cfg.Rand))
	}
	return err
}

// Exists says whether there is a wallet. On regtest one makes itself at first use.
func (s *Service) Exists() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state != nil
}

// Status says how far the wallet has followed.
func (s *Service) Status() wallet.Status {
	status := wallet.Status{Tip: s.cfg.Chain.Tip().Height, Reread: state.Nowhere}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != nil {
		status.Exists, status.Scanning, status.Awaiting = true, s.scanning, s.awaiting
		status.At, status.Txs, status.Reread = s.state.At().Height, s.state.Count(), s.state.Due()
		status.Scan = s.progress(status)
	}
	return status
}

// Settle waits until the wallet stands at the tip seen when the call began;
// progress (may be nil) hears of each step of the way [BlockUntilSyncedToCurrentChain].
func (s *Service) Settle(ctx context.Context, progress func(wallet.Status)) error {
	return s.settle(ctx, func(s wallet.Status) error {
		if progress != nil {
			progress(s)
		}
		return nil
	})
}

// longScan is how many missing blocks are too many for a call to wait for.
const longScan = 1000

// patience lets a call wait for a few blocks, not for a long scan, nor for blocks that have yet to come.
func patience(s wallet.Status) error {
	if s.Scanning && s.Tip-s.At > longScan || s.Awaiting {
		return fmt.Errorf("%w: at height %d of %d", wallet.ErrScanning, s.At, s.Tip)
	}
	return nil
}

func (s *Service) settle(ctx context.Context, wait func(wallet.Status) error) error {
	tip := s.cfg.Chain.Tip()
	for {
		if at := s.cfg.Chain.AtHeight(tip.Height); at == nil || at.Hash != tip.Hash {
			tip = s.cfg.Chain.Tip() // reorganised away meanwhile
		}
		s.mu.Lock()
		there := s.state == nil || passed(tip, s.state.At()) && !s.searching()
		moved := s.moved
		s.mu.Unlock()
		if there {
			return nil
		}
		if err := wait(s.Status()); err != nil {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.stopped:
			return chain.ErrShutdown
		}
	}
}

// searching says whether answers are to wait for the reader, which is about to
// find what belongs to us. Called with mu held.
func (s *Service) searching() bool {
	if due := s.state.Due(); due >= 0 {
		return s.state.At().Height-due <= longScan
	}
	return s.poolDue
}

// passed says whether block n is at or before cursor on its chain.
func passed(n, cursor *chain.HeaderNode) bool {
	a := cursor.Ancestor(n.Height)
	return a != nil && a.Hash == n.Hash
}

// ready is how every call begins: there is a wallet, and it stands at the tip.
func (s *Service) ready(ctx context.Context) error {
	if !s.Exists() {
		if !s.cfg.Params.Local() {
			return wallet.ErrNoWallet
		}
		if _, err := s.Create(ctx, ""); err != nil && !errors.Is(err, wallet.ErrExists) {
			return err
		}
	}
	return s.settle(ctx, patience)
}

// announce wakes whoever waits for the state to move. Called with mu held.
func (s *Service) announce() {
	close(s.moved)
	s.moved = make(chan struct{})
}
