package mempool

import (
	"fmt"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// maxReplaced is how many transactions one replacement may push out: each
// costs a removal, and their relay was paid for only once
// [MAX_REPLACEMENT_CANDIDATES].
const maxReplaced = 100

// checkReplacement asks whether a transaction may take the place of those it
// conflicts with (BIP125 without its first rule: every transaction may be
// replaced, as in Core since 28). It fills d.leaving. Pool.mu is held.
func checkReplacement(d *draft, e *entry) error {
	for _, a := range ancestors(e) {
		if slices.Contains(d.conflicts, a) {
			return chain.Broken(chain.Rule(policy.ErrSpendsOwn), "%s spends conflicting transaction %s", e.tx.ID, a.tx.ID)
		}
	}
	if len(d.conflicts) == 0 {
		return nil
	}
	rate := policy.RateOf(e.fee, e.vsize)
	count := 0
	for _, c := range d.conflicts {
		// It must be better for a miner than each it pushes out.
		if old := policy.RateOf(c.fee, c.vsize); rate <= old {
			return chain.Refused(policy.ErrInsufficient, "rejecting replacement %s; new feerate %s <= old feerate %s", e.tx.ID, rate, old)
		}
		count += c.desc.count
	}
	if count > maxReplaced {
		return chain.Refused(policy.ErrTooManyRepl, "rejecting replacement %s; too many potential replacements (%d > %d)", e.tx.ID, count, maxReplaced)
	}
	d.leaving = withDescendants(d.conflicts)
	if err := checkNoNewParents(d, e); err != nil {
		return err
	}
	return checkPaysForAll(d, e)
}

// withDescendants is the entries with all that build on them, each once.
func withDescendants(entries []*entry) []*entry {
	all := slices.Clone(entries)
	for _, e := range entries {
		for _, d := range descendants(e) {
			if !slices.Contains(all, d) {
				all = append(all, d)
			}
		}
	}
	return all
}

// checkNoNewParents: an unconfirmed parent that the conflicts did not have
// could make the replacement worse than it looks.
func checkNoNewParents(d *draft, e *entry) error {
	var had []*entry
	for _, c := range d.conflicts {
		had = append(had, c.parents...)
	}
	for i, in := range e.tx.TxIn {
		isParent := func(p *entry) bool { return p.tx.ID == in.PreviousOutPoint.Hash }
		if slices.ContainsFunc(e.parents, isParent) && !slices.ContainsFunc(had, isParent) {
			return chain.Refused(policy.ErrAddsUnconf, "replacement %s adds unconfirmed input, idx %d", e.tx.ID, i)
		}
	}
	return nil
}

// checkPaysForAll: it pays at least what they paid together, and for its own
// relay on top, so that nobody has the network carry things again and again
// for nothing.
func checkPaysForAll(d *draft, e *entry) error {
	var paid btcutil.Amount
	for _, gone := range d.leaving {
		paid += gone.fee
	}
	if e.fee < paid {
		return chain.Refused(policy.ErrInsufficient, "rejecting replacement %s, less fees than conflicting txs; %s < %s",
			e.tx.ID, money(e.fee), money(paid))
	}
	if more, least := e.fee-paid, policy.Increment.Fee(e.vsize); more < least {
		return chain.Refused(policy.ErrInsufficient, "rejecting replacement %s, not enough additional fees to relay; %s < %s",
			e.tx.ID, money(more), money(least))
	}
	return nil
}

// money is an amount in bitcoins as Core prints it: at least two decimals.
func money(a btcutil.Amount) string {
	s := fmt.Sprintf("%d.%08d", a/btcutil.SatoshiPerBitcoin, a%btcutil.SatoshiPerBitcoin)
	dot := strings.IndexByte(s, '.')
	return s[:dot+3] + strings.TrimRight(s[dot+3:], "0")
}
