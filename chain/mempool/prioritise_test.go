package mempool

import (
	"errors"
	"math"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// What was added to a fee counts at entry, in packages' totals, for replacement
// and for eviction, and no fee that is shown as paid.
func TestPrioritisedFeesCountAsPaid(t *testing.T) {
	w := newWorld(t, 4)
	low := spend(0, 2, w.fund(1))
	w.refuse(low, policy.ErrMinRelayFee)
	w.pool.Prioritise(low.ID, 700)
	w.pool.Prioritise(low.ID, 300)
	w.accept(low)
	child := w.accept(spend(2000, 1, out(low, 0)))
	w.pool.Prioritise(child.ID, -500)
	if e, _ := w.pool.Entry(low.ID); e.Fee != 0 || e.Modified != 1000 || e.DescendantFees != 2500 {
		t.Errorf("the parent: %+v", e)
	}
	if e, _ := w.pool.Entry(child.ID); e.Fee != 2000 || e.Modified != 1500 || e.AncestorFees != 2500 {
		t.Errorf("the child: %+v", e)
	}
	if s := w.pool.Stats(); s.TotalFee != 2000 {
		t.Errorf("paid together: %d", s.TotalFee)
	}
	w.refuse(spend(2300, 1, w.fund(1)), policy.ErrInsufficient) // it pays more than was paid, but not than what counts
	for _, c := range w.pool.Snapshot().Txs {
		if c.Tx == low && (c.Fee != 0 || c.Modified != 1000) {
			t.Errorf("the miner is told %+v", c)
		}
	}
	if err := w.pool.Check(); err != nil {
		t.Error(err)
	}
}

// A delta waits for its transaction, outlives what pushes it out, and ends with
// its block or with its opposite.
func TestDeltasLastUntilTheirBlock(t *testing.T) {
	w := newWorld(t, 3)
	tx, other := spend(1000, 1, w.fund(1)), spend(9000, 1, w.fund(1))
	expect := func(want ...Delta) {
		t.Helper()
		all := w.pool.Prioritised()
		if len(all) != len(want) || len(want) == 1 && all[tx.ID] != want[0] {
			t.Errorf("%v, want %v", all, want)
		}
	}
	w.pool.Prioritise(tx.ID, 10)
	expect(Delta{Added: 10})
	w.accept(tx)
	expect(Delta{Added: 10, Pooled: true, Fee: 1010})
	w.accept(other)
	expect(Delta{Added: 10})
	if _, deltas := w.pool.Keep(); deltas[tx.ID] != 10 {
		t.Errorf("kept: %v", deltas)
	}
	w.pool.Prioritise(tx.ID, -10)
	expect()
	w.pool.Prioritise(tx.ID, 7)
	l := w.connect(w.build(tx))
	w.pool.Apply(chain.Delta{Connected: []chain.Linked{l}, Tip: l.Node})
	expect()
}

// However much is added, sums stay within 64 bits and the pool stays whole.
func TestDeltasAreBounded(t *testing.T) {
	w := newWorld(t, 3)
	a := w.accept(spend(1000, 2, w.fund(1)))
	b := w.accept(spend(1000, 1, out(a, 0)))
	for _, d := range []btcutil.Amount{math.MaxInt64, math.MaxInt64, math.MinInt64, math.MinInt64, math.MinInt64} {
		w.pool.Prioritise(a.ID, d)
		w.pool.Prioritise(b.ID, d)
		if err := w.pool.Check(); err != nil {
			t.Fatal(err)
		}
	}
	if e, _ := w.pool.Entry(b.ID); e.Modified >= 0 || e.AncestorFees >= e.Modified {
		t.Errorf("%+v", e)
	}
	w.accept(spend(1000, 1, w.fund(2)))
}

// By the rules of 31 a child may pay for a parent below the lowest rate of relay,
// whatever its version; by those of 28.1 not.
func TestAChildPaysForAParentBelowTheFloor(t *testing.T) {
	for _, rules := range []policy.Rules{policy.Core31(), policy.Core28()} {
		w := newWorld(t, 2, func(c *Config) { c.Rules = rules })
		parent := spend(0, 1, w.fund(1))
		child := spend(5000, 1, out(parent, 0))
		_, err := w.relay(parent)
		if policy.Reconsiderable(parent, err) == rules.EachPays || !errors.Is(err, policy.ErrMinRelayFee) {
			t.Errorf("%s: %v", rules.Name, err)
		}
		_, err = w.relay(child) // as by P2P, one after the other
		if (err == nil) == rules.EachPays {
			t.Errorf("%s: the child: %v", rules.Name, err)
		}
		if _, msg := w.submit(parent, child); (msg == "") == rules.EachPays {
			t.Errorf("%s: as a package: %s", rules.Name, msg)
		}
	}
}

// Only what signals may be replaced, if the rules are so.
func TestReplacementByOptInAlone(t *testing.T) {
	w := newWorld(t, 4, func(c *Config) { c.Rules.OptIn = true })
	w.accept(spendWith(1000, 1, sequence(policy.MaxNonFinal), w.fund(1)))
	w.refuse(spend(9000, 1, w.fund(1)), policy.ErrConflict)
	w.accept(spendWith(1000, 1, sequence(policy.MaxReplaceable), w.fund(2)))
	w.accept(spend(9000, 1, w.fund(2)))
}
