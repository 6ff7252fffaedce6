package fetch

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/headertree"
	"grapevine/p2p/gossip/headers"
)

// Source is one peer as a source of bodies.
type Source struct {
	Top *headers.Entry // best header that it has; for a have peer of headers only
	RTT time.Duration  // shortest measured; 0: not known

	chosen  bool // by ourselves: an attacker has the others for free
	lates   int  // times it let a block become late, less one for every tenth it delivered
	grace   int  // deliveries towards the next
	have    bool // speaks gvhave
	usable  bool // has witnesses and blocks
	limited bool // has only the last blocks (BIP159)
	gone    bool

	flights []*flight      // in order of asking
	misfit  *headers.Entry // the last block whose short form it sent and that this did not make
	lateAt  time.Time      // when the first of them is late, or the peer given up if it is
	headAt  time.Time      // since when the first of them is first
	stalled bool           // something is late: nothing more is asked until all has come
	grown   int            // deliveries in time since the last overdue one
	rate    rate

	missed    *headers.Entry // its best header before it answered notfound
	againAt   time.Time      // when that is believed again: it may have judged the block meanwhile
	missPause time.Duration  // the last one until then

	claim  *claim // what a have peer says it holds; nil before it has said anything
	branch way    // to its best header, where that is beside the way to ours
}

// Has notes that the source has a header, and its body unless it speaks gvhave.
func (p *Source) Has(e *headers.Entry) {
	if p.Top == nil || e.Node.Work.Cmp(p.Top.Node.Work) > 0 {
		p.Top = e
	}
}

// Best is the best header that it has, nil: none is known.
func (p *Source) Best() *headers.Entry { return p.Top }

// miss: the source says that it does not have e, which it had said it has.
func (p *Source) miss(e *headers.Entry, now time.Time) {
	if p.missed == nil {
		p.missed = p.Top
	}
	p.missPause = min(max(2*p.missPause, missPauseLeast), missPauseMost)
	p.againAt = now.Add(p.missPause)
	p.Top = e.Parent
}

// believe believes what the source said before it answered notfound.
func (p *Source) believe() {
	p.Has(p.missed)
	p.missed, p.againAt = nil, time.Time{}
}

// top is the best header it has that is worth asking for.
func (p *Source) top() *headers.Entry {
	for p.Top != nil && p.Top.Bad != headertree.Good {
		p.Top = p.Top.Parent
	}
	return p.Top
}

// Unreliable says whether it has let blocks become late.
func (p *Source) Unreliable() bool { return p.lates > 0 }

// rank orders sources for asking: of our own choice and reliable, reliable,
// others.
func (p *Source) rank() int {
	switch {
	case p.lates > 0:
		return 2
	case !p.chosen:
		return 1
	}
	return 0
}

const ranks = 3

// InFlight lists the heights of the blocks asked from it, in order of asking.
func (p *Source) InFlight() (heights []int32) {
	for _, f := range p.flights {
		heights = append(heights, f.e.Node.Height)
	}
	return heights
}

// Ask is what is to be asked from a source in one getdata.
type Ask struct {
	From   *Source
	Blocks []*headers.Entry
}

// Fetcher is the download as a whole.
type Fetcher struct {
	tree    *headers.Tree
	rand    *rand.Rand
	minWork chain.Work // no chain with less is downloaded
	now     time.Time

	sources []*Source // in order of joining
	flights map[*headers.Entry]*flight
	count   int // requests in flight, over all sources
	held    int // bytes of bodies that wait or are judged, at the last plan
	useful  int // sources that could be asked, at the last plan

	route way              // to our best header
	lost  []*headers.Entry // of the verified chain, lowest first
	dirty bool             // something changed that may let a source be asked
	began time.Time        // when there was first something to fetch
	late  time.Duration
	// giveUp is the patience with a stalled peer. Each one dropped doubles it until a
	// body comes: where nobody delivers our own line may be too slow for a block a minute.
	giveUp time.Duration
	size   blockSize
	total  rate // of all sources together: the guess for one that has not delivered
	have   haveTalk
}

// New makes a Fetcher over a tree. No chain of less than minWork is downloaded.
func New(t *headers.Tree, r *rand.Rand, minWork chain.Work) *Fetcher {
	return &Fetcher{tree: t, rand: r, minWork: minWork, flights: make(map[*headers.Entry]*flight), late: lateAfter, giveUp: giveUpAfter}
}

// Now tells the time; it comes before all else of a step.
func (f *Fetcher) Now(now time.Time) { f.now = now }

// Join makes a source of a peer; chosen: we connected to it.
func (f *Fetcher) Join(services wire.ServiceFlag, have, chosen bool) *Source {
	p := &Source{
		chosen:  chosen,
		have:    have,
		usable:  services&wire.SFNodeWitness != 0 && services&(wire.SFNodeNetwork|wire.SFNodeNetworkLimited) != 0,
		limited: services&wire.SFNodeNetwork == 0,
	}
	f.sources = append(f.sources, p)
	if have {
		f.have.peers++
	}
	return p
}

// Leave forgets a source; what it was asked for is asked elsewhere.
func (f *Fetcher) Leave(p *Source) {
	p.gone = true
	f.sources = slices.DeleteFunc(slices.Clone(f.sources), func(q *Source) bool { return q == p })
	if p.have {
		f.have.peers--
		f.have.fresh = false
	}
	f.release(p)
	f.dirty = true
}

// Changed says that a source may have to be asked for something.
func (f *Fetcher) Changed() { f.dirty = true }

// Connected: a block was connected; patience comes back, as in Core.
func (f *Fetcher) Connected() { f.late = max(lateAfter, f.late*85/100) }

// Due is the earliest time at which something is late or have peers are told.
func (f *Fetcher) Due() time.Time {
	due := sooner(f.have.at, f.have.till)
	for _, p := range f.sources {
		due = sooner(sooner(due, p.lateAt), p.againAt)
	}
	return due
}

// sooner is the earlier of two times; zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (f *Fetcher) up(t time.Time) bool { return !t.IsZero() && !f.now.Before(t) }
