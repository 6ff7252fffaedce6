package mempool

import (
	"errors"
	"slices"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// PackageResult is the answer to AddPackage.
type PackageResult struct {
	// Err is why not all is in the pool now; nil: it is.
	Err error
	// Members are the transactions by their places; nil when none was checked.
	Members  []Member
	Replaced []chain.Hash // txids of what was in their places, in the order of bytes
}

// Member is what became of one transaction of a package.
type Member struct {
	Tx    *chain.Tx
	Err   error      // refused
	Other chain.Hash // the wtxid under which the pool has the same txid; zero: it has not
	VSize int
	Fee   btcutil.Amount
	// Rate is what counted for its entry, of all in Together (wtxids), itself
	// among them; nil: it was in the pool before.
	Rate     policy.FeeRate
	Together []chain.Hash
}

// parcel is a package on its way into the pool.
type parcel struct {
	pool    *Pool
	since   time.Time
	result  PackageResult
	change  change
	rest    []int // members that a package may yet bring in
	spoiled bool  // a member failed for good: the package is not tried
	fault   error // our own
}

// AddPackage checks a child and its parents, all of them unconfirmed parents of
// it, and keeps what is good: each alone if that will do, else together (Core:
// AcceptPackage). maxRate is what who submits it would pay at most; 0: any. An
// error is our own fault. The delta counts in every case.
//
// Only the writer may call it [ProcessNewPackage].
func (p *Pool) AddPackage(txs []*chain.Tx, maxRate policy.FeeRate) (PackageResult, chain.PoolDelta, error) {
	whole := checkList(txs)
	switch {
	case whole != nil:
	case !IsFamily(txs):
		whole = refused(policy.ErrPackageShape)
	case p.cfg.Rules.WholeFamilies:
		whole = p.checkParents(txs)
	}
	if whole != nil {
		return PackageResult{Err: whole}, chain.PoolDelta{}, nil
	}
	return p.addPackage(txs, maxRate, p.cfg.Now())
}

func (p *Pool) addPackage(txs []*chain.Tx, maxRate policy.FeeRate, since time.Time) (PackageResult, chain.PoolDelta, error) {
	a := &parcel{pool: p, since: since}
	a.result.Members = make([]Member, len(txs))
	for i, tx := range txs {
		a.result.Members[i].Tx = tx
		if !a.isHere(i) {
			a.addAlone(i, maxRate)
		}
	}
	if !a.spoiled && len(a.rest) > 0 {
		a.addTogether(maxRate)
	}
	a.finish()
	for _, gone := range a.change.out {
		if gone.why == chain.GoneReplaced {
			a.result.Replaced = append(a.result.Replaced, gone.Tx.ID)
		}
	}
	slices.SortFunc(a.result.Replaced, func(a, b chain.Hash) int { return slices.Compare(a[:], b[:]) })
	return a.result, a.change.delta(), a.fault
}

// isHere says whether the pool has a member, with whatever witness.
func (a *parcel) isHere(i int) bool {
	m := &a.result.Members[i]
	a.pool.mu.RLock()
	defer a.pool.mu.RUnlock()
	e := a.pool.graph.byTxID(m.Tx.ID)
	switch {
	case e == nil:
		return false
	case e.Tx.WID != m.Tx.WID:
		m.Other = e.Tx.WID
	default:
		m.VSize, m.Fee = e.VSize, e.Fee
	}
	return true
}

// addAlone tries a member by itself [AcceptSubPackage].
func (a *parcel) addAlone(i int, maxRate policy.FeeRate) {
	m := &a.result.Members[i]
	d, err := a.pool.scene(a.pool.writing(terms{replace: true, sibling: true, maxRate: maxRate})).check(m.Tx)
	switch {
	case err == nil:
		a.put([]*draft{d}, []int{i})
		return
	case !chain.IsVerdict(err):
		a.fault = errors.Join(a.fault, err)
		a.spoiled = true
	case policy.Reconsiderable(m.Tx, err), errors.Is(err, chain.ErrMissingCoin):
		a.rest = append(a.rest, i)
	default:
		a.spoiled = true
	}
	m.Err, a.result.Err = err, refused(policy.ErrPackageMember)
}

// addTogether tries those that did not enter alone, together.
func (a *parcel) addTogether(maxRate policy.FeeRate) {
	if len(a.rest) == 1 {
		a.addAlone(a.rest[0], maxRate)
		return
	}
	txs := make([]*chain.Tx, len(a.rest))
	for k, i := range a.rest {
		txs[k] = a.result.Members[i].Tx
	}
	b := a.pool.scene(a.pool.writing(terms{replace: true, packageRate: true, maxRate: maxRate})).checkAll(txs)
	switch {
	case b.whole != nil:
		a.result.Err = b.whole
	case b.err == nil:
		a.result.Err = nil
		a.put(b.drafts, a.rest)
	case !chain.IsVerdict(b.err):
		a.fault = errors.Join(a.fault, b.err)
	case errors.Is(b.err, policy.ErrDustLeft):
		a.result.Err = refused(policy.ErrPackageDust)
		a.result.Members[a.rest[b.failed]].Err = b.err
	default:
		a.result.Members[a.rest[b.failed]].Err = b.err
	}
}

// put brings members in that were checked together.
func (a *parcel) put(drafts []*draft, members []int) {
	var sum totals
	together := make([]chain.Hash, len(drafts))
	for k, d := range drafts {
		sum.Add(d.entry.own())
		together[k] = d.tx.WID
		d.entry.Time = a.since
	}
	for k, i := range members {
		m, d := &a.result.Members[i], drafts[k]
		m.Err, m.VSize, m.Fee = nil, d.vsize, d.fee
		m.Rate, m.Together = policy.RateOf(sum.Fees, sum.Size), together
	}
	a.pool.mu.Lock()
	defer a.pool.mu.Unlock()
	a.pool.put(drafts, false, &a.change)
}

// finish evicts what a full pool has no room for; that may be a member.
func (a *parcel) finish() {
	p := a.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expire(&a.change)
	p.shrink(&a.change)
	for i := range a.result.Members {
		if m := &a.result.Members[i]; m.Err == nil && p.graph.byTxID(m.Tx.ID) == nil {
			*m = Member{Tx: m.Tx, Err: refused(policy.ErrPoolFull)}
			a.result.Err = refused(policy.ErrPackageMember)
		}
	}
}
