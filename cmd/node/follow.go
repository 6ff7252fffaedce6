package node

import (
	"context"
	"errors"
	"sync"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/electrum"
	"grapevine/cmd/rpc/notify"
	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/swarm"
	"grapevine/wallet/loader"
)

// follower is the one goroutine that writes the pool and hands every move on
// in its right order [CValidationInterface]: pool and wallet have followed a Delta before its
// verdicts reach gossip, and through gossip whoever waits for an answer [ValidationInterface, MainSignals].
type follower struct {
	ledger   *ledger.Ledger
	pool     *mempool.Pool
	wallet   *loader.Wallets // nil without a wallet
	swarm    *swarm.Swarm
	zmq      *notify.Publisher // nil tells nobody
	electrum *electrum.Server  // likewise
	stopAt   int32             // the height at which stop is called; 0: none
	stop     func()
	commands *commands // nil runs none

	txs   chan p2p.ValidateTx // capacity is gossip's credits: the swarm never waits here
	queue txQueue             // taken from txs
	kept  chan kept           // from before a restart
	packs chan pack           // of our own
	turns chan func()         // to be done between what is at hand and the next
	heard chan struct{}       // capacity 1: a transaction entered, for mining on demand
	floor int64               // of the pool's fee rates, as gossip was told
	tips  *tipLog             // nil tells nothing
	warn  *warnings           // nil warns of nothing

	mu    sync.Mutex
	seq   uint64        // of the last ledger event that everybody has followed
	moved chan struct{} // closed and replaced when seq grows
}

func newFollower() *follower {
	return &follower{
		txs:   make(chan p2p.ValidateTx, gossip.MaxTxsValidating),
		kept:  make(chan kept),
		packs: make(chan pack),
		turns: make(chan func()),
		heard: make(chan struct{}, 1),
		moved: make(chan struct{}),
	}
}

// Run hands on until ctx ends.
func (f *follower) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := f.await(ctx)
		if err == nil {
			err = f.validateOne(ctx)
		}
		// A room that has stopped before us hears nothing more; all else is our fault.
		if err != nil && !errors.Is(err, chain.ErrShutdown) && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// await follows one event; while transactions wait to be validated it need not.
func (f *follower) await(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-f.queue.waiting():
	case ev := <-f.ledger.Events():
		return f.onLedger(ctx, ev)
	case j := <-f.txs:
		f.queue.add(j)
	case k := <-f.kept:
		return f.onKept(ctx, k)
	case k := <-f.packs:
		return f.onPackage(ctx, k)
	case do := <-f.turns:
		do()
	}
	return nil
}

func (f *follower) onLedger(ctx context.Context, ev ledger.Event) error {
	var evs []gossip.Event
	var errs error
	back := 0 // transactions that the pool has again
	if ev.Delta != nil {
		pd := f.pool.Apply(*ev.Delta)
		errs = f.tellWallet(ctx, *ev.Delta, pd)
		f.zmq.Moved(*ev.Delta, pd, f.syncing())
		f.electrum.Moved(*ev.Delta, pd)
		evs, back = poolEvents(evs, pd), len(pd.In)
	}
	soon := f.warnings(ev)
	if ev.Delta != nil && f.tips != nil {
		f.tips.moved(*ev.Delta, back, soon)
	}
	for _, n := range ev.Lost {
		evs = append(evs, gossip.BodyLost{Node: n})
	}
	for _, n := range ev.Stored {
		evs = append(evs, gossip.BodyStored{Node: n})
	}
	if len(ev.Pruned) > 0 { // or they were never here, below a snapshot
		evs = append(evs, gossip.BodiesPruned{Nodes: ev.Pruned})
	}
	if ev.Delta != nil {
		evs = append(evs, gossip.TipChanged{Tip: ev.Delta.Tip})
		evs = f.minFee(evs)
	}
	for _, bad := range ev.Invalid {
		evs = append(evs, gossip.HeaderInvalid(bad))
	}
	for _, n := range ev.Valid {
		evs = append(evs, gossip.HeaderValid{Node: n})
	}
	for _, v := range ev.Verdicts {
		evs = append(evs, gossip.BlockVerdict{Node: v.Node, Err: v.Err})
	}
	errs = errors.Join(errs, f.swarm.Deliver(ctx, evs...))
	if ev.Delta != nil {
		f.commands.moved(ev.Delta.Tip.Hash)
	}
	f.reached(ev.Seq)
	if ev.Delta != nil && f.stopAt > 0 && len(ev.Delta.Connected) > 0 && ev.Delta.Tip.Height >= f.stopAt {
		errs = errors.Join(errs, f.swarm.Settle(ctx)) // who waits for this block has its verdict first
		f.stop()
	}
	return errs
}

// warnings warns of what an event shows.
func (f *follower) warnings(ev ledger.Event) (soon string) {
	if f.warn == nil || ev.Delta == nil && len(ev.Invalid)+len(ev.Valid) == 0 {
		return ""
	}
	return f.warn.follow(ev, func() bool { return f.swarm.Status().Syncing })
}

// validateOne validates the next transaction, if one waits. The verdict says what its
// scripts cost, so that gossip can charge who sent it.
func (f *follower) validateOne(ctx context.Context) error {
	f.collect()
	j, ok := f.queue.next()
	if !ok {
		return nil
	}
	var pd chain.PoolDelta
	var parent, verdict error
	if j.Parent != nil {
		pd, parent, verdict = f.pool.AddWithParent(j.Tx, j.Parent)
	} else {
		pd, verdict = f.pool.Add(j.Tx)
	}
	if ours(verdict) {
		return verdict
	}
	if verdict == nil && j.Peer == p2p.Self {
		f.pool.MarkUnbroadcast(j.Tx.ID)
	}
	return f.onPool(ctx, pd, gossip.TxVerdict{Tx: j.Tx, Err: verdict, Cost: f.pool.Cost(), ParentErr: parent})
}

// collect takes what has been asked for: an own one may be among it.
func (f *follower) collect() {
	for {
		select {
		case j := <-f.txs:
			f.queue.add(j)
		default:
			return
		}
	}
}

// txQueue holds the transactions that wait for the pool; our own, which somebody
// waits for, go before everybody's, however slow those are to validate.
type txQueue struct{ own, others []p2p.ValidateTx }

func (q *txQueue) add(j p2p.ValidateTx) {
	if j.Peer == p2p.Self {
		q.own = append(q.own, j)
	} else {
		q.others = append(q.others, j)
	}
}

func (q *txQueue) next() (j p2p.ValidateTx, ok bool) {
	list := &q.own
	if len(*list) == 0 {
		list = &q.others
	}
	if len(*list) == 0 {
		return j, false
	}
	j, *list = (*list)[0], (*list)[1:]
	if len(*list) == 0 {
		*list = nil
	}
	return j, true
}

// waiting is ready to receive from while a transaction waits.
func (q *txQueue) waiting() <-chan struct{} {
	if len(q.own)+len(q.others) == 0 {
		return nil
	}
	ready := make(chan struct{})
	close(ready)
	return ready
}

// onPool tells of what a transaction has changed, and then its verdict.
func (f *follower) onPool(ctx context.Context, pd chain.PoolDelta, verdict ...gossip.Event) error {
	err := f.tellWallet(ctx, chain.Delta{}, pd)
	f.zmq.Pool(pd)
	f.electrum.Pool(pd)
	if len(pd.In) > 0 {
		select {
		case f.heard <- struct{}{}:
		default: // one is waiting already
		}
	}
	return errors.Join(err, f.swarm.Deliver(ctx, append(f.minFee(poolEvents(nil, pd)), verdict...)...))
}

// minFee tells gossip when the pool asks for other fees than before, so that
// peers do not announce what it would refuse.
func (f *follower) minFee(evs []gossip.Event) []gossip.Event {
	rate := int64(f.pool.MinFee())
	if rate == f.floor {
		return evs
	}
	f.floor = rate
	return append(evs, gossip.MinFeeChanged{Rate: rate})
}

// kept is a transaction from before a restart on its way to the pool.
type kept struct {
	mempool.Kept
	fresh   bool
	verdict chan<- error // capacity 1
}

// restore gives the pool a transaction and waits for its verdict.
func (f *follower) restore(ctx context.Context, tx mempool.Kept, fresh bool) error {
	verdict := make(chan error, 1)
	select {
	case f.kept <- kept{tx, fresh, verdict}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-verdict:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *follower) onKept(ctx context.Context, k kept) error {
	add := f.pool.Restore
	if k.fresh {
		add = func(k mempool.Kept) (chain.PoolDelta, error) { return f.pool.Add(k.Tx) }
	}
	pd, verdict := add(k.Kept)
	if ours(verdict) {
		return verdict
	}
	err := f.onPool(ctx, pd)
	k.verdict <- verdict
	return err
}

// pack is a package of our own on its way to the pool. It does not pass gossip,
// which validates one transaction at a time; what enters is announced as any other.
type pack struct {
	txs     []*chain.Tx
	maxRate policy.FeeRate
	result  chan<- mempool.PackageResult // capacity 1
}

// submitPackage gives the pool a child with its parents and waits until pool and
// wallet have taken what is good.
func (f *follower) submitPackage(ctx context.Context, txs []*chain.Tx, maxRate policy.FeeRate) (mempool.PackageResult, error) {
	result := make(chan mempool.PackageResult, 1)
	select {
	case f.packs <- pack{txs, maxRate, result}:
	case <-ctx.Done():
		return mempool.PackageResult{}, ctx.Err()
	}
	select {
	case r := <-result:
		return r, nil
	case <-ctx.Done():
		return mempool.PackageResult{}, ctx.Err()
	}
}

func (f *follower) onPackage(ctx context.Context, k pack) error {
	r, pd, err := f.pool.AddPackage(k.txs, k.maxRate)
	if err == nil {
		err = f.onPool(ctx, pd)
	}
	k.result <- r
	return err
}

// syncing says whether the node catches up with the chain.
func (f *follower) syncing() bool { return f.zmq != nil && f.swarm.Status().Syncing }

func (f *follower) tellWallet(ctx context.Context, d chain.Delta, pd chain.PoolDelta) error {
	if f.wallet == nil {
		return nil
	}
	return f.wallet.Apply(ctx, d, pd)
}

func poolEvents(evs []gossip.Event, pd chain.PoolDelta) []gossip.Event {
	for _, out := range pd.Out {
		evs = append(evs, gossip.TxOut{PoolGone: out})
	}
	for _, in := range pd.In {
		evs = append(evs, gossip.TxIn{PoolTx: in})
	}
	return evs
}

// ours reports an error that says nothing about the transaction.
func ours(err error) bool { return err != nil && !chain.IsVerdict(err) }

func (f *follower) reached(seq uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq = seq
	close(f.moved)
	f.moved = make(chan struct{})
}

// Moved gives a channel that is closed when pool and wallet have next followed
// the ledger.
func (f *follower) Moved() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.moved
}

// settle waits until pool and wallet have followed the ledger event seq.
func (f *follower) settle(ctx context.Context, seq uint64) error {
	for {
		f.mu.Lock()
		at, moved := f.seq, f.moved
		f.mu.Unlock()
		if at >= seq {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// sync waits until pool, wallet and indexes have followed what has happened so far
// [SyncWithValidationInterfaceQueue].
func (f *follower) sync(ctx context.Context) error {
	seq, err := f.ledger.LastEvent(ctx)
	if err == nil {
		err = f.settle(ctx, seq)
	}
	if err != nil {
		return err
	}
	return f.between(ctx, func() {}) // the pool's moves have been told too
}

// between has the writer do something between two of its steps, and waits until it is done.
func (f *follower) between(ctx context.Context, do func()) error {
	done := make(chan struct{})
	select {
	case f.turns <- func() { do(); close(done) }:
	case <-ctx.Done():
		return ctx.Err()
	}
	<-done // the writer has begun it, and it waits for nobody
	return nil
}

// prioritise adds to what a transaction counts as paying.
func (f *follower) prioritise(ctx context.Context, txid chain.Hash, more btcutil.Amount) error {
	return f.between(ctx, func() { f.pool.Prioritise(txid, more) })
}
