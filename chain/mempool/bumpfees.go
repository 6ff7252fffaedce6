package mempool

import (
	"cmp"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// Family counts what a transaction of the pool builds on, itself too, and the most
// that builds on any of those; 0: it is not in the pool (Core:
// GetTransactionAncestry).
func (p *Pool) Family(txid chain.Hash) (ancestorCount, descendantCount int) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	e := p.graph.byTxID(txid)
	if e == nil {
		return 0, 0
	}
	most := e.Desc.Count
	for _, a := range ancestors(e) {
		most = max(most, a.Desc.Count)
	}
	return e.Anc.Count, most
}

// CheckChain says whether a transaction that is to come would build on more than
// the limits allow [CheckPackageLimits].
func (p *Pool) CheckChain(tx *chain.Tx) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var parents []*entry
	for _, in := range tx.TxIn {
		if e := p.graph.byTxID(in.PreviousOutPoint.Hash); e != nil && !slices.Contains(parents, e) {
			parents = append(parents, e)
		}
	}
	own := totals{Count: 1, Size: tx.VSize()}
	_, err := chainLimits{p.cfg.Rules.Chains, nil}.ancestorsOf(parents, own)
	return err
}

// maxCluster is how many transactions that hang together are looked at to say what
// they lack in fees [GatherClusters].
const maxCluster = 500

// BumpFees is what the fees of the pool's transactions lack so that coins of theirs
// can be spent at a rate: for each coin by itself, and for all of them together,
// where ancestors in common count once. Coins that are in a block, or that a
// transaction spends which is to be replaced then, lack nothing. False: too many
// transactions hang together [MiniMiner, calculateCombinedBumpFee, calculateIndividualBumpFees].
func (p *Pool) BumpFees(coins []wire.OutPoint, rate policy.FeeRate) (each []btcutil.Amount, together btcutil.Amount, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	each = make([]btcutil.Amount, len(coins))
	m := bumper{rate: rate, left: map[*entry]*totals{}}
	var wanted []*entry
	replaced := map[*entry]bool{}
	for _, op := range coins {
		e := p.graph.byTxID(op.Hash)
		if e == nil {
			continue
		}
		wanted = append(wanted, e)
		if by := p.graph.spender(op); by != nil {
			replaced[by] = true
			for _, d := range descendants(by) {
				replaced[d] = true
			}
		}
	}
	if len(wanted) == 0 {
		return each, 0, true
	}
	if !m.gather(wanted, replaced) {
		return each, 0, false
	}
	m.mine()
	var due []*entry
	for i, op := range coins {
		e := p.graph.byTxID(op.Hash)
		if t := m.left[e]; e != nil && t != nil {
			own := rate.Fee(e.VSize) - e.Modified
			each[i] = max(rate.Fee(t.Size)-t.Fees, own)
			due = append(due, e)
		}
	}
	return each, m.together(due), true
}

// bumper takes from a cluster what a miner would take that asks for a rate.
type bumper struct {
	rate policy.FeeRate
	left map[*entry]*totals // what is not taken, with all it builds on that is not
}

// gather is everything that hangs together with these, but for what is replaced.
func (m *bumper) gather(wanted []*entry, replaced map[*entry]bool) bool {
	seen := map[*entry]bool{}
	for todo := slices.Clone(wanted); len(todo) > 0; {
		e := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[e] {
			continue
		}
		if seen[e] = true; len(seen) > maxCluster {
			return false
		}
		if !replaced[e] {
			t := e.Anc
			m.left[e] = &t
		}
		todo = append(append(todo, e.Parents...), e.Children...)
	}
	return true
}

// mine takes the best package, that of the lowest of its own and its ancestors'
// rates, until there is none that pays the rate.
func (m *bumper) mine() {
	for len(m.left) > 0 {
		best := m.best()
		if t := m.left[best]; t.Fees < m.rate.Fee(t.Size) {
			return
		}
		taken := []*entry{best}
		for _, a := range ancestors(best) {
			if m.left[a] != nil {
				taken = append(taken, a)
			}
		}
		for _, e := range taken {
			for _, d := range descendants(e) {
				if t := m.left[d]; t != nil {
					t.Sub(e.own())
				}
			}
		}
		for _, e := range taken {
			delete(m.left, e)
		}
	}
}

func (m *bumper) best() *entry {
	var best *entry
	for e := range m.left {
		if best == nil || cmp.Or(policy.CmpRate(m.score(e), m.score(best)), -slices.Compare(e.Tx.ID[:], best.Tx.ID[:])) > 0 {
			best = e
		}
	}
	return best
}

func (m *bumper) score(e *entry) policy.Paid {
	own, all := e.own().paid(), m.left[e].paid()
	if policy.CmpRate(own, all) < 0 {
		return own
	}
	return all
}

// together is what these and all they build on lack.
func (m *bumper) together(due []*entry) btcutil.Amount {
	set := map[*entry]bool{}
	var sum totals
	count := func(e *entry) {
		if !set[e] && m.left[e] != nil {
			set[e] = true
			sum.Add(e.own())
		}
	}
	for _, e := range due {
		count(e)
		for _, a := range ancestors(e) {
			count(a)
		}
	}
	return m.rate.Fee(sum.Size) - sum.Fees
}
