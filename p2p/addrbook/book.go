package addrbook

import (
	"iter"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"grapevine/db"
	"grapevine/p2p"
)

// Bounds. A full book is about 20,000 addresses, some 4 MiB.
const (
	newBuckets   = 256 // ours hold each address once, Core's up to eight times [ADDRMAN_NEW_BUCKETS_PER_ADDRESS]
	triedBuckets = 64
	coreBuckets  = 4  // times as many has Core, and a book that is Fixed [ADDRMAN_NEW_BUCKET_COUNT, ADDRMAN_TRIED_BUCKET_COUNT]
	bucketSize   = 64 // as in Core [ADDRMAN_BUCKET_SIZE]

	newPerSource  = 64 // buckets that one source group can reach (Core's ADDRMAN_NEW_BUCKETS_PER_SOURCE_GROUP)
	triedPerGroup = 8  // Core's ADDRMAN_TRIED_BUCKETS_PER_GROUP

	// samplePercent and sampleMax bound the answer to getaddr, as in Core [MAX_PCT_ADDR_TO_SEND].
	samplePercent = 23
	sampleMax     = 1000
	// The same answer is given for 21 to 27 hours, so that two connections cannot
	// compare answers and tell that they reach one node [GetAddresses].
	answerAge  = 21 * time.Hour
	answerMore = 6 * time.Hour
	maxAnswers = 64 // ways by which peers come: a few networks and addresses of ours

	horizon     = 30 * 24 * time.Hour // not seen for longer: terrible [ADDRMAN_HORIZON]
	maxFailures = 10                  // in a row within a week, or 3 ever without a success: terrible [ADDRMAN_MAX_FAILURES, ADDRMAN_MIN_FAIL]
	maxNewTries = 3                   // [ADDRMAN_RETRIES]
	future      = 10 * time.Minute    // an address seen later than this from now is a lie
)

// Config is what a book needs from its owner.
type Config struct {
	DB    *db.DB           // peers.db; nil keeps the book in memory only
	Now   func() time.Time // wall clock; nil: time.Now
	Rand  *rand.Rand       // the book's own: no one else may use it
	ASMap *p2p.ASMap       // which addresses one operator owns; nil: those of a network group [-asmap]
	// CheckEvery proves at every so many uses that the book is whole; 0: never [-checkaddrman].
	CheckEvery int64
	Fixed      bool         // the key is no secret, and all places are those that Core has with it: for tests [-test=addrman]
	Local      bool         // loopback and private addresses count, groups do not (regtest)
	Log        *slog.Logger // nil discards
}

// Book remembers addresses of nodes. All its methods may be called at once [AddrMan].
type Book struct {
	cfg   Config
	saved string // the anchors in the file; Save's alone

	mu      sync.Mutex
	key     []byte // secret, of secretSize bytes; of a book that is Fixed no secret, and of 32
	known   map[netip.AddrPort]*entry
	slots   map[slot]*entry
	order   []*entry                // all of known, in no particular order, for picking at random
	dirty   map[netip.AddrPort]bool // changed or gone since the last Save
	answers map[string]answer       // to getaddr

	healthAt time.Time // when it is next said how the map fits
	uses     int64     // counted where CheckEvery says so

	anchors   []netip.AddrPort // of the last run, or to be kept for the next
	bans      map[p2p.Subnet]Ban
	bansDirty bool

	lastGood int64            // when any address was good last: failures count only if others do not fail
	rivals   []netip.AddrPort // new addresses whose place in tried is taken, oldest first
}

// entry is an address and how good it was. Times are Unix seconds.
type entry struct {
	addr     p2p.Addr
	source   string // who told us: an address, a seed's name, or, from older files, a group
	tried    bool
	lastTry  int64
	lastGood int64
	counted  int64  // when a failure was counted last, as far as this run knows
	failures uint32 // in a row

	at    slot
	index int // in Book.order
}

// slot is a place in one of the tables.
type slot struct {
	tried       bool
	bucket, pos int
}

// Add takes an address heard from source ("host:port" or host of the speaker)
// and reports whether it was new to us. Addresses that cannot be reached are
// ignored, as is everything that finds its place taken by a good one [AddrManImpl::AddSingle].
func (b *Book) Add(a p2p.Addr, source string) bool {
	a.At = netip.AddrPortFrom(a.At.Addr().Unmap(), a.At.Port())
	network, _ := p2p.Overlay(a.At.Addr())
	if a.At.Port() == 0 && network != p2p.I2P || !b.Reachable(a.At.Addr()) {
		return false
	}
	at, added := b.add(a, source)
	if added {
		b.cfg.Log.Debug("address added", "addr", p2p.HostPortOf(a.At), "table", "new", "bucket", at.bucket, "position", at.pos)
	}
	return added
}

// add is Add of an address that can be reached; at is its place.
func (b *Book) add(a p2p.Addr, source string) (at slot, added bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.used()
	now := b.cfg.Now().Unix()
	if a.Seen > now+int64(future/time.Second) || a.Seen <= 0 {
		a.Seen = now - int64(5*24*time.Hour/time.Second) // as Core does with nonsense
	}
	if e := b.known[a.At]; e != nil {
		if a.Seen > e.addr.Seen {
			e.addr.Seen = a.Seen
			b.dirty[a.At] = true
		}
		e.addr.Services |= a.Services
		return at, false
	}
	e := &entry{addr: a, source: source}
	added = b.place(e, now)
	return e.at, added
}

// place puts an entry where its addresses belong, if that place is free or
// taken by a terrible one.
func (b *Book) place(e *entry, now int64) bool {
	e.at = b.slotOf(e)
	if old := b.slots[e.at]; old != nil {
		if !old.terrible(now) {
			return false
		}
		b.remove(old)
	}
	key := e.addr.At
	e.index = len(b.order)
	b.order = append(b.order, e)
	b.known[key], b.slots[e.at], b.dirty[key] = e, e, true
	return true
}

func (b *Book) remove(e *entry) {
	key := e.addr.At
	delete(b.known, key)
	delete(b.slots, e.at)
	b.dirty[key] = true
	last := b.order[len(b.order)-1]
	last.index = e.index
	b.order[e.index] = last
	b.order = b.order[:len(b.order)-1]
}

// Attempt says that we are dialling the address. As in Core that counts as a
// failure until it is good, but only once until some other address is good: a
// node that has no network must not come to think badly of everybody [AddrManImpl::Attempt_].
func (b *Book) Attempt(key netip.AddrPort) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.known[key]
	if e == nil {
		return
	}
	e.lastTry = b.cfg.Now().Unix()
	if b.cfg.Local || e.counted < b.lastGood {
		e.counted = e.lastTry
		e.failures++
	}
	b.dirty[key] = true
}

// Forgive forgets that the address could not be reached: what was in the way is gone.
func (b *Book) Forgive(key netip.AddrPort) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.known[key]; e != nil {
		e.lastTry, e.failures = 0, 0
		b.dirty[key] = true
	}
}

// Good says that the address, which we dialled, has greeted us as a node should.
// If its place in tried is taken, the older one there is tested before it goes [AddrManImpl::Good_].
func (b *Book) Good(key netip.AddrPort) {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.used()
	e := b.known[key]
	if e == nil {
		return
	}
	now := b.cfg.Now().Unix()
	e.lastGood, e.lastTry, e.failures, e.addr.Seen = now, now, 0, now
	b.lastGood = now
	b.dirty[key] = true
	switch {
	case e.tried:
	case b.cfg.Local || b.incumbent(e) == nil: // locally no feeler would test it
		b.promote(e, now)
	default:
		b.contest(key)
	}
}

// Promote moves an address to tried as if it had been good, unless its place there is
// taken; it reports whether it did [addpeeraddress].
func (b *Book) Promote(key netip.AddrPort) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.known[key]
	if e == nil || e.tried || b.incumbent(e) != nil {
		return false
	}
	now := b.cfg.Now().Unix()
	e.lastGood, e.failures = now, 0
	b.promote(e, now)
	return true
}

// Pick chooses an address to dial: tried and new ones about equally often, and
// the rarer the more often it failed. It does not choose what is banned, nor
// what skip refuses, which must not call the book [Select_].
func (b *Book) Pick(skip func(p2p.Addr) bool) (p2p.Addr, bool) {
	return b.pick(skip, false)
}

// PickTried is Pick of those alone that we were connected to.
func (b *Book) PickTried(skip func(p2p.Addr) bool) (p2p.Addr, bool) {
	return b.pick(skip, true)
}

// Tried tells whether we were connected to the address once.
func (b *Book) Tried(a p2p.Addr) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.known[a.At]
	return e != nil && e.tried
}

func (b *Book) pick(skip func(p2p.Addr) bool, triedOnly bool) (p2p.Addr, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.cfg.Now().Unix()
	wantTried := triedOnly || b.cfg.Rand.IntN(2) == 0
	for _, strict := range []bool{true, false} {
		for e := range b.around() {
			if (strict || triedOnly) && e.tried != wantTried || !b.due(e, now) || b.banned(e.addr.At.Addr()) || skip(e.addr) {
				continue
			}
			if e.failures > 0 && b.cfg.Rand.Float64() > chance(e.failures) && strict {
				continue
			}
			return e.addr, true
		}
	}
	return p2p.Addr{}, false
}

// around goes over all addresses once, from a random one on.
func (b *Book) around() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		n := len(b.order)
		if n == 0 {
			return
		}
		start := b.cfg.Rand.IntN(n)
		for i := range n {
			if !yield(b.order[(start+i)%n]) {
				return
			}
		}
	}
}

// due tells whether enough time has passed since the last attempt: it doubles
// with each failure, from 10 minutes to 3 days (locally from 1 second to 1 minute).
// After a good one it is a minute: who restarts is to find its peers again before
// strangers have taken their places.
func (b *Book) due(e *entry, now int64) bool {
	least, most := int64(10*60), int64(3*24*3600)
	switch {
	case b.cfg.Local:
		least, most = 1, 60
	case e.failures == 0 && e.lastGood >= e.lastTry:
		least = 60
	}
	wait := min(least<<min(max(e.failures, 1)-1, 16), most)
	return now-e.lastTry >= wait || now < e.lastTry
}

// chance is Core's: 0.66 for each failure, at most eight of them [GetChance].
func chance(failures uint32) float64 { return math.Pow(0.66, float64(min(failures, 8))) }

// terrible: not worth its place (Core's IsTerrible).
func (e *entry) terrible(now int64) bool {
	switch {
	case now-e.lastTry < 60:
		return false // just being tried
	case now-e.addr.Seen > int64(horizon/time.Second):
		return true
	case e.lastGood == 0 && e.failures >= maxNewTries:
		return true
	}
	return e.failures >= maxFailures && now-e.lastGood > 7*24*3600
}

// Answer is what getaddr is answered to who came this way (its network and the address
// where it arrived): a random part of the book, the same for about a day. Locally it is
// all of it, and always fresh.
func (b *Book) Answer(way string) []p2p.Addr {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.cfg.Now()
	if b.cfg.Local {
		return b.sample(len(b.order), now)
	}
	a, ok := b.answers[way]
	if !ok || now.Sub(a.made) >= a.lasts || now.Before(a.made) {
		if len(b.answers) >= maxAnswers {
			clear(b.answers)
		}
		lasts := answerAge + time.Duration(b.cfg.Rand.Int64N(int64(answerMore)))
		a = answer{b.sample(b.sampleSize(), now), now, lasts}
		b.answers[way] = a
	}
	return a.addrs
}

// answer is what getaddr was answered once, and for how long it holds.
type answer struct {
	addrs []p2p.Addr
	made  time.Time
	lasts time.Duration
}

// Sample is a fresh random part of the book, as large as an answer.
func (b *Book) Sample() []p2p.Addr {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sample(b.sampleSize(), b.cfg.Now())
}

func (b *Book) sampleSize() int { return (len(b.order)*samplePercent + 99) / 100 }

func (b *Book) sample(n int, now time.Time) []p2p.Addr {
	n = min(n, sampleMax)
	out := make([]p2p.Addr, 0, n)
	for _, i := range b.cfg.Rand.Perm(len(b.order)) {
		if len(out) == n {
			break
		}
		if e := b.order[i]; !e.terrible(now.Unix()) && !b.banned(e.addr.At.Addr()) {
			out = append(out, e.addr)
		}
	}
	return out
}

// All lists every address (getnodeaddresses).
func (b *Book) All() []p2p.Addr {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.used()
	out := make([]p2p.Addr, 0, len(b.order))
	for _, e := range b.order {
		out = append(out, e.addr)
	}
	return out
}

// Placed is an address with its place in a table.
type Placed struct {
	p2p.Addr
	Tried            bool
	Bucket, Position int
	Source           string // who told us of it
}

// Table lists every address with its place [getrawaddrman].
func (b *Book) Table() []Placed {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Placed, 0, len(b.order))
	for _, e := range b.order {
		out = append(out, Placed{e.addr, e.tried, e.at.bucket, e.at.pos, e.source})
	}
	return out
}

// Len is how many addresses are known.
func (b *Book) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.order)
}

// Forget drops an address: it turned out to be our own.
func (b *Book) Forget(key netip.AddrPort) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.known[key]; e != nil {
		b.remove(e)
	}
}
