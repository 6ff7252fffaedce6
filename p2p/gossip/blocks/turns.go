package blocks

import (
	"slices"
	"time"

	"grapevine/p2p/gossip/headers"
)

// Who has all and knows nothing of newcomers (Bitcoin Core, for one) sends each of them what it
// asks for, and all of it side by side. Should each newcomer ask for as much as its line takes, many
// would ask for the same before they have heard of each other's requests, and what was asked
// for would come at the same late moment everywhere, to be passed on by all at once. So newcomers
// that share the work ask such a source one after the other, without a word about it:
//
//   - little is under way at a time: fewStart blocks, then up to mostUnderWay from each who has all, or
//     as many as come in a quarter of a second, for that keeps its line busy;
//   - when it is less, each waits a random time, the longer the more of them there are, so that
//     the others hear of the first one's request before they make theirs. There may be more of them than
//     our neighbours: that much more is under way then than should be;
//   - at a turn fewStart blocks are asked for, or as many as come in a quarter of a second: where news are slow, as they are
//     while all begin, several take a turn for the same room, and nobody knows how large the next blocks are;
//   - whoever has waited in vain for what another said to fetch asks at a turn too, however little is missing (inVain);
//   - whose block has come has the next turn too, at once: the others hear that it has come together with what is
//     asked for now, and never see room for themselves, so that the line is not idle while they wait. That is for
//     blocks that take longer than news (turnEach), and while enough is left (manyLeft) that two who ask at the
//     same moment seldom ask for the same;
//   - what a newcomer says to fetch counts as long as it is waited for (expected), and no longer: who
//     says so and does not fetch keeps nobody longer from asking than from the block itself. It is waited for
//     anew once, when another says so.
const (
	turnsFrom    = 16 // blocks missing; with fewer, and with the newest block above all, a wait for one's turn is longer than it saves (but to take a request over)
	fewStart     = 2
	mostUnderWay = 8
	turnEach     = 100 * time.Millisecond // for each newcomer that we know: about the time for news to pass
	turnMost     = 8 * time.Second
	manyLeft     = mostUnderWay           // blocks that may be asked for, below which nobody has the next turn too
	turnOver     = time.Second            // that a turn lasts which was not taken: there was nothing to ask for
	moreMost     = 6                      // times more newcomers than neighbours: two for a turn at which too many were sooner, one less for a turn of our own
	idleMost     = 500 * time.Millisecond // that nothing is under way; of many newcomers one asks much sooner
	idlePart     = 4                      // of the wait for a turn that is waited on then
	tookMost     = 2 * time.Second        // that newcomers may need for what they say to fetch and still be waited for
	maxAgain     = 1                      // times that a claim is waited for anew
)

// turns is how we take part in that.
type turns struct {
	at     time.Time     // when it is our turn; zero: we are not waiting for it
	wait   time.Duration // how long we were to wait for it
	mine   time.Time     // when it last was
	gave   time.Time     // when what it was for came, so that the next is ours too if it is taken soon
	more   int           // how many times more newcomers there seem to be than our neighbours
	busy   time.Time     // when something was last under way, or came
	all    int           // blocks that came to newcomers, us among them, since the beginning
	came   [2]int        // of these in this second and in the one before
	second time.Time     // when this one began
	took   time.Duration // from when a block is said to be fetched until it is held, lately
}

// takesTurns says whether newcomers ask the source one after the other: much is missing, and it is unaware.
func (f *Fetcher) takesTurns(p *Source) bool { return len(f.route.path) >= turnsFrom && f.unaware(p) }

// inVain says whether newcomers have said to fetch one of these blocks of the route, which is to be asked for all the
// same: all who wait for it see that at the same moment, and would ask for it.
func (f *Fetcher) inVain(can []int) bool {
	return slices.ContainsFunc(can, func(i int) bool {
		_, claimed := f.have.since[f.route.path[i]]
		return claimed
	})
}

// unaware says whether newcomers share the work of a source that has all and knows nothing of them.
func (f *Fetcher) unaware(p *Source) bool {
	if !f.sharing() || p.Given {
		return false
	}
	_, complete := f.heldBy(p)
	return complete
}

// turn is how many blocks of those left may be asked now from a source that knows nothing of newcomers, n at most.
// It is good for all such sources at once.
func (f *Fetcher) turn(n, left int) int {
	t := &f.turns
	under := f.underWay()
	if under > 0 {
		t.busy = f.now
	}
	most := max(min(mostUnderWay, fewStart+t.all)*f.seeds(), t.quarter())
	room := most - under
	switch {
	case room <= 0:
		if !t.at.IsZero() && under > most {
			t.more = min(t.more+2, moreMost)
		}
		t.at, t.gave = time.Time{}, time.Time{}
		return 0
	case t.mine.Equal(f.now):
		return min(n, room)
	case left >= manyLeft && !t.gave.IsZero() && f.now.Sub(t.gave) < turnEach:
		t.at, t.mine, t.gave = time.Time{}, f.now, time.Time{}
		return min(n, room)
	case t.at.IsZero() || f.now.Sub(t.at) > turnOver:
		most := min(time.Duration(f.have.newcomers*(1+t.more))*turnEach, turnMost)
		t.wait = time.Duration(f.rand.Int64N(int64(most) + 1))
		t.at = f.now.Add(t.wait)
	}
	if f.waitsTill(f.turnAt(under)) {
		return 0
	}
	t.at, t.mine, t.more = time.Time{}, f.now, max(t.more-1, 0)
	// Nobody has heard yet what others ask for in the same moments, and sizes may jump.
	return min(n, room, max(fewStart, t.quarter()))
}

// turnAt is when it is our turn: sooner where nothing is under way, for then newcomers only seem to share the work. Should
// they share it and news be slow, or something come to nobody, not all take it at once.
func (f *Fetcher) turnAt(under int) time.Time {
	t := &f.turns
	if under > 0 {
		return t.at
	}
	idle := t.at.Add(-t.wait)
	for _, since := range []time.Time{t.busy, f.began} {
		if idle.Before(since) {
			idle = since
		}
	}
	return sooner(t.at, idle.Add(idleMost+t.wait/idlePart))
}

// quarter is how many blocks come in a quarter of a second.
func (t *turns) quarter() int { return max(t.came[0], t.came[1]) / 4 }

// seeds is how many sources have all and may be asked.
func (f *Fetcher) seeds() (n int) {
	for _, p := range f.sources {
		if !f.isUseful(p) {
			continue
		}
		if _, complete := f.heldBy(p); complete {
			n++
		}
	}
	return n
}

// underWay is how many blocks of the route are on their way to a newcomer, us among them, and
// held by none. What is late wherever we asked for it is not: who is silent holds no turns.
func (f *Fetcher) underWay() (n int) {
	others := f.have.told
	others.without(&f.have.held)
	for e := range f.flights {
		if i, on := f.placeOf(e); on && !f.have.held.has(i) && e.Needed() && !f.open(e) {
			others.clear(i)
			n++
		}
	}
	for i := range others.all {
		if e := f.route.path[i]; e.Needed() && f.expected(e) {
			n++
		}
	}
	return n
}

// expected says whether a block that newcomers say to fetch is still waited for. Once it is not, more patience
// does not make it so again.
func (f *Fetcher) expected(e *headers.Entry) bool {
	c, known := f.have.since[e]
	switch {
	case !known || c.at.IsZero():
		return false
	case f.waitsTill(c.at.Add(f.swarmPatience())):
		return true
	}
	f.have.since[e] = claimed{again: c.again}
	f.news(f.soon()) // we no longer say that it comes
	return false
}

// swarmPatience is how long is waited for what newcomers say to fetch.
func (f *Fetcher) swarmPatience() time.Duration {
	return min(f.late+min(2*f.turns.took, tookMost)+4*f.takes(f.total.perSecond(guessedRate)), lateAfterMax)
}

// comes says whether e is on its way to us: asked for, or a newcomer holds it or fetches it, so that it
// will pass it on. So newcomers hear also of what those fetch whom they do not know.
func (f *Fetcher) comes(e *headers.Entry) bool {
	h := &f.have
	switch {
	case e.Busy || f.flights[e] != nil:
		return true
	case h.newcomers == 0 || h.route != f.routes || !e.Needed():
		return false
	}
	i, on := f.placeOf(e)
	return on && (h.held.has(i) || h.told.has(i) && f.expected(e))
}

// came notes that a block came to a newcomer, or to us.
func (f *Fetcher) came() {
	t := &f.turns
	if since := f.now.Sub(t.second); since >= 2*time.Second {
		t.came, t.second = [2]int{}, f.now
	} else if since >= time.Second {
		t.came, t.second = [2]int{0, t.came[0]}, f.now
	}
	t.came[0]++
	t.all++
	t.busy = f.now
}

// cameTo notes that a newcomer holds a block, and how long that took since one said to fetch it.
func (f *Fetcher) cameTo(e *headers.Entry) {
	f.came()
	c, ok := f.have.since[e]
	took := f.now.Sub(c.at)
	switch t := &f.turns; {
	case !ok || took > f.swarmPatience():
	case took > t.took:
		t.took = took
	default:
		t.took -= (t.took - took) / 8
	}
}
