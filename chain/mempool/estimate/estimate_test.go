package estimate

import (
	"bytes"
	"encoding/binary"
	"errors"
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
	e := New(100, 0)
	if _, _, ok := e.Rate(6, true); ok {
		t.Fatal("it guesses")
	}
	market(e, 1, func(policy.FeeRate) int32 { return 1 })
	if _, _, ok := e.Rate(6, true); ok {
		t.Fatal("one block is not enough")
	}
}

func TestWhoPaysMoreWaitsLess(t *testing.T) {
	e := New(100, 0)
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
	e := New(100, 0)
	market(e, 200, func(policy.FeeRate) int32 { return 1 })
	within(t, e, 2, 1000, 1200)
	var file bytes.Buffer
	if err := e.Write(&file); err != nil {
		t.Fatal(err)
	}
	late := New(100, 0)
	if err := late.Read(&file); err != nil {
		t.Fatal(err)
	}
	late.height, late.past = 0, span{} // the same past, at height 0
	market(late, 1500, func(rate policy.FeeRate) int32 {
		if rate > 9000 {
			return 1
		}
		return 30
	})
	within(t, late, 2, 8500, 11_000)
}

func TestLeavingIsFailing(t *testing.T) {
	e := New(100, 0)
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
	e := New(100, 0)
	e.Block(10, nil)
	e.Came(chain.Hash{1}, 5000, 10)
	e.Block(10, []chain.Hash{{1}}) // another block of the same height
	e.Came(chain.Hash{2}, 5000, 9) // came while the chain was shorter
	if len(e.watched) != 0 {
		t.Fatal("watched")
	}
	for _, h := range e.horizons {
		for _, n := range h.seen {
			if n != 0 {
				t.Fatal("counted")
			}
		}
	}
}

// What is written is read, to the number; a file cut anywhere or with a number that
// cannot be changes nothing.
func TestEstimatesAreKeptInAFile(t *testing.T) {
	e := New(1000, 0)
	market(e, 100, func(rate policy.FeeRate) int32 { return 1 + int32(rate)%3 })
	e.Forget()
	var file bytes.Buffer
	if err := e.Write(&file); err != nil {
		t.Fatal(err)
	}
	raw := file.Bytes()
	again := New(100, 0)
	if err := again.Read(bytes.NewReader(raw)); err != nil || len(again.watched) != 0 || again.height != 100 {
		t.Fatal(err)
	}
	for target := 1; target <= 50; target++ {
		rate, blocks, ok := e.Rate(target, true)
		if r, b, o := again.Rate(target, true); r != rate || b != blocks || o != ok || !ok {
			t.Errorf("within %d: %d for %d %v, then %d for %d %v", target, rate, blocks, ok, r, b, o)
		}
	}
	before := again.Raw(2, 0.5, Short)
	for size := 0; size < len(raw); size += 1 + size/50 {
		if err := again.Read(bytes.NewReader(raw[:size])); !errors.Is(err, ErrFormat) {
			t.Fatalf("cut at %d: %v", size, err)
		}
	}
	for at, b := range map[int]byte{3: 0x7f, 0: 0, 11: 0xff, 20: 1, 28: 0xff} {
		bad := bytes.Clone(raw)
		bad[at] = b
		if err := again.Read(bytes.NewReader(bad)); !errors.Is(err, ErrFormat) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
	if after := again.Raw(2, 0.5, Short); after.Rate != before.Rate || after.Pass != before.Pass {
		t.Errorf("a bad file has changed %+v to %+v", before, after)
	}
}

// A horizon says which rates pass and which fail, and what became of them.
func TestHorizonsTellWhatTheySaw(t *testing.T) {
	e := New(1000, 0)
	market(e, 200, func(rate policy.FeeRate) int32 {
		if rate > 5000 {
			return 1
		}
		return 0
	})
	for _, w := range []Which{Short, Medium, Long} {
		r := e.Raw(2, 0.9, w)
		if r.Rate < 5000 || r.Pass.Start > r.Rate || r.Pass.End < r.Rate || r.Pass.WithinTarget < 0.9*r.Pass.Confirmed || r.Fail == nil || r.Fail.End > r.Pass.Start {
			t.Errorf("%d: %+v, %+v", w, r, r.Fail)
		}
	}
	if r := New(1000, 0).Raw(2, 0.9, Long); r.Rate >= 0 || r.Fail == nil || r.Fail.Confirmed != 0 || r.Scale != 24 {
		t.Errorf("of nothing: %+v", r)
	}
}
