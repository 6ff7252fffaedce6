package mempool

import (
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/mempool/estimate"
	"grapevine/chain/policy"
)

// Config is what a Pool needs.
type Config struct {
	Params    *chain.Params
	View      func() View // the coin set now; called for each validation
	Script    Scripts
	MaxBytes  int64         // memory; 0: defaultMaxBytes
	Expiry    time.Duration // of what no block takes; 0: defaultExpiry
	Rules     policy.Rules  // zero: policy.Core31
	ByScript  bool          // keep who pays and who spends from each script
	Now       func() time.Time
	Stopwatch func() time.Time // for what scripts take; nil: not measured
	Log       *slog.Logger     // nil discards
}

// Pool is the set of unconfirmed transactions [CTxMemPool].
type Pool struct {
	cfg    Config
	lowFee lowFeeParents // of Restore; the writer's, as is cost:
	cost   time.Duration // of the scripts that the last Add ran

	mu       sync.RWMutex // for writing held by the writer alone, never during I/O or scripts
	graph    *graph
	floor    floor
	fees     *estimate.Estimator
	tip      *chain.HeaderNode
	nextSeq  int64     // of the next to enter; grows
	oldest   time.Time // nothing in the pool came before it; zero: the pool was never searched
	lastSeq  int64     // of the next batch that a reorganisation gives back ends here; sinks
	changes  uint64    // how often the set changed
	repriced uint64    // how often what one of it counts as paying changed

	unbroadcast map[chain.Hash]bool           // txids of the pool
	deltas      map[chain.Hash]btcutil.Amount // see Prioritise; as many as who has the password names
}

// New makes an empty pool that stands at the tip of Config.View.
func New(cfg Config) *Pool {
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = defaultMaxBytes
	}
	if cfg.Rules == (policy.Rules{}) {
		cfg.Rules = policy.Core31()
	}
	if cfg.Expiry == 0 {
		cfg.Expiry = defaultExpiry
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	tip := cfg.View().Tip()
	return &Pool{
		cfg: cfg, graph: newGraph(), floor: floor{step: cfg.Rules.Increment}, tip: tip,
		fees:        estimate.New(max(cfg.Rules.LowestEstimate, 1), tip.Height),
		unbroadcast: map[chain.Hash]bool{}, deltas: map[chain.Hash]btcutil.Amount{},
	}
}

// Add checks a transaction and keeps it if it is good. The error is
// *chain.RuleError, *chain.PolicyError, *chain.MissingError, or our own fault.
// The delta counts even with an error: a transaction that does not fit a full
// pool may have pushed others out before it fell itself. With a child may come
// in the parent that was refused for its fee before.
//
// Only the writer may call it [AcceptToMemoryPool].
func (p *Pool) Add(tx *chain.Tx) (chain.PoolDelta, error) { return p.add(tx, p.cfg.Now()) }

// Cost is what the scripts took that the last Add ran, by Config.Stopwatch; 0
// if it was decided without. Only the writer may ask.
func (p *Pool) Cost() time.Duration { return p.cost }

// add is Add for a transaction that has been waiting since then.
func (p *Pool) add(tx *chain.Tx, since time.Time) (chain.PoolDelta, error) {
	p.cost = 0
	d, err := p.scene(p.writing(alone())).check(tx)
	if err != nil {
		return chain.PoolDelta{}, err
	}
	d.entry.Time = since
	return p.enter(d)
}

// enter puts a transaction in, and out what there is no room for then [addUnchecked].
func (p *Pool) enter(d *draft) (chain.PoolDelta, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var c change
	p.put([]*draft{d}, true, &c)
	p.expire(&c)
	p.shrink(&c)
	if !p.graph.holds(d.entry) {
		return c.delta(), refused(policy.ErrPoolFull)
	}
	return c.delta(), nil
}

// put puts transactions in, parents first, in the place of what they conflict
// with. alone says that they came by themselves, so that how long they wait tells what
// their fees are worth. Pool.mu is held for writing, here and below.
func (p *Pool) put(drafts []*draft, alone bool, c *change) {
	for _, d := range drafts {
		for _, other := range d.conflicts {
			if p.graph.holds(other) { // not gone with another of them
				p.drop(other, chain.GoneReplaced, c)
			}
		}
	}
	for _, d := range drafts {
		p.lowFee.forget(d.tx.ID)
		d.entry.Seq = p.nextSeq
		p.nextSeq++
		p.admit(d.entry, c)
		if alone && len(d.entry.Parents) == 0 {
			p.fees.Came(d.tx.ID, policy.RateOf(d.fee, d.vsize), d.entry.Height)
		}
	}
}

// admit puts an entry in.
func (p *Pool) admit(e *entry, c *change) {
	p.graph.insert(e)
	p.changes++
	e.came = p.changes
	if e.Time.Before(p.oldest) {
		p.oldest = e.Time
	}
	c.in = append(c.in, e)
}

// drop takes an entry out with all that build on it, the last ones first [removeRecursive].
func (p *Pool) drop(e *entry, why chain.Gone, c *change) {
	below := descendants(e)
	sortLastFirst(below)
	for _, d := range append(below, e) {
		p.release(d, why, c)
	}
}

// release takes out an entry that has no ancestors or no descendants left.
func (p *Pool) release(e *entry, why chain.Gone, c *change) {
	p.graph.Remove(e)
	if p.unbroadcast[e.Tx.ID] {
		delete(p.unbroadcast, e.Tx.ID)
		p.cfg.Log.Debug("own transaction left before anybody asked for it", "txid", e.Tx.ID)
	}
	p.changes++
	if why != chain.GoneConfirmed {
		p.fees.Left(e.Tx.ID)
	}
	c.out = append(c.out, departure{e, why, p.changes})
}

// shrink evicts until the pool fits its memory. What goes raises the floor
// above what it paid, so that it does not come back while there is no room
// [TrimToSize, LimitMempoolSize, trackPackageRemoved].
func (p *Pool) shrink(c *change) {
	before, highest := len(c.out), policy.FeeRate(0)
	for p.graph.Usage() > p.cfg.MaxBytes {
		first := p.graph.worst()
		rate := policy.RateOf(first.Desc.Fees, first.Desc.Size) + p.cfg.Rules.Increment
		highest = max(highest, rate)
		p.floor.raise(rate, p.cfg.Now())
		p.drop(first, chain.GoneEvicted, c)
	}
	if gone := len(c.out) - before; gone > 0 {
		p.cfg.Log.Debug("pool was full", "removed", gone, "rate", highest)
	}
}

// expire drops what has waited too long for a block [Expire, mempoolexpiry].
func (p *Pool) expire(c *change) {
	limit := p.cfg.Now().Add(-p.cfg.Expiry)
	if !p.oldest.Before(limit) {
		return
	}
	before := len(c.out)
	p.oldest = p.cfg.Now()
	var old []*entry
	for e := range p.graph.All() {
		if e.Time.Before(limit) {
			old = append(old, e)
		} else if e.Time.Before(p.oldest) {
			p.oldest = e.Time
		}
	}
	slices.SortFunc(old, bySeq)
	for _, e := range old {
		if p.graph.holds(e) { // not gone with its parent
			p.drop(e, chain.GoneEvicted, c)
		}
	}
	if gone := len(c.out) - before; gone > 0 {
		p.cfg.Log.Debug("transactions waited too long", "removed", gone)
	}
}

// full is the share of the pool's memory that is in use.
func (p *Pool) full() float64 { return float64(p.graph.Usage()) / float64(p.cfg.MaxBytes) }

func (p *Pool) floorNow() policy.FeeRate {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.floor.at(p.cfg.Now(), p.full())
}

// change collects what one Add or Apply does.
type change struct {
	in  []*entry
	out []departure
}

type departure struct {
	*entry
	why chain.Gone
	at  uint64 // of the pool's changes
}

// delta is the change seen from outside: what came and went again did neither.
func (c *change) delta() chain.PoolDelta {
	passed := map[*entry]bool{} // true: came; then false: and went
	for _, e := range c.in {
		passed[e] = true
	}
	var d chain.PoolDelta
	for _, gone := range c.out {
		if _, came := passed[gone.entry]; came {
			passed[gone.entry] = false
			continue
		}
		d.Out = append(d.Out, chain.PoolGone{Tx: gone.Tx, Why: gone.why, Sequence: gone.at, Scripts: gone.Scripts})
	}
	for _, e := range c.in {
		if passed[e] {
			d.In = append(d.In, chain.PoolTx{Tx: e.Tx, Fee: e.Fee, Sequence: e.came, Returned: e.Returned, Scripts: e.Scripts})
		}
	}
	return d
}
