package addrbook

import (
	"net/netip"
	"slices"
	"time"

	"grapevine/p2p"
)

// Test before evict, as in Core: an attacker who makes us connect to many of its
// addresses does not push honest ones out of tried, for a feeler looks first
// whether the older address still answers.

const (
	maxRivals    = 10                                    // new addresses that wait for a place (Core's ADDRMAN_SET_TRIED_COLLISION_SIZE)
	keepGood     = int64(4 * time.Hour / time.Second)    // good within: it keeps its place (ADDRMAN_REPLACEMENT)
	testTime     = int64(time.Minute / time.Second)      // for the feeler to come back
	rivalryLasts = int64(40 * time.Minute / time.Second) // without a test; then the new one wins (ADDRMAN_TEST_WINDOW)
)

// incumbent is who has the place in tried that e should have; nil: it is free.
func (b *Book) incumbent(e *entry) *entry {
	c := *e
	c.tried = true
	return b.slots[b.slotOf(&c)]
}

// promote moves an entry to tried; who was there goes back to new, if there is room
// [MakeTried].
func (b *Book) promote(e *entry, now int64) {
	old := b.incumbent(e)
	b.remove(e)
	e.tried = true
	if old != nil {
		b.remove(old)
		old.tried = false
	}
	b.place(e, now)
	if old != nil {
		b.place(old, now)
	}
}

// contest lets a new address wait until the one in its place was tested.
func (b *Book) contest(key netip.AddrPort) {
	if len(b.rivals) < maxRivals && !slices.Contains(b.rivals, key) {
		b.rivals = append(b.rivals, key)
	}
}

// settle ends the contests that have an outcome [ResolveCollisions].
func (b *Book) settle(now int64) {
	b.rivals = slices.DeleteFunc(b.rivals, func(key netip.AddrPort) bool {
		e := b.known[key]
		if e == nil || e.tried {
			return true
		}
		old := b.incumbent(e)
		switch {
		case old != nil && now-old.lastGood < keepGood:
			return true
		case old == nil, now-e.lastGood > rivalryLasts,
			now-old.lastTry < keepGood && now-old.lastTry > testTime: // it was tested, and did not answer
			b.promote(e, now)
			return true
		}
		return false
	})
}

// PickFeeler chooses an address to be looked at: one whose place in tried a newer
// one should have, else one that we were never connected to. connected are those
// that need no look; skip refuses others. Neither may call the book.
func (b *Book) PickFeeler(connected, skip func(p2p.Addr) bool) (p2p.Addr, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.cfg.Now().Unix()
	b.settle(now)
	for _, key := range b.rivals {
		old := b.incumbent(b.known[key])
		switch {
		case connected(old.addr):
			old.lastGood = now
		case !b.banned(old.addr.At.Addr()) && !skip(old.addr) && now-old.lastTry > testTime:
			return old.addr, true
		}
	}
	for e := range b.around() {
		if !e.tried && b.due(e, now) && !b.banned(e.addr.At.Addr()) && !skip(e.addr) {
			return e.addr, true
		}
	}
	return p2p.Addr{}, false
}
