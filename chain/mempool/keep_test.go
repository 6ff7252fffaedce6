package mempool

import (
	"errors"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain/policy"
)

// A pool that is given what another kept holds the same, as old as it was.
func TestKeptTransactionsComeBackWithTheirTime(t *testing.T) {
	w := newWorld(t, 3)
	parent := w.accept(spend(20_000, 2, w.fund(1)))
	w.now = w.now.Add(time.Hour)
	child := w.accept(spend(20_000, 1, out(parent, 0)))
	truc := func(tx *wire.MsgTx) { tx.Version = policy.TRUCVersion }
	lowFee := spendWith(0, 1, truc, w.fund(2))
	w.refuse(lowFee, policy.ErrMinRelayFee)
	rich := w.accept(spendWith(20_000, 1, truc, out(lowFee, 0))) // pays for both
	kept, _ := w.pool.Keep()

	w.pool = New(w.pool.cfg)
	w.now = w.now.Add(time.Hour)
	for _, k := range kept {
		if _, err := w.pool.Restore(k); err != nil && k.Tx != lowFee {
			t.Fatal(err)
		}
		w.check()
	}
	w.holds(parent, child, lowFee, rich)
	for _, k := range kept {
		if e, _ := w.pool.Entry(k.Tx.ID); !e.Time.Equal(k.Since) {
			t.Errorf("%s has waited since %s, before since %s", k.Tx.ID, e.Time, k.Since)
		}
	}
	w.now = kept[0].Since.Add(defaultExpiry + time.Minute)
	w.mine()
	w.holds(rich, lowFee)
}

func TestKeptTransactionsAreCheckedAgain(t *testing.T) {
	w := newWorld(t, 3)
	tx := spend(20_000, 1, w.fund(1))
	restore := func(k Kept) error {
		_, err := w.pool.Restore(k)
		w.check()
		return err
	}
	if err := restore(Kept{Tx: tx, Since: w.now.Add(-defaultExpiry - time.Second)}); !errors.Is(err, policy.ErrExpired) {
		t.Errorf("too old: %v", err)
	}
	if err := restore(Kept{Tx: tx, Since: w.now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if e, _ := w.pool.Entry(tx.ID); !e.Time.Equal(w.now) {
		t.Errorf("it has waited since %s, now is %s", e.Time, w.now)
	}
	if err := restore(Kept{Tx: spend(btcutil.Amount(1), 1, w.fund(2)), Since: w.now}); !errors.Is(err, policy.ErrMinRelayFee) {
		t.Errorf("no fee: %v", err)
	}
}
