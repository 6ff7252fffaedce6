package estimate

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// market makes transactions with random rates, and blocks that take them as
// taken says: after how many blocks, 0 for never.
func market(e *Estimator, blocks int, taken func(policy.FeeRate) int32) {
	r := rand.New(rand.NewPCG(1, 2))
	due := map[int32][]chain.Hash{}
	var n uint64
	for h := int32(1); h <= int32(blocks); h++ {
		for range 20 {
			n++
			var id chain.Hash
			binary.LittleEndian.PutUint64(id[:], n)
			rate := policy.FeeRate(1000 * math.Exp(r.Float64()*3)) // 1 to 20 sat/vB
			e.Came(id, rate, h-1)
			if wait := taken(rate); wait > 0 {
				due[h-1+wait] = append(due[h-1+wait], id)
			}
		}
		e.Block(h, due[h])
	}
}

func within(t *testing.T, e *Estimator, target int, low, high policy.FeeRate) {
	t.Helper()
	rate, blocks, ok := e.Rate(target, false)
	if !ok || rate < low || rate > high || blocks != max(target, 2) {
		t.Errorf("within %d blocks: %d for %d, %v; want %d to %d", target, rate, blocks, ok, low, high)
	}
}

func TestNothingSeenNothingSaid(t *testing.T) {
	e := New()
	if _, _, ok := e.Rate(6, true); ok {
		t.Fatal("it guesses")
	}
	market(e, 1, func(policy.FeeRate) int32 { return 1 })
	if _, _, ok := e.Rate(6, true); ok {
		t.Fatal("one block is not enough")
	}
}

func TestWhoPaysMoreWaitsLess(t *testing.T) {
	e := New()
	market(e, 300, func(rate policy.FeeRate) int32 {
		switch {
		case rate > 6000:
			return 1
		case rate > 3000:
			return 10
		}
		return 0
	})
	within(t, e, 1, 5800, 7000)
	within(t, e, 4, 5800, 7000)
	within(t, e, 20, 2900, 3500)
	within(t, e, 48, 2900, 3500)
}

func TestOldTimesFade(t *testing.T) {
	e := New()
	market(e, 200, func(policy.FeeRate) int32 { return 1 })
	within(t, e, 2, 1000, 1200)
	late := New()
	late.buckets = e.buckets // the same past, at height 0
	market(late, 1500, func(rate policy.FeeRate) int32 {
		if rate > 9000 {
			return 1
		}
		return 30
	})
	within(t, late, 2, 8500, 10_500)
}

func TestLeavingIsFailing(t *testing.T) {
	e := New()
	r := rand.New(rand.NewPCG(3, 4))
	for h := int32(1); h <= 200; h++ {
		var in []chain.Hash
		for i := range 10 {
			var id chain.Hash
			binary.LittleEndian.PutUint64(id[:], uint64(h)<<8|uint64(i))
			lowFee := r.IntN(2) == 0
			rate := policy.FeeRate(20_000)
			if lowFee {
				rate = 2000
			}
			e.Came(id, rate, h-1)
			if !lowFee || r.IntN(2) == 0 {
				in = append(in, id)
			}
		}
		e.Block(h, in)
		for id, w := range e.watched { // those not taken are evicted three blocks later
			if w.height+3 <= h {
				e.Left(id)
			}
		}
	}
	within(t, e, 2, 19_000, 21_000)
}

func TestReorganisationsAreNotCounted(t *testing.T) {
	e := New()
	e.Block(10, nil)
	e.Came(chain.Hash{1}, 5000, 10)
	e.Block(10, []chain.Hash{{1}}) // another block of the same height
	e.Came(chain.Hash{2}, 5000, 9) // came while the chain was shorter
	if len(e.watched) != 0 {
		t.Fatal("watched")
	}
	for i := range e.buckets {
		if e.buckets[i].seen != 0 {
			t.Fatal("counted")
		}
	}
}
