package node

import (
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
	"grapevine/p2p"
	"grapevine/p2p/gossip"
)

// noCoins is a chain of genesis alone.
type noCoins struct{ chain.CoinView }

func (noCoins) Tip() *chain.HeaderNode { return chain.RegTest().Genesis() }

// Peers are told which fees the pool asks for, when that has changed.
func TestGossipIsToldOfThePoolsFloor(t *testing.T) {
	f := newFollower()
	for _, c := range []struct {
		rate policy.FeeRate
		told bool
	}{{1000, true}, {1000, false}, {5000, true}, {1000, true}} {
		f.pool = mempool.New(mempool.Config{
			Params: chain.RegTest(), Rules: policy.Rules{Name: "of the test", MinRelay: c.rate}, Now: time.Now, View: func() mempool.View { return noCoins{} },
		})
		evs := f.minFee(nil)
		want := gossip.Event(gossip.MinFeeChanged{Rate: int64(c.rate)})
		if told := len(evs) == 1 && evs[0] == want; told != c.told {
			t.Errorf("at %d: told %v", c.rate, evs)
		}
	}
}

// However many strangers' transactions wait, ours is validated next.
func TestT67_OurOwnPaymentsAreValidatedBeforeStrangers(t *testing.T) {
	f := newFollower()
	tx := func(n byte) *chain.Tx { return &chain.Tx{WID: chain.Hash{n}} }
	for i := range gossip.MaxTxsValidating - 1 {
		f.txs <- p2p.ValidateTx{Peer: 7, Tx: tx(byte(i))}
	}
	f.queue.add(<-f.txs)
	f.txs <- p2p.ValidateTx{Peer: p2p.Self, Tx: tx(200)}
	f.collect()
	for _, want := range []byte{200, 0, 1} {
		if j, ok := f.queue.next(); !ok || j.Tx.WID[0] != want {
			t.Fatalf("validated next: %v, want %d", j.Tx.WID, want)
		}
	}
	f.queue.add(p2p.ValidateTx{Peer: p2p.Self, Tx: tx(201)})
	if j, _ := f.queue.next(); j.Tx.WID[0] != 201 {
		t.Error("an own one that came later waits")
	}
	if f.queue.waiting() == nil {
		t.Error("nothing is said to wait")
	}
	n := 0
	for _, ok := f.queue.next(); ok; _, ok = f.queue.next() {
		n++
	}
	if n != gossip.MaxTxsValidating-3 || f.queue.waiting() != nil {
		t.Errorf("%d more", n)
	}
}
