package mempool

import (
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/history"
)

// byScript has the pool keep the index by script.
func byScript(c *Config) { c.ByScript = true }

// What the index by script takes counts as the pool's memory: 160 bytes for each script
// that an entry touches, here the one that it spends from and the one that it pays.
func TestTheIndexByScriptCountsAsMemory(t *testing.T) {
	usage := func(change ...func(*Config)) int64 {
		w := newWorld(t, 1, change...)
		w.accept(spendWith(1000, 1, func(tx *wire.MsgTx) {
			tx.TxOut[0].PkScript = append([]byte{txscript.OP_0, 32}, make([]byte, 32)...)
		}, w.fund(1)))
		return w.pool.Stats().Usage
	}
	if more := usage(byScript) - usage(); more != 2*160 {
		t.Errorf("two scripts take %d bytes", more)
	}
}

func TestThePoolIsFoundByScript(t *testing.T) {
	w := newWorld(t, 3, byScript)
	paid := history.HashOf(anyone())
	first := w.accept(spend(1000, 2, w.fund(1)))
	child := w.accept(spend(1000, 1, out(first, 0)))
	other := w.accept(spend(1000, 1, w.fund(2)))
	expect := func(want ...*chain.Tx) {
		t.Helper()
		got := w.pool.Touching(paid)
		if len(got) != len(want) {
			t.Fatalf("%d transactions, want %d", len(got), len(want))
		}
		for i := range want {
			if got[i].Tx.ID != want[i].ID {
				t.Errorf("%d is %s, want %s", i, got[i].Tx.ID, want[i].ID)
			}
		}
		if err := w.pool.Check(); err != nil {
			t.Error(err)
		}
	}
	expect(first, child, other)
	spent, ok, err := w.pool.Spends(child.ID)
	if err != nil || !ok || len(spent) != 1 || int64(spent[0].Value) != first.TxOut[0].Value {
		t.Errorf("%+v, %v, %v", spent, ok, err)
	}
	if recent := w.pool.Recent(2); len(recent) != 2 || recent[0].Tx != other || recent[1].Tx != child {
		t.Errorf("the last two are %+v", recent)
	}
	if all := w.pool.Recent(9); len(all) != 3 {
		t.Errorf("%d of 3", len(all))
	}
	d := w.mine(first)
	if len(d.Out) != 1 || len(d.Out[0].Scripts) == 0 {
		t.Errorf("who left is told without its scripts: %+v", d.Out)
	}
	expect(child, other)
	if got := w.pool.Touching(chain.Hash{1}); len(got) != 0 {
		t.Errorf("a script that never was: %+v", got)
	}
	if _, ok, _ := w.pool.Spends(first.ID); ok {
		t.Error("it has left, and its coins are known")
	}
}
