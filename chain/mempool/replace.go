package mempool

import (
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// Replace by fee (RBF). The rules are BIP125's, but for its first: every
// transaction may be replaced, whether it signals or not, as in Core since 28
// (mempoolfullrbf), unless Rules.OptIn asks for the signal (see meetConflict).
// Their numbers are those of Core's mempool-replacements.md.

// checkSpendsNoConflict: nothing can build on what it takes the place of [EntriesAndTxidsDisjoint].
func checkSpendsNoConflict(d *draft) error {
	for _, a := range d.above {
		if slices.Contains(d.conflicts, a) {
			return chain.Broken(chain.Rule(policy.ErrSpendsOwn), "%s spends conflicting transaction %s", d.tx.ID, a.Tx.ID)
		}
	}
	return nil
}

// checkReplacement is replace-by-fee: whether a transaction may take the place of those it
// conflicts with [ReplacementChecks]. It fills d.leaving. Pool.mu is held.
func (s *scene) checkReplacement(d *draft) error {
	slices.SortFunc(d.conflicts, byTxID)
	rate := policy.RateOf(d.modified, d.vsize)
	for _, c := range d.conflicts {
		// Rule 6: it must be better for a miner than each it pushes out [PaysMoreThanConflicts].
		if old := policy.RateOf(c.Modified, c.VSize); rate <= old {
			return d.refuse(policy.ErrInsufficient, "rejecting replacement %s; new feerate %s <= old feerate %s", d.tx.ID, rate, old)
		}
	}
	var err error
	if d.leaving, err = d.allLeaving(); err != nil {
		return err
	}
	if err := checkNoNewParents(d); err != nil {
		return err
	}
	why := s.pool.paysForAll(d.tx.ID, policy.Paid{Fee: d.modified, VSize: d.vsize}, feesOf(d.leaving))
	if why != "" {
		return d.refuse(policy.ErrInsufficient, "%s", why)
	}
	return nil
}

// refuse says of a replacement why not.
func (d *draft) refuse(why chain.Policy, format string, args ...any) error {
	if d.sibling {
		why += " (including sibling eviction)"
	}
	return chain.Refused(why, format, args...)
}

// allLeaving are the conflicts with all that build on them [GetEntriesForConflicts]. Rule 5: they are
// counted by what each has below it before anybody looks at them, so what two
// of them share counts twice (BIP125 rule 5).
func (d *draft) allLeaving() ([]*entry, error) {
	count := 0
	for _, c := range d.conflicts {
		if count += c.Desc.Count; count > policy.MaxReplaced {
			return nil, d.refuse(policy.ErrTooManyRepl, "rejecting replacement %s; too many potential replacements (%d > %d)\n", d.tx.ID, count, policy.MaxReplaced)
		}
	}
	return withDescendants(d.conflicts), nil
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

// checkNoNewParents is BIP125 rule 2: an unconfirmed parent that none of those
// that go had could make the replacement worse than it looks [HasNoNewUnconfirmed].
func checkNoNewParents(d *draft) error {
	had := make(map[chain.Hash]bool)
	for _, gone := range d.leaving {
		for _, in := range gone.Tx.TxIn {
			had[in.PreviousOutPoint.Hash] = true
		}
	}
	for i, in := range d.tx.TxIn {
		isParent := func(p *entry) bool { return p.entered() && p.Tx.ID == in.PreviousOutPoint.Hash }
		if !had[in.PreviousOutPoint.Hash] && slices.ContainsFunc(d.parents, isParent) {
			return d.refuse(policy.ErrAddsUnconf, "replacement %s adds unconfirmed input, idx %d", d.tx.ID, i)
		}
	}
	return nil
}

// feesOf are the modified fees of entries together.
func feesOf(entries []*entry) (sum btcutil.Amount) {
	for _, e := range entries {
		sum += e.Modified
	}
	return sum
}

// paysForAll says why what is paid does not make good what leaves; "": it does
// [PaysForRBF].
func (p *Pool) paysForAll(txid chain.Hash, paid policy.Paid, leaving btcutil.Amount) string {
	// Rule 3: it pays at least what they paid together.
	if paid.Fee < leaving {
		return fmt.Sprintf("rejecting replacement %s, less fees than conflicting txs; %s < %s", txid, chain.FormatMoney(paid.Fee), chain.FormatMoney(leaving))
	}
	// Rule 4: and for its own relay on top, so that nobody has the
	// network carry things again and again for nothing.
	if more, least := paid.Fee-leaving, p.cfg.Rules.Increment.Fee(paid.VSize); more < least {
		return fmt.Sprintf("rejecting replacement %s, not enough additional fees to relay; %s < %s", txid, chain.FormatMoney(more), chain.FormatMoney(least))
	}
	return ""
}
