package mempool

import (
	"testing"
)

// Our own wait to be asked for; being asked for, leaving the pool or a block ends that.
func TestUnbroadcastUntilSomebodyAsks(t *testing.T) {
	w := newWorld(t, 4)
	a, b, c := w.accept(spend(1000, 1, w.fund(1))), w.accept(spend(1000, 1, w.fund(2))), w.accept(spend(1000, 1, w.fund(3)))
	never := spend(1000, 1, w.fund(4))
	w.pool.MarkUnbroadcast(a.ID)
	w.pool.MarkUnbroadcast(b.ID)
	w.pool.MarkUnbroadcast(c.ID)
	w.pool.MarkUnbroadcast(never.ID) // not in the pool
	waiting := func(want int) {
		t.Helper()
		kept, all := 0, keep(w.pool)
		for _, k := range all {
			if k.Unbroadcast {
				kept++
			}
		}
		if got := w.pool.Stats().Waiting; got != want || kept != want {
			t.Errorf("%d wait, %d are kept so, want %d", got, kept, want)
		}
	}
	waiting(3)
	if e, _ := w.pool.Entry(a.ID); !e.Unbroadcast {
		t.Error("the entry does not say so")
	}
	w.pool.Fetched(a.ID)
	w.pool.Fetched(a.ID)
	w.pool.Fetched(never.ID)
	waiting(2)
	if e, _ := w.pool.Entry(a.ID); e.Unbroadcast {
		t.Error("it waits still")
	}
	w.mine(b)
	waiting(1)
	w.accept(spend(9000, 1, w.fund(3))) // in its place
	waiting(0)
}

func keep(p *Pool) []Kept {
	list, _ := p.Keep()
	return list
}
