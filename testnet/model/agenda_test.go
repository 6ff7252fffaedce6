package model

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Events come out by time, and those of one moment as they were put in.
func TestAgendaKeepsOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var line agenda[int]
	var now time.Duration
	last, in := -1, 0
	pop := func() {
		at, what := line.Pop()
		if at < now || at == now && what < last {
			t.Fatalf("number %d of %v came after number %d of %v", what, at, last, now)
		}
		now, last = at, what
	}
	for range 20_000 {
		if line.Len() > 0 && r.IntN(5) < 2 {
			pop()
			continue
		}
		line.Push(now+time.Duration(r.IntN(50)), in)
		in++
	}
	for line.Len() > 0 {
		pop()
	}
}
