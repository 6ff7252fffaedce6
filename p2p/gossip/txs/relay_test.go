package txs

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
)

func tx(i int) *chain.Tx {
	return &chain.Tx{
		MsgTx: &wire.MsgTx{}, ID: chain.Hash{1, byte(i), byte(i >> 8)}, WID: chain.Hash{2, byte(i), byte(i >> 8)},
		Size: 200, Weight: 800,
	}
}

func TestSetRemembersTheLastOnes(t *testing.T) {
	s := NewSet(100)
	for i := range 10_000 {
		s.Add(tx(i).ID)
		if s.Len() > 200 {
			t.Fatalf("%d hashes", s.Len())
		}
		for j := max(i-99, 0); j <= i; j++ {
			if !s.Has(tx(j).ID) {
				t.Fatalf("after %d, %d is forgotten", i, j)
			}
		}
	}
	if s.Has(tx(9000).ID) {
		t.Error("it never forgets")
	}
}

// outbox is a peer that wants transactions, and names them by wtxid.
func outbox(wants, byWTxID bool) *Peer {
	return NewPeer(&p2p.Link{Hello: p2p.Hello{Relay: wants, WTxIDRelay: byWTxID}}, 0)
}

func TestEachTransactionIsAnnouncedOnce(t *testing.T) {
	p, o := NewPool(), outbox(true, true)
	o.FeeFilter = 5000
	cheap, dear, gone, known := p.Add(tx(1), 999), p.Add(tx(2), 1000), p.Add(tx(3), 1000), p.Add(tx(4), 1000)
	o.Knows(tx(4).WID)
	for range 2 {
		for _, in := range []*Tx{cheap, dear, gone, known} {
			o.Put(in)
		}
	}
	p.Remove(tx(3).WID)
	inv := o.Take(true, 0)
	if inv == nil || len(inv.InvList) != 1 || inv.InvList[0].Hash != tx(2).WID || inv.InvList[0].Type != 5 {
		t.Errorf("announced %v", inv)
	}
	if o.Take(true, 0) != nil || o.Len() != 0 {
		t.Error("announced twice")
	}
	if off := outbox(false, true); off.Put(dear) || off.Len() != 0 {
		t.Error("announced to who wants none")
	}
}

// A hundred peers may be told in one step: none is told of thousands.
func TestT5_AFullOutboxIsEmptiedLittleByLittle(t *testing.T) {
	p, o := NewPool(), outbox(true, true)
	for i := range 10_000 {
		o.Put(p.Add(tx(i), 1000))
	}
	if n := len(o.Take(false, 0).InvList); n != 120 {
		t.Errorf("%d of 10,000 in one inv", n)
	}
	for range 200 {
		o.Take(false, 0)
	}
	if o.Len() != 0 {
		t.Errorf("%d are never announced", o.Len())
	}
}

func TestT5_TheOutboxIsBounded(t *testing.T) {
	p, o := NewPool(), outbox(true, false)
	for i := range 30_000 {
		o.Put(p.Add(tx(i), 1000))
	}
	if o.Len() != 10_000 {
		t.Errorf("%d wait", o.Len())
	}
	if inv := o.Take(true, 0); len(inv.InvList) != 1000 || inv.InvList[0].Hash != tx(20_000).ID || inv.InvList[0].Type != wire.InvTypeTx {
		t.Errorf("%d in one inv, first %v", len(inv.InvList), inv.InvList[0])
	}
}

// The mean time between invs is 2 s to peers of our choice and 5 s to others.
func TestInvsGoOutAtRandomTimes(t *testing.T) {
	for inbound, mean := range map[bool]float64{false: 2, true: 5} {
		timer, now := Timer{Rand: rand.New(rand.NewPCG(1, 0))}, time.Unix(1000, 0)
		begun := now
		for range 20_000 {
			now = timer.Next(now, inbound)
		}
		if got := now.Sub(begun).Seconds() / 20_000; got < mean*0.97 || got > mean*1.03 {
			t.Errorf("inbound %v: mean %.2f s, want %.0f", inbound, got, mean)
		}
	}
}

func TestThePoolsOrderDoesNotGrowForEver(t *testing.T) {
	p := NewPool()
	for i := range 10_000 {
		p.Add(tx(i), 1000)
		if i >= 10 {
			p.Remove(tx(i - 10).WID)
		}
	}
	if p.Len() != 10 || p.Log() > 100 {
		t.Errorf("%d in the pool, %d in its order", p.Len(), p.Log())
	}
	newest := p.Newest(3)
	if len(newest) != 3 || newest[2].ID != tx(9999).ID || p.Add(tx(9999), 1) != nil {
		t.Errorf("newest are %d", len(newest))
	}
}

// A thousand replacements of one outpoint between two announcements are one
// announcement, of the last.
func TestT76_WhatIsReplacedBeforeItsTurnIsNotAnnounced(t *testing.T) {
	p, o := NewPool(), outbox(true, true)
	honest := p.Add(tx(5000), 1000)
	o.Put(honest)
	for i := range 1000 {
		if i > 0 {
			p.Remove(tx(i - 1).WID)
		}
		o.Put(p.Add(tx(i), 1000))
	}
	inv := o.Take(true, 0)
	if inv == nil || len(inv.InvList) != 2 || inv.InvList[0].Hash != tx(5000).WID || inv.InvList[1].Hash != tx(999).WID {
		t.Errorf("announced %v", inv)
	}
}
