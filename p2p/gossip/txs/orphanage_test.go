package txs

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
)

func orphanOf(i int, from p2p.PeerID, size int, now time.Time, parents ...int) *Orphan {
	x := &Orphan{
		Tx:   &chain.Tx{MsgTx: &wire.MsgTx{}, WID: chain.Hash{byte(i), byte(i >> 8), byte(i >> 16)}, Size: size},
		From: from, Expires: now.Add(OrphanExpiry),
	}
	for _, p := range parents {
		x.Parents = append(x.Parents, chain.Hash{1, byte(p)})
	}
	return x
}

func TestRandomComingsAndGoingsKeepTheIndexesRight(t *testing.T) {
	for seed := range uint64(20) {
		r, o, now := rand.New(rand.NewPCG(seed, 0)), NewOrphanage(OrphanLimits{}), time.Unix(1000, 0)
		for i := range 2000 {
			switch k := r.IntN(10); {
			case k < 6:
				x := orphanOf(i, p2p.PeerID(r.IntN(9)), r.IntN(100_000), now, r.IntN(20), 20+r.IntN(20))
				if o.Takes(x.From, len(x.Parents)) {
					o.Add(x)
				}
			case k < 8:
				for _, x := range o.Waiting(chain.Hash{1, byte(r.IntN(40))}) {
					o.Remove(x.Tx.WID)
				}
			case k == 8 && i%2 == 0:
				o.Also(chain.Hash{byte(i - r.IntN(9)), byte(i >> 8)}, p2p.PeerID(r.IntN(9)))
			case k == 8:
				o.Forget(p2p.PeerID(r.IntN(9)))
			default:
				now = now.Add(time.Duration(r.IntN(300)) * time.Second)
				o.Expire(now)
			}
			if i%20 == 0 {
				if err := o.Check(); err != nil {
					t.Fatalf("seed %d, step %d: %v", seed, i, err)
				}
			}
		}
		o.Expire(now.Add(time.Hour))
		if o.Len() != 0 || o.bytes != 0 || len(o.byParent) != 0 || len(o.perPeer) != 0 {
			t.Errorf("seed %d: something is left after all have expired", seed)
		}
	}
}

// An orphan waits for so many parents and no more, and so many who have announced it
// too take it over, one after the other, when who sent it has left.
func TestAnOrphanHasSoManyParentsAndHeirs(t *testing.T) {
	const parents, heirs = 100, 8
	o := NewOrphanage(OrphanLimits{})
	if !o.Takes(1, parents) || o.Takes(1, parents+1) {
		t.Error("not the bound of parents")
	}
	o.Add(orphanOf(1, 100, 100, time.Unix(1000, 0), 1))
	for id := range p2p.PeerID(heirs + 1) {
		o.Also(chain.Hash{1}, id)
	}
	o.Forget(100)
	for id := range p2p.PeerID(heirs) {
		if o.Len() != 1 {
			t.Fatalf("gone after %d who had announced it", id)
		}
		o.Forget(id)
	}
	if o.Len() != 0 {
		t.Error("one more than the bound was remembered")
	}
}

func TestT28_TheOrphanageIsBounded(t *testing.T) {
	o, now := NewOrphanage(OrphanLimits{}), time.Unix(1000, 0)
	for i := range 5000 {
		if x := orphanOf(i, p2p.PeerID(i%50), 200, now, 1); o.Takes(x.From, 1) {
			o.Add(x)
		}
	}
	if o.Len() != 1000 {
		t.Errorf("%d orphans", o.Len())
	}
	for i := range 500 {
		o.Add(orphanOf(10_000+i, 1, 100_000, now, 1))
	}
	if o.bytes > 10<<20 {
		t.Errorf("%d bytes", o.bytes)
	}
	if o.Takes(2, 101) {
		t.Error("an orphan of 101 parents is no honest transaction")
	}
}
