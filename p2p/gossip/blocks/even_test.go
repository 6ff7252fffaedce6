package blocks

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"
)

// askedOf counts the blocks that a plan asks of each source.
func (r *rig) askedOf() map[*Source]int {
	n := map[*Source]int{}
	for _, a := range r.Fetcher.plan(0) {
		n[a.from] += len(a.blocks)
	}
	return n
}

func evenRig(blocks, sources int) (*rig, []*Source) {
	r := newRig(blocks)
	r.Even = true
	var ps []*Source
	for range sources {
		ps = append(ps, r.source(false))
	}
	return r, ps
}

func TestEvenAsksSixteenOfEach(t *testing.T) {
	r, ps := evenRig(40, 3)
	n := r.askedOf()
	if n[ps[0]] != 16 || n[ps[1]] != 16 || n[ps[2]] != 8 {
		t.Errorf("asked %d, %d and %d", n[ps[0]], n[ps[1]], n[ps[2]])
	}
}

// Who holds the window up is dropped after two seconds, then four; blocks that are
// connected bring the two seconds back. As long as the window reaches to the end
// nobody is.
func TestEvenDropsWhoStallsTheWindow(t *testing.T) {
	for _, blocks := range []int{window, window + 1} {
		r, ps := evenRig(blocks, 3)
		staller := ps[0]
		first := r.path[1]
		for range blocks {
			r.askedOf()
			for _, e := range r.path[1:] {
				for x := r.flights[e]; x != nil && e != first; x = r.flights[e] {
					r.Deliver(x.p, e, 200)
					e.Stored = true
				}
			}
		}
		r.Changed()
		r.askedOf()
		r.wait(2*time.Second - 1)
		if d := r.lates(); len(d) != 0 {
			t.Errorf("%d blocks: dropped too early", blocks)
		}
		r.wait(1)
		d := r.lates()
		if stalls := blocks > window; stalls != (len(d) == 1 && d[0] == staller) {
			t.Errorf("%d blocks: dropped %d", blocks, len(d))
		} else if !stalls {
			continue
		}
		r.Leave(staller)
		r.askedOf()
		if r.late != 4*time.Second || r.flights[first] == nil {
			t.Errorf("patience is %v, and nobody is asked: %v", r.late, r.flights[first] == nil)
		}
		if r.TipRose(10); r.late != 2*time.Second {
			t.Errorf("after ten blocks patience is %v", r.late)
		}
	}
}

// A block that does not come has ten minutes, and five for each other peer that sends.
func TestEvenDropsWhoDoesNotSend(t *testing.T) {
	r, ps := evenRig(32, 2)
	r.askedOf()
	r.wait(15*time.Minute - 1)
	if d := r.lates(); len(d) != 0 {
		t.Error("dropped too early")
	}
	r.wait(5 * time.Minute)
	if d := r.lates(); len(d) == 0 || d[0] != ps[0] {
		t.Errorf("dropped %d", len(d))
	}
}

// A pushed block's parts are asked of two who came to us at most, if none of our own
// choice is among them, and of three in all.
func TestEvenPlacesForParts(t *testing.T) {
	r := newRig(1)
	r.Even = true
	e := r.path[1]
	join := func(chosen, pushes bool) *Source {
		p := r.join(wire.SFNodeNetwork|wire.SFNodeWitness, false, chosen)
		p.Pushes = pushes
		return p
	}
	for i, c := range []struct{ chosen, pushes, want bool }{
		{false, false, true}, {false, false, false}, {false, true, true}, {false, true, false}, {true, true, true}, {true, true, false},
	} {
		if got := r.Expect(join(c.chosen, c.pushes), e); got != c.want {
			t.Errorf("peer %d: %v", i, got)
		}
	}
}
