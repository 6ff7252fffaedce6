package mempool

import (
	"errors"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// Package relay: transactions that are checked together, so that a child can
// pay for parents that pay too little by themselves (CPFP).

// bundle is a package while it is checked.
type bundle struct {
	drafts []*draft
	sum    totals
	whole  error // why the package as a whole is refused; nil: see err
	failed int   // the member that err is of
	err    error
	passed int // so many members have passed all
}

func (b *bundle) fail(member int, err error) *bundle {
	b.failed, b.err = member, err
	return b
}

// checkAll checks the members of a package together (Core:
// AcceptMultipleTransactions). It changes nothing.
func (s *scene) checkAll(txs []*chain.Tx) *bundle {
	b := &bundle{whole: checkList(txs)}
	if b.whole != nil {
		return b
	}
	s.earlier = make(map[chain.Hash]*entry, len(txs))
	for i, tx := range txs {
		d, err := s.preCheck(tx)
		if err != nil {
			return b.fail(i, err)
		}
		b.drafts = append(b.drafts, d)
		b.sum.Add(d.entry.own())
		s.earlier[tx.ID] = d.entry
	}
	if b.whole = s.checkTRUCAmong(b.drafts); b.whole != nil {
		return b
	}
	if s.packageRate {
		if err := s.pool.checkRates(b.sum.paid()); err != nil {
			return b.fail(len(txs)-1, err)
		}
	}
	if b.whole = s.checkPackage(b); b.whole != nil {
		return b
	}
	for i, d := range b.drafts {
		if err := s.checkDustSpent(d.entry); err != nil {
			return b.fail(i, err)
		}
	}
	for i, d := range b.drafts {
		if err := s.checkScripts(d); err != nil {
			return b.fail(i, err)
		}
		b.passed++
	}
	return b
}

// checkPackage holds a package to the limits on chains as if all of it built on
// all that any of it builds on, and to the rules of replacement (Core:
// PackageMempoolChecks).
func (s *scene) checkPackage(b *bundle) error {
	s.pool.mu.RLock()
	defer s.pool.mu.RUnlock()
	if err := s.checkPackageLimits(b); err != nil {
		return err
	}
	if !slices.ContainsFunc(b.drafts, func(d *draft) bool { return len(d.conflicts) > 0 }) {
		return nil
	}
	return s.checkPackageReplacement(b)
}

// checkPackageLimits holds a package to the package limits, those on chains for all of it at once.
func (s *scene) checkPackageLimits(b *bundle) error {
	limits := s.usualLimits()
	switch {
	case b.sum.Size > limits.AncestorSize:
		return chain.Refused(policy.ErrPackageLimits, "package size %d exceeds ancestor size limit [limit: %d]", b.sum.Size, limits.AncestorSize)
	case b.sum.Size > limits.DescendantSize:
		return chain.Refused(policy.ErrPackageLimits, "package size %d exceeds descendant size limit [limit: %d]", b.sum.Size, limits.DescendantSize)
	}
	var parents []*entry
	for _, d := range b.drafts {
		for _, parent := range d.parents {
			if parent.entered() && !slices.Contains(parents, parent) {
				parents = append(parents, parent)
			}
		}
	}
	if len(parents)+b.sum.Count > limits.Ancestors {
		return chain.Refused(policy.ErrPackageLimits, "too many unconfirmed parents [limit: %d]", limits.Ancestors)
	}
	_, err := limits.ancestorsOf(parents, b.sum)
	if refusal, ok := errors.AsType[*chain.PolicyError](err); ok {
		return chain.Refused(policy.ErrPackageLimits, "possibly %s", refusal.Detail)
	}
	return err
}

// checkList asks whether a list could enter one by one in its order (Core:
// IsWellFormedPackage). A list of one always could.
func checkList(txs []*chain.Tx) error {
	if len(txs) < 2 {
		return nil
	}
	if len(txs) > policy.MaxPackageCount {
		return refused(policy.ErrPackageCount)
	}
	weight, later := 0, make(map[chain.Hash]bool, len(txs))
	for _, tx := range txs {
		weight += tx.Weight
		later[tx.ID] = true
	}
	switch {
	case weight > policy.MaxPackageWeight:
		return refused(policy.ErrPackageWeight)
	case len(later) < len(txs):
		return refused(policy.ErrPackageDuplicates)
	case !sorted(txs, later):
		return refused(policy.ErrPackageOrder)
	case !consistent(txs):
		return refused(policy.ErrPackageConflict)
	}
	return nil
}

// sorted says whether parents come before their children; later are all txids [IsTopoSortedPackage].
func sorted(txs []*chain.Tx, later map[chain.Hash]bool) bool {
	for _, tx := range txs {
		for _, in := range tx.TxIn {
			if later[in.PreviousOutPoint.Hash] {
				return false
			}
		}
		delete(later, tx.ID)
	}
	return true
}

// consistent says whether no two spend the same [IsConsistentPackage].
func consistent(txs []*chain.Tx) bool {
	spent := map[wire.OutPoint]bool{}
	for _, tx := range txs {
		if len(tx.TxIn) == 0 {
			return false
		}
		for _, in := range tx.TxIn {
			if spent[in.PreviousOutPoint] {
				return false
			}
		}
		for _, in := range tx.TxIn {
			spent[in.PreviousOutPoint] = true
		}
	}
	return true
}

// IsFamily says whether the last transaction is a child of all others, and none
// of those spends another [IsChildWithParentsTree].
func IsFamily(txs []*chain.Tx) bool {
	if len(txs) < 2 {
		return false
	}
	parents, child := txs[:len(txs)-1], txs[len(txs)-1]
	for _, parent := range parents {
		if !spends(child, parent.ID) {
			return false
		}
		if slices.ContainsFunc(parents, func(other *chain.Tx) bool { return spends(parent, other.ID) }) {
			return false
		}
	}
	return true
}

// checkParents: a child's other inputs must be confirmed [PackageChildWithParents].
func (p *Pool) checkParents(txs []*chain.Tx) error {
	view, child := p.cfg.View(), txs[len(txs)-1]
	for _, in := range child.TxIn {
		if slices.ContainsFunc(txs, func(tx *chain.Tx) bool { return tx.ID == in.PreviousOutPoint.Hash }) {
			continue
		}
		if _, ok, err := view.Coin(in.PreviousOutPoint); err != nil || !ok {
			return errors.Join(err, refused(policy.ErrPackageParents))
		}
	}
	return nil
}

// Test says what Add would, changing nothing. The members of a list are checked
// together, may spend earlier ones and replace nothing. maxFee refuses what
// pays more (max-fee-exceeded); 0: no limit. After the first refusal the rest is
// not checked [testmempoolaccept].
func (p *Pool) Test(txs []*chain.Tx, maxFee policy.FeeRate) []TestResult {
	b := &bundle{}
	if len(txs) == 1 {
		d, err := p.scene(alone()).check(txs[0])
		if err != nil {
			b.fail(0, err)
		} else {
			b.drafts, b.passed = []*draft{d}, 1
		}
	} else {
		b = p.scene(terms{}).checkAll(txs)
	}
	results := make([]TestResult, len(txs))
	stopped := b.whole != nil
	for i, tx := range txs {
		r := &results[i]
		r.Tx, r.List = tx, b.whole
		switch {
		case stopped:
			r.NotReached = true
		case b.err != nil && i == b.failed:
			r.Err = b.err
		case i >= b.passed:
			r.NotReached = true
		case maxFee != 0 && b.drafts[i].fee > maxFee.Fee(b.drafts[i].vsize):
			r.Err, stopped = refused(policy.ErrMaxFee), true
		default:
			d := b.drafts[i]
			r.Fee, r.VSize, r.Rate = d.fee, d.vsize, policy.RateOf(d.modified, d.vsize)
		}
	}
	return results
}
