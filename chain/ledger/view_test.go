package ledger

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/db"
)

// gate stops the committer before or after a commit, until it is let through.
type gate struct {
	mu      sync.Mutex
	closed  bool
	arrived chan int
	open    chan struct{}
}

func (g *gate) onCommit(n int) {
	g.mu.Lock()
	closed := g.closed
	g.mu.Unlock()
	if closed {
		g.arrived <- n
		<-g.open
	}
}

func (g *gate) set(closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = closed
}

// While a flush hangs before its commit, and while it hangs after it, blocks go
// on being connected and what View reads is the twin's coin set: for every coin
// that there is or ever was.
func TestViewAgreesWithTheTwinWhileAFlushHangs(t *testing.T) {
	g := &gate{arrived: make(chan int), open: make(chan struct{})}
	w := growGrove(t, rand.New(rand.NewPCG(24, 1)), sized(60, 400))
	r := newRig(t, func(_ *Config, o *db.Options) { o.OnCommit = g.onCommit })
	w.submitTrunk(t, r)
	ever := map[wire.OutPoint]struct{}{}
	compare := func(when string) {
		t.Helper()
		r.mu.Lock()
		want := maps.Clone(r.twin.coins)
		tip := r.twin.tip
		r.mu.Unlock()
		for op := range want {
			ever[op] = struct{}{}
		}
		if r.View().Tip().Hash != tip.Hash {
			t.Fatalf("%s: View stands at %d, the twin at %d", when, r.View().Tip().Height, tip.Height)
		}
		for op := range ever {
			c, ok, err := r.View().Coin(op)
			if twin, there := want[op]; err != nil || ok != there || ok && !reflect.DeepEqual(c, twin) {
				t.Fatalf("%s: coin %v is %+v, %v, %v; the twin has %+v, %v", when, op, c, ok, err, twin, there)
			}
		}
	}
	for i := 0; i+10 <= len(w.blocks); i += 10 {
		for _, b := range w.blocks[i : i+5] {
			<-r.later(b.Mined)
		}
		g.set(true)
		flushed := make(chan error, 1)
		go func() { _, err := r.CoinStats(t.Context()); flushed <- err }()
		n := <-g.arrived // before the commit
		compare(fmt.Sprint("before commit ", n/2))
		for _, b := range w.blocks[i+5 : i+8] {
			<-r.later(b.Mined)
		}
		compare("blocks later")
		g.open <- struct{}{}
		n = <-g.arrived // after it
		compare(fmt.Sprint("after commit ", n/2))
		for _, b := range w.blocks[i+8 : i+10] {
			<-r.later(b.Mined)
		}
		compare("blocks later")
		g.set(false)
		g.open <- struct{}{}
		if err := <-flushed; err != nil {
			t.Fatal(err)
		}
		compare("when it is over")
	}
	if r.Tip().Height <= int32(len(w.trunk)) {
		t.Error("nothing was connected")
	}
	r.check()
}
