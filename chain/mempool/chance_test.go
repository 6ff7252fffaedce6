package mempool

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// chance makes random steps.
type chance struct {
	*naive
	*rand.Rand
	known []*chain.Tx // all that was ever made, in order
	told  map[chain.Hash]bool
}

// coin is one that may be spent by somebody already, or not be there at all.
func (c *chance) coin() chaintest.Coin {
	if c.IntN(3) > 0 && len(c.list) > 0 {
		tx := c.list[c.IntN(len(c.list))].tx
		return out(tx, c.IntN(len(tx.TxOut)))
	}
	if c.IntN(3) == 0 && len(c.known) > 0 {
		tx := c.known[max(0, len(c.known)-1-c.IntN(20))]
		return out(tx, c.IntN(len(tx.TxOut)))
	}
	return c.fund(1 + c.IntN(min(len(c.blocks)-90, 120)))
}

func (c *chance) tx() *chain.Tx {
	from := []chaintest.Coin{c.coin()}
	for c.IntN(3) == 0 && len(from) < 4 {
		if next := c.coin(); !slices.ContainsFunc(from, func(o chaintest.Coin) bool { return o.Op == next.Op }) {
			from = append(from, next)
		}
	}
	tx := spendWith(btcutil.Amount(50+c.IntN(100)*c.IntN(100)), 1+c.IntN(3), func(tx *wire.MsgTx) {
		switch c.IntN(12) {
		case 0:
			tx.TxIn[0].Sequence = uint32(c.IntN(3))
		case 1:
			tx.LockTime = uint32(int(c.tip.Height) - 1 + c.IntN(3))
			tx.TxIn[0].Sequence = 0xfffffffe
		}
	}, from...)
	c.known = append(c.known, tx)
	return tx
}

// block is some of the pool with all their ancestors, and now and then a
// stranger that the pool conflicts with.
func (c *chance) block() []*chain.Tx {
	picked := map[chain.Hash]bool{}
	for range c.IntN(6) {
		if len(c.list) > 0 {
			x := c.list[c.IntN(len(c.list))].tx
			picked[x.ID] = true
			for _, a := range c.above(x) {
				picked[a.tx.ID] = true
			}
		}
	}
	var txs []*chain.Tx
	spent := map[wire.OutPoint]bool{}
	for _, x := range c.list {
		if picked[x.tx.ID] {
			txs = append(txs, x.tx)
			for _, in := range x.tx.TxIn {
				spent[in.PreviousOutPoint] = true
			}
		}
	}
	return append(txs, c.stranger(spent)...)
}

// stranger is at most one transaction that the pool has never seen.
func (c *chance) stranger(spent map[wire.OutPoint]bool) []*chain.Tx {
	fund := c.fund(1 + c.IntN(min(len(c.blocks)-100, 120)))
	if _, there := c.coins[fund.Op]; !there || spent[fund.Op] || c.IntN(2) == 0 {
		return nil
	}
	return []*chain.Tx{spend(777, 1, fund)}
}

func (c *chance) step() (string, error) {
	switch k := c.IntN(40); {
	case k < 34:
		tx := c.tx()
		want := c.add(tx)
		d, err := c.relay(tx)
		same := errors.Is(err, want) || errors.Is(want, errRBF) && err != nil && strings.HasPrefix(err.Error(), string(errRBF))
		if !same || (want == nil) != (err == nil) {
			return "add", fmt.Errorf("pool says %v, twin says %v", err, want)
		}
		if err == nil && (len(d.In) == 0 || d.In[len(d.In)-1].Tx != tx) {
			return "add", fmt.Errorf("delta %+v", d)
		}
		return "add", c.agrees(d)
	case k < 38:
		var d chain.Delta
		d.Connected = append(d.Connected, c.connect(c.build(c.block()...)))
		return "block", c.both(d)
	}
	var d chain.Delta
	depth := 1 + c.IntN(3)
	for range depth {
		d.Disconnected = append(d.Disconnected, c.disconnect())
	}
	for range depth + c.IntN(2) {
		// What the pool holds may not be there on this branch yet.
		d.Connected = append(d.Connected, c.connect(c.build(c.stranger(nil)...)))
	}
	return "reorganisation", c.both(d)
}

func (c *chance) both(d chain.Delta) error {
	d.Tip = c.tip
	c.apply(d)
	return c.agrees(c.pool.Apply(d))
}

// agrees compares the pool with its twin, and with who knows it by its deltas alone.
func (c *chance) agrees(d chain.PoolDelta) error {
	c.came(d)
	for _, gone := range d.Out {
		if !c.told[gone.Tx.ID] {
			return fmt.Errorf("%s left and was not there", gone.Tx.ID)
		}
		delete(c.told, gone.Tx.ID)
	}
	for _, in := range d.In {
		if c.told[in.Tx.ID] {
			return fmt.Errorf("%s came twice", in.Tx.ID)
		}
		c.told[in.Tx.ID] = true
	}
	if len(c.told) != len(c.list) {
		return fmt.Errorf("by its deltas the pool holds %d, twin %d", len(c.told), len(c.list))
	}
	if err := c.pool.Check(); err != nil {
		return err
	}
	if got := len(c.pool.TxIDs()); got != len(c.list) {
		return fmt.Errorf("pool holds %d, twin %d", got, len(c.list))
	}
	for _, x := range c.list {
		e, ok := c.pool.Entry(x.tx.ID)
		if !ok || e.Fee != x.fee {
			return fmt.Errorf("pool lacks %s or its fee differs", x.tx.ID)
		}
	}
	return c.snapshotAgrees()
}

// snapshotAgrees: the miner sees parents before their children, and who has relatives.
func (c *chance) snapshotAgrees() error {
	related := map[chain.Hash]bool{}
	for _, x := range c.list {
		for _, in := range x.tx.TxIn {
			if parent, ok := c.find(in.PreviousOutPoint.Hash); ok {
				related[x.tx.ID], related[parent.tx.ID] = true, true
			}
		}
	}
	seen := map[chain.Hash]bool{}
	for _, s := range c.pool.Snapshot().Txs {
		if s.Related != related[s.Tx.ID] {
			return fmt.Errorf("the snapshot says of %s that it has relatives: %v", s.Tx.ID, s.Related)
		}
		for _, in := range s.Tx.TxIn {
			if _, ok := c.find(in.PreviousOutPoint.Hash); ok && !seen[in.PreviousOutPoint.Hash] {
				return fmt.Errorf("in the snapshot %s stands before its parent", s.Tx.ID)
			}
		}
		seen[s.Tx.ID] = true
	}
	if len(seen) != len(c.list) {
		return fmt.Errorf("the snapshot has %d transactions, twin %d", len(seen), len(c.list))
	}
	return nil
}

func TestPoolDoesWhatItsNaiveTwinDoes(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 12)
			if seed%2 == 0 {
				w.pool.cfg.MaxBytes = 40 << 10 // about forty transactions
			}
			w.pool.cfg.ByScript = seed%2 == 1 // the twin weighs no scripts
			c := &chance{naive: &naive{world: w}, Rand: rand.New(rand.NewPCG(seed, 1)), told: map[chain.Hash]bool{}}
			for i := range 600 {
				if what, err := c.step(); err != nil {
					t.Fatalf("step %d, %s: %v", i, what, err)
				}
			}
		})
	}
}
