package blocks

import (
	"fmt"
	"math/bits"
	"time"

	"grapevine/chain/headertree"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/msg"
)

// row says yes or no to each block of the route: bit i is for the i-th of its path. With
// many neighbours, each of whom often says what it holds, what they say together is to be
// found out at once, not block by block.
type row [window / 64]uint64

func (r *row) set(i int)      { r[i/64] |= 1 << (i % 64) }
func (r *row) clear(i int)    { r[i/64] &^= 1 << (i % 64) }
func (r *row) has(i int) bool { return r[i/64]>>(i%64)&1 != 0 }

// setFirst says yes to the first n.
func (r *row) setFirst(n int) {
	for w := range r {
		if left := n - 64*w; left >= 64 {
			r[w] = ^uint64(0)
		} else if left > 0 {
			r[w] |= 1<<left - 1
		}
	}
}

// or adds what the other says yes to.
func (r *row) or(o *row) {
	for w := range r {
		r[w] |= o[w]
	}
}

// mark says yes to what bits does, whose bit from is our first; from may be negative.
func (r *row) mark(bits msg.Bits, from, n int) {
	for w := 0; 64*w < n; w++ {
		word := wordAt(bits, from+64*w)
		if left := n - 64*w; left < 64 {
			word &= 1<<left - 1
		}
		r[w] |= word
	}
}

// wordAt is the 64 bits from one on; those before the first and after the last say no.
func wordAt(bits msg.Bits, from int) (word uint64) {
	first := from >> 3 // rounded down
	for i := range 9 {
		at := first + i
		if at < 0 || at >= len(bits) {
			continue
		}
		if shift := 8*i - from&7; shift >= 0 {
			word |= uint64(bits[at]) << shift
		} else {
			word |= uint64(bits[at]) >> -shift
		}
	}
	return word
}

// and keeps what the other says yes to as well.
func (r *row) and(o *row) {
	for w := range r {
		r[w] &= o[w]
	}
}

// without takes out what the other says yes to.
func (r *row) without(o *row) {
	for w := range r {
		r[w] &^= o[w]
	}
}

// all goes through what it says yes to, in order.
func (r *row) all(yield func(i int) bool) {
	for w, word := range r {
		for ; word != 0; word &= word - 1 {
			if !yield(64*w + bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}

// view is what a have peer says, seen along the route.
type view struct {
	route    uint64 // it was made for; 0: it is to be made anew
	has      row    // these bodies it holds
	tells    row    // these it fetches
	fresh    row    // these of them it did not say to fetch before
	given    row    // these it has given to others
	complete bool   // it holds all of the route
}

// viewOf is what a have peer has said, made anew only when it has said more or the route
// has changed.
func (f *Fetcher) viewOf(p *Source) *view {
	v, path := &p.view, f.route.path
	if v.route == f.routes {
		return v
	}
	*v = view{route: f.routes}
	if len(path) == 0 {
		return v
	}
	has, start := f.reachTo(p, f.route.goal), int(path[0].Node.Height)
	v.complete = has.upTo >= path[len(path)-1].Node.Height
	v.has.setFirst(min(int(has.upTo)+1-start, len(path)))
	marked := func(r *row, after int32, in msg.Bits) { r.mark(in, start-int(after)-1, len(path)) }
	marked(&v.has, has.upTo, has.beyond)
	if g := &p.givens; g.last != nil && g.last.IsAncestorOf(f.route.goal) {
		marked(&v.given, g.last.Node.Height, g.bits)
	}
	if p.claim != nil && has.upTo == p.claim.last.Node.Height {
		marked(&v.tells, has.upTo, p.claim.fetching)
		v.tells.without(&v.has)
		v.fresh = v.tells
		if c := p.claim; c.counted.last != nil {
			before := row{}
			marked(&before, c.counted.last.Node.Height, c.counted.fetching)
			v.fresh.without(&before)
		}
	}
	return v
}

// heldBy is which blocks of the route a source holds; complete: all, and it has not just
// fetched them as we do.
func (f *Fetcher) heldBy(p *Source) (has row, complete bool) {
	if p.Have {
		v := f.viewOf(p)
		return v.has, v.complete && !p.newcomer
	}
	if path := f.route.path; len(path) > 0 {
		n := int(f.reachTo(p, f.route.goal).upTo-path[0].Node.Height) + 1
		has.setFirst(min(n, len(path)))
		complete = n >= len(path)
	}
	return has, complete
}

// placeOf is where on the route a block stands; false: it is not on it.
func (f *Fetcher) placeOf(e *headers.Entry) (int, bool) {
	path := f.route.path
	if len(path) == 0 {
		return 0, false
	}
	i := int(e.Node.Height - path[0].Node.Height)
	return i, i >= 0 && i < len(path) && path[i] == e
}

// openRow is which blocks of the route anybody may be asked for, found out once for each
// plan.
func (f *Fetcher) openRow() *row {
	if f.openFound {
		return &f.opens
	}
	f.openFound, f.opens = true, row{}
	r := &f.route
	for i := r.cursor; i < len(r.path) && r.path[i].Bad == headertree.Good; i++ {
		if f.open(r.path[i]) {
			f.opens.set(i)
		} else if i == r.cursor {
			r.cursor++
		}
	}
	return &f.opens
}

// claimed is since when a block is said to be fetched, and how often that began anew.
type claimed struct {
	at    time.Time
	again int
}

// told is what newcomers say to fetch: all of it, and what one of them did not say before.
type told struct{ all, fresh row }

// noteTold remembers since when blocks of the route are claimed to be fetched. Who takes a claim back
// and makes it again begins no new time to be patient, but somebody who makes it when it has been waited
// for does, once.
func (f *Fetcher) noteTold(t told) {
	h, path := &f.have, f.route.path
	began := t.all
	if h.route == f.routes {
		began.without(&h.told)
		t.fresh.or(&began)
	} else { // the bits are of other blocks now
		since := make(map[*headers.Entry]claimed) // at most those of the path
		for _, e := range path {
			if c, ok := h.since[e]; ok {
				since[e] = c
			}
		}
		h.since = since
	}
	h.told, h.route = t.all, f.routes
	for i := range began.all {
		if _, known := h.since[path[i]]; !known {
			h.since[path[i]] = claimed{at: f.now}
		}
	}
	for i := range t.fresh.all {
		if c := h.since[path[i]]; c.again < maxAgain && f.now.Sub(c.at) >= f.swarmPatience() {
			h.since[path[i]] = claimed{f.now, c.again + 1}
		}
	}
}

// ours: we ask for e ourselves, and neighbours will say that it comes to them because we do. Should it
// not come, that is no reason to wait.
func (h *haveTalk) ours(e *headers.Entry) {
	if h.since != nil && (len(h.since) < window || h.since[e] != claimed{}) {
		h.since[e] = claimed{again: maxAgain}
	}
}

// checkViews proves that each view that would be used says what its peer has said.
func (f *Fetcher) checkViews() error {
	for _, p := range f.sources {
		v := &p.view
		if !p.Have || p.claim == nil || v.route != f.routes || len(f.route.path) == 0 {
			continue
		}
		has := f.reachTo(p, f.route.goal)
		for i, e := range f.route.path {
			fetches := has.upTo == p.claim.last.Node.Height && p.claim.fetching.Has(int(e.Node.Height-has.upTo)-1)
			if v.has.has(i) != has.holds(e.Node.Height) || v.tells.has(i) != (fetches && !v.has.has(i)) {
				return fmt.Errorf("view of block %d: holds %v, fetches %v", e.Node.Height, v.has.has(i), v.tells.has(i))
			}
		}
	}
	return nil
}
