package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/coins"
	"grapevine/chain/connect"
	"grapevine/chain/history"
	"grapevine/chain/script"
	"grapevine/db"
)

// Name and Schema are the kind and version of the chain file, for db.Open.
const (
	Name = "chain"
	// Schema 2: the coins may be at another place, where they came as a snapshot; 3: long bodies are in pieces.
	Schema uint32 = 3
)

// Older are the versions that are read too.
func Older() []uint32 { return []uint32{1, 2} }

// ErrNotFound: a block, or what belongs to it, that is not stored.
var ErrNotFound = errors.New("block not found")

// Config of a Ledger.
type Config struct {
	DB          *db.DB
	Params      *chain.Params
	Script      *script.Checker
	DBCache     int64 // bytes of coins in memory; 0: DefaultDBCache
	TxIndex     bool  // keep where each transaction is
	FilterIndex bool  // keep BIP157's basic filters
	// CoinStatsIndex keeps the coin set's hash and amounts at every block. It
	// costs about a tenth of a block's signatures.
	CoinStatsIndex bool
	AddressIndex   bool // keep the history of each script
	// AssumeValid is a block whose ancestors' scripts are not checked once it is
	// deep in the best chain; nil: all are.
	AssumeValid *chain.Hash
	// BodiesApart does not mark the header of a body that breaks a rule by itself, as Core
	// does not: it is asked for again, from others.
	BodiesApart bool
	Workers     int // goroutines that check; 0: as many as Go's processors
	Prune       Prune
	Rebuild     Rebuild // what Open begins to make anew
	// RefuseFuture: a tip whose time is further ahead of Now than any block's may be ends Open
	// with ErrFromFuture.
	RefuseFuture bool
	// NeedWitnesses: blocks that came before segwit held where it does now end Open with a
	// *BareError.
	NeedWitnesses bool
	// StopAt is a height above which nothing is connected any more once a block of at
	// least that height was; 0: none [-stopatheight].
	StopAt int32
	Now    func() time.Time
	Log    *slog.Logger // nil discards

	moveBytes int64            // 0: the constant; tests make it small
	sampling  history.Sampling // zero: the usual one
}

// kept are the indexes that are to be kept.
func (c *Config) kept() archive.Indexes {
	return archive.Indexes{Txs: c.TxIndex, Filters: c.FilterIndex, Stats: c.CoinStatsIndex, Scripts: c.AddressIndex}
}

// Ledger is the record. Its reading methods may be called by any goroutine, at
// any time after Open.
type Ledger struct {
	cfg      Config
	archive  *archive.Archive
	set      *coins.Set
	tree     *tree
	inbox    *inbox
	events   chan Event
	rebuilt  chan struct{}
	indexed  atomic.Int32 // up to which height all indexes reach; -1: to the tip
	digests  digests
	tried    tried
	verifies chan struct{} // holds the right to verify blocks: each takes the memory of a move

	loading  atomic.Bool   // a snapshot is being loaded
	cleared  chan struct{} // closed once what an interrupted loading left has gone
	unproven chan struct{} // capacity 1: a snapshot is to be proven
	bodyCame chan struct{} // capacity 1: for the proof
}

// Open reads the headers and where the coins stand. Blocks that are stored but
// were not yet on disk as coins when the node last ended are connected by Run.
func Open(c Config) (*Ledger, error) {
	if c.DBCache <= 0 {
		c.DBCache = DefaultDBCache
	}
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.moveBytes == 0 {
		c.moveBytes = moveBytes
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	l := &Ledger{cfg: c, tree: newTree(c.Params.Genesis()), inbox: newInbox(), events: make(chan Event, eventsAhead), rebuilt: make(chan struct{}),
		cleared: make(chan struct{}), unproven: make(chan struct{}, 1), bodyCame: make(chan struct{}, 1), verifies: make(chan struct{}, 1)}
	l.archive = archive.Open(c.DB, l.inbox.poke)
	l.archive.Node = l.tree.Numbered
	if c.sampling != (history.Sampling{}) {
		l.archive.Sampling = c.sampling
	}
	if err := l.load(); err != nil {
		return nil, fmt.Errorf("open the ledger in %s: %w", c.DB.Path(), err)
	}
	if c.Rebuild == RebuildNothing {
		close(l.rebuilt)
	}
	return l, nil
}

// Run validates, connects and writes until ctx ends; then it writes what is left
// and returns when all its goroutines have ended:
//
//	writer      the caller's: the tree, the tip, the pipeline
//	workers     Config.Workers of them: decoding and checks
//	proof       connects what is below a snapshot, if one was loaded
//	committer   every write to the file
func (l *Ledger) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		err := l.archive.Run(stop)
		cancel() // only matters when writing failed
		ended <- err
	}()
	err := l.write(ctx)
	close(stop)
	err = errors.Join(err, <-ended)
	if errors.Is(err, ErrFalseSnapshot) {
		err = errors.Join(err, l.discard())
	}
	return err
}

// write runs the writer and leaves everything frozen for the committer's last
// commit.
func (l *Ledger) write(ctx context.Context) error {
	err := l.archive.ClearWaste()
	close(l.cleared)
	if err == nil {
		err = l.catchUp(ctx)
	}
	if err != nil {
		new(writer).refuseAll(l.inbox.close())
		return err
	}
	w := newWriter(l)
	w.workers = connect.StartWorkers(l.cfg.Workers)
	proving, stop := context.WithCancel(ctx)
	var proof sync.WaitGroup
	proof.Go(func() { l.prove(proving, w.workers) })
	err = w.run(ctx)
	stop()
	proof.Wait()
	w.workers.Close()
	w.refuseAll(l.inbox.close())
	if err != nil {
		return err
	}
	// The flush under way has to end before the last one can begin.
	if err := l.archive.Sync(context.WithoutCancel(ctx)); err != nil {
		return nil // the committer itself reports why
	}
	if w.flush.blocks > 0 {
		w.freeze()
	}
	return nil
}

// refuseAll answers those who wait for a command that will not be carried out.
func (w *writer) refuseAll(left []any) {
	for _, item := range left {
		switch m := item.(type) {
		case *command:
			w.commands = append(w.commands, m)
		case flushMsg:
			w.flush.wanted = append(w.flush.wanted, m)
		case *pruneCommand:
			w.prune.asked = append(w.prune.asked, m)
		case *activation:
			w.activation = m
		}
	}
	if w.activation != nil {
		w.activation.done <- chain.ErrShutdown
	}
	for _, c := range w.prune.asked {
		c.done <- chain.ErrShutdown
	}
	for _, c := range w.commands {
		c.reply <- reply{err: chain.ErrShutdown}
	}
	for _, done := range append(w.flush.wanted, w.flush.waiting...) {
		done <- chain.ErrShutdown
	}
}

// Events are to be taken by one follower, all of them and in order: the writer
// waits when it is too far ahead of it.
func (l *Ledger) Events() <-chan Event { return l.events }

// AddHeaders takes good headers, parents first. It never blocks [ProcessNewBlockHeaders].
func (l *Ledger) AddHeaders(nodes []*chain.HeaderNode) { l.inbox.put(headersMsg(nodes)) }

// Submit takes the body of a good header. It never blocks; callers bound what
// they submit before verdicts come back. It is answered by one Verdict, unless
// Run ends before.
func (l *Ledger) Submit(node *chain.HeaderNode, b *chain.Block, from uint64) {
	l.inbox.put(submitMsg{node, b, from})
}
