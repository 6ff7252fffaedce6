package mempool

import (
	"fmt"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/mempool/graph"
	"grapevine/chain/policy"
)

// maxReplaced is how many transactions one replacement may push out: each
// costs a removal, and their relay was paid for only once
// [MAX_REPLACEMENT_CANDIDATES].
const maxReplaced = 100

// checkReplacement asks whether a transaction may take the place of those it
// conflicts with (BIP125 without its first rule: every transaction may be
// replaced, as in Core since 28). It fills d.leaving. Pool.mu is held.
func checkReplacement(d *draft, e *graph.Entry) error {
	for _, a := range graph.Ancestors(e) {
		if slices.Contains(d.conflicts, a) {
			return chain.Broken(chain.Rule(policy.ErrSpendsOwn), "%s spends conflicting transaction %s", e.Tx.ID, a.Tx.ID)
		}
	}
	if len(d.conflicts) == 0 {
		return nil
	}
	rate := policy.RateOf(e.Fee, e.VSize)
	count := 0
	for _, c := range d.conflicts {
		// It must be better for a miner than each it pushes out.
		if old := policy.RateOf(c.Fee, c.VSize); rate <= old {
			return chain.Refused(policy.ErrInsufficient, "rejecting replacement %s; new feerate %s <= old feerate %s", e.Tx.ID, rate, old)
		}
		count += c.Desc.Count
	}
	if count > maxReplaced {
		return chain.Refused(policy.ErrTooManyRepl, "rejecting replacement %s; too many potential replacements (%d > %d)", e.Tx.ID, count, maxReplaced)
	}
	d.leaving = withDescendants(d.conflicts)
	if err := checkNoNewParents(d, e); err != nil {
		return err
	}
	return checkPaysForAll(d, e)
}

// withDescendants is the entries with all that build on them, each once.
func withDescendants(entries []*graph.Entry) []*graph.Entry {
	all := slices.Clone(entries)
	for _, e := range entries {
		for _, d := range graph.Descendants(e) {
			if !slices.Contains(all, d) {
				all = append(all, d)
			}
		}
	}
	return all
}

// checkNoNewParents: an unconfirmed parent that the conflicts did not have
// could make the replacement worse than it looks.
func checkNoNewParents(d *draft, e *graph.Entry) error {
	var had []*graph.Entry
	for _, c := range d.conflicts {
		had = append(had, c.Parents...)
	}
	for i, in := range e.Tx.TxIn {
		isParent := func(p *graph.Entry) bool { return p.Tx.ID == in.PreviousOutPoint.Hash }
		if slices.ContainsFunc(e.Parents, isParent) && !slices.ContainsFunc(had, isParent) {
			return chain.Refused(policy.ErrAddsUnconf, "replacement %s adds unconfirmed input, idx %d", e.Tx.ID, i)
		}
	}
	return nil
}

// checkPaysForAll: it pays at least what they paid together, and for its own
// relay on top, so that nobody has the network carry things again and again
// for nothing.
func checkPaysForAll(d *draft, e *graph.Entry) error {
	var paid btcutil.Amount
	for _, gone := range d.leaving {
		paid += gone.Fee
	}
	if e.Fee < paid {
		return chain.Refused(policy.ErrInsufficient, "rejecting replacement %s, less fees than conflicting txs; %s < %s",
			e.Tx.ID, money(e.Fee), money(paid))
	}
	if more, least := e.Fee-paid, policy.Increment.Fee(e.VSize); more < least {
		return chain.Refused(policy.ErrInsufficient, "rejecting replacement %s, not enough additional fees to relay; %s < %s",
			e.Tx.ID, money(more), money(least))
	}
	return nil
}

// money is an amount in bitcoins as Core prints it: at least two decimals.
func money(a btcutil.Amount) string {
	s := fmt.Sprintf("%d.%08d", a/btcutil.SatoshiPerBitcoin, a%btcutil.SatoshiPerBitcoin)
	dot := strings.IndexByte(s, '.')
	return s[:dot+3] + strings.TrimRight(s[dot+3:], "0")
}
