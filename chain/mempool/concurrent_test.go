package mempool

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/policy"
)

// frozenView is a coin set that no longer changes, so that readers may keep it.
type frozenView struct {
	tip   *chain.HeaderNode
	coins map[wire.OutPoint]chain.Coin
}

func (v frozenView) Tip() *chain.HeaderNode { return v.tip }

func (v frozenView) Coin(op wire.OutPoint) (chain.Coin, bool, error) {
	c, ok := v.coins[op]
	return c, ok, nil
}

func TestReadersAndOneWriterAtOnce(t *testing.T) {
	w := newWorld(t, 40)
	var mu sync.Mutex
	var now View
	freeze := func() {
		mu.Lock()
		defer mu.Unlock()
		v := frozenView{tip: w.tip, coins: make(map[wire.OutPoint]chain.Coin, len(w.coins))}
		for op, c := range w.coins {
			v.coins[op] = c
		}
		now = v
	}
	freeze()
	w.pool.cfg.View = func() View {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	start := w.now
	w.pool.cfg.Now = func() time.Time { return start }
	w.pool.cfg.MaxBytes = 30 << 10

	done := make(chan struct{})
	var readers sync.WaitGroup
	fund := w.fund(40)
	for range 4 {
		readers.Go(func() { read(w.pool, fund, done) })
	}
	for i := range 39 {
		tx := spend(btcutil.Amount(1000+i), 2, w.fund(i+1))
		for range 6 {
			w.pool.Add(tx)
			tx = spend(btcutil.Amount(1000+i), 1, out(tx, 0))
		}
		var d chain.Delta
		if i%3 == 2 {
			d.Disconnected = append(d.Disconnected, w.disconnect())
		}
		d.Connected = append(d.Connected, w.connect(w.build(spend(500, 1, w.fund(i+1)))))
		d.Tip = w.tip
		freeze()
		w.pool.Apply(d)
		if err := w.pool.Check(); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	readers.Wait()
}

// read asks everything that readers may ask until done.
func read(p *Pool, fund chaintest.Coin, done chan struct{}) {
	tx := spend(5000, 1, fund)
	child := spend(5000, 1, out(tx, 0))
	for {
		select {
		case <-done:
			return
		default:
		}
		for _, id := range p.TxIDs() {
			p.Entry(id)
			p.Ancestors(id)
			p.Descendants(id)
			p.Coins().Coin(wire.OutPoint{Hash: id})
		}
		p.Test([]*chain.Tx{tx, child}, 0)
		p.Entries()
		p.Snapshot()
		p.Stats()
		p.MinFee()
	}
}

// A list under test is held to the families of version 3 in the pool while those change.
func TestListsAreTestedWhileFamiliesChange(t *testing.T) {
	w := newWorld(t, 20)
	parent := w.accept(spendWith(1000, 2, v3, w.fund(1)))
	var list []*chain.Tx
	for i := 2; i <= 20; i++ {
		list = append(list, spend(1000, 1, w.fund(i)))
	}
	list = append(list, spendWith(1000, 1, v3, out(parent, 0)))
	done := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			for _, r := range w.pool.Test(list, 0) {
				if r.Err != nil && !errors.Is(r.Err, policy.ErrTRUC) || r.List != nil && !errors.Is(r.List, policy.ErrTRUC) {
					t.Errorf("refused: %v, %v", r.Err, r.List)
				}
			}
		}
	})
	child := spendWith(1000, 1, v3, out(parent, 1))
	for range 4000 {
		if _, err := w.pool.Add(child); err != nil {
			t.Error(err)
		}
		w.pool.mu.Lock()
		w.pool.drop(w.pool.graph.byTxID(child.ID), chain.GoneEvicted, &change{})
		w.pool.mu.Unlock()
	}
	close(done)
	readers.Wait()
	w.check()
}
