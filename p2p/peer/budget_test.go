package peer

import (
	"sync"
	"testing"
	"time"
)

// budgetHolds fails unless what is held is what the claims say, within the bounds.
func (b *Budget) budgetHolds(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := 0
	for c := range b.claims {
		sum += c.bytes
	}
	if b.held != sum || b.held < 0 || b.held > maxAssembly {
		t.Errorf("%d bytes are held, the claims say %d, %d are the most", b.held, sum, maxAssembly)
	}
}

// Who had to go takes a little more before it notices. That is not counted, or it
// would be given back twice.
func TestBudgetIsNotGivenBackTwice(t *testing.T) {
	b, begun := NewBudget(), time.Now()
	killed := 0
	claims := make([]*claim, 4)
	for i := range claims {
		claims[i] = &claim{began: begun.Add(time.Duration(i) * time.Second), kill: func(error) { killed++ }}
	}
	for i := range 3 {
		b.grow(claims[i], maxAssembly/3)
	}
	b.budgetHolds(t)
	if killed != 0 {
		t.Error("somebody had to go though all fits")
	}
	b.grow(claims[3], maxAssembly/3) // the first has to go
	b.budgetHolds(t)
	if killed != 1 || !claims[0].over {
		t.Errorf("%d had to go", killed)
	}
	b.grow(claims[0], maxAssembly/3)
	b.budgetHolds(t)
	for _, c := range claims {
		b.release(c)
		b.budgetHolds(t)
	}
	b.grow(claims[1], 1) // after its end
	if b.held != 0 || len(b.claims) != 0 {
		t.Errorf("%d bytes of %d claims are left", b.held, len(b.claims))
	}
}

// The same, by many at once.
func TestBudgetUnderARaceOfDropAndGrow(t *testing.T) {
	b, begun := NewBudget(), time.Now()
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for k := range 200 {
				c := &claim{began: begun.Add(time.Duration((i*7+k)%50) * time.Second), kill: func(error) {}}
				for range 8 {
					b.grow(c, 1<<20)
				}
				b.budgetHolds(t)
				b.release(c)
			}
		})
	}
	wg.Wait()
	b.budgetHolds(t)
	if b.held != 0 || len(b.claims) != 0 {
		t.Errorf("%d bytes of %d claims are left", b.held, len(b.claims))
	}
}

// btcd finds the terminator behind 4,094 bytes of garbage, not behind 4,095.
func TestGarbageIsNeverTheLongest(t *testing.T) {
	least, most := maxGarbage, 0
	for n := range 1 << 16 {
		size := noiseSize(uint16(n))
		least, most = min(least, size), max(most, size)
	}
	if least != 0 || most != 4094 {
		t.Errorf("garbage of %d to %d bytes, want 0 to 4094", least, most)
	}
}
