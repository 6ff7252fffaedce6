package blocks

import (
	"math/rand/v2"
	"slices"
	"testing"

	"grapevine/p2p/msg"
)

// A row against a slice of yes and no, at its ends and between.
func TestARowIsASliceOfYesAndNo(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	naive := func(r *row) (yes []bool) {
		for i := range window {
			yes = append(yes, r.has(i))
		}
		return yes
	}
	for _, n := range []int{-1, 0, 1, 63, 64, 65, 1023, 1024, 1025} {
		var r row
		r.setFirst(n)
		for i, yes := range naive(&r) {
			if yes != (i < n) {
				t.Fatalf("first %d: %d is %v", n, i, yes)
			}
		}
	}
	random := func() (r row) {
		for range rnd.IntN(window) {
			r.set(rnd.IntN(window))
		}
		return r
	}
	for range 50 {
		x, y := random(), random()
		or, and, without := x, x, x
		or.or(&y)
		and.and(&y)
		without.without(&y)
		a, b := naive(&x), naive(&y)
		var all []int
		for i := range window {
			if or.has(i) != (a[i] || b[i]) || and.has(i) != (a[i] && b[i]) || without.has(i) != (a[i] && !b[i]) {
				t.Fatalf("block %d of %v and %v", i, a[i], b[i])
			}
			if a[i] {
				all = append(all, i)
			}
		}
		if got := slices.Collect(x.all); !slices.Equal(got, all) {
			t.Fatalf("goes through %v, want %v", got, all)
		}
	}
}

// What a peer says bit by bit, seen from any place, by words.
func TestARowTakesBitsFromAnyPlace(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		bits := make(msg.Bits, rnd.IntN(40))
		for i := range bits {
			bits[i] = byte(rnd.Uint32())
		}
		from, n := rnd.IntN(500)-200, rnd.IntN(200)
		var r row
		r.set(n + 70)
		r.mark(bits, from, n)
		for i := range window {
			if want := i < n && bits.Has(from+i) || i == n+70; r.has(i) != want {
				t.Fatalf("%d bytes from bit %d, %d of them: bit %d is %v", len(bits), from, n, i, !want)
			}
		}
	}
}
