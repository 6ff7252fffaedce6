package coins

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
)

// The table by itself against a map, at all loads between two growths and with
// long runs of neighbours: coins of all sizes come, go, and come again in the
// room of others. A map's entry is nil for a coin that is to be deleted below.
func TestCacheBehavesAsAMap(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 7))
		c := NewCache()
		twin, fresh := map[wire.OutPoint][]byte{}, map[wire.OutPoint]bool{}
		for step := range 40_000 {
			op := outPoint(rng.IntN(100 + step/4))
			old, there := twin[op]
			ch := Change{Op: op}
			if old == nil && (there || rng.IntN(4) > 0) {
				ch.Coin = bytes.Repeat([]byte{byte(step)}, 1+rng.IntN(1+rng.IntN(200)))
				ch.Fresh = !there && rng.IntN(4) > 0
			}
			c.Apply(ch)
			switch {
			case ch.Coin == nil && fresh[op]:
				delete(twin, op)
				delete(fresh, op)
			case !there:
				fresh[op] = ch.Fresh
				fallthrough
			default:
				twin[op] = ch.Coin
			}
			if c.Len() != len(twin) || 5*c.Len() > fullFifths*len(c.slots) {
				t.Fatalf("seed %d, step %d: %d entries in %d slots, want %d", seed, step, c.Len(), len(c.slots), len(twin))
			}
			if step%1000 == 0 {
				sameAsMap(t, c, twin)
			}
		}
		sameAsMap(t, c, twin)
	}
}

func sameAsMap(t *testing.T, c *Cache, twin map[wire.OutPoint][]byte) {
	t.Helper()
	for op, want := range twin {
		if got, known := c.Get(op); !known || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
			t.Fatalf("%v is %x, %v; want %x", op, got, known, want)
		}
	}
	n, last := 0, wire.OutPoint{}
	err := c.Sorted(func(op wire.OutPoint, coin []byte) error {
		if want, known := twin[op]; !known || !bytes.Equal(coin, want) || n > 0 && CompareOutPoints(last, op) >= 0 {
			t.Fatalf("after %v comes %v with %x; want %x, %v", last, op, coin, want, known)
		}
		n, last = n+1, op
		return nil
	})
	if err != nil || n != len(twin) {
		t.Fatalf("%d entries, want %d; %v", n, len(twin), err)
	}
}
