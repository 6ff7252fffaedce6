package blocks

import (
	"runtime"
	"testing"
	"weak"
)

// Of a newcomer that was given blocks and has left nothing large is kept: who comes and goes ten thousand times
// takes no memory.
func TestOfWhoHasLeftLittleIsKept(t *testing.T) {
	r := seedRig(100)
	a, b := r.newcomerOf(true), r.newcomerOf(true)
	for h := 1; h < 10; h++ {
		r.asks(t, a, h)
		r.asks(t, b, h)
	}
	if len(b.wishes.refused) == 0 || !r.asks(t, b, 60) {
		t.Fatal("b was refused nothing, or everything")
	}
	claim := weak.Make(b.claim)
	r.Leave(b)
	if b.wishes.refused != nil || b.wishes.unproven != nil {
		t.Error("what it was refused is kept")
	}
	runtime.GC()
	if claim.Value() != nil {
		t.Error("what it claimed is kept")
	}
	if x := r.gifts.of[r.path[60]]; x == nil || r.lasts(x) {
		t.Error("a gift lasts whose taker has left")
	}
	runtime.KeepAlive(b)
}
