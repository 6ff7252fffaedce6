package blocks

import (
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/headers"
)

// Fetcher is the download as a whole.
type Fetcher struct {
	tree    *headers.Tree
	rand    *rand.Rand
	minWork chain.Work // no chain with less is downloaded
	now     time.Time

	sources []*Source                  // in order of joining
	flights map[*headers.Entry]*flight // blocks in flight [mapBlocksInFlight]
	count   int                        // requests in flight, over all sources
	held    int                        // bytes of bodies that wait or are validated, at the last plan
	useful  int                        // sources that could be asked, at the last plan

	route     way    // to our best header
	routes    uint64 // its number, from 1: it changes with the route
	opens     row    // blocks of the route that may be asked for, if openFound
	openFound bool
	lost      []*headers.Entry // of the verified chain, lowest first
	gaps      bool             // bodies of the verified chain may be missing above whole, as they were pruned or never came
	whole     int32            // the height up to which none is missing, if there are gaps
	dirty     bool             // something changed that may let a source be asked
	began     time.Time        // when there was first something to fetch
	late      time.Duration
	// giveUp is the patience with a stalled peer. Each one dropped doubles it until a
	// body comes: where nobody delivers our own line may be too slow for a block a minute.
	giveUp time.Duration
	size   blockSize
	total  rate // of all sources together: the guess for one that has not delivered
	have   haveTalk
	gifts  gifts
	turns  turns

	// Short says whether most of a block is probably in our pool, so that it is asked
	// in short form of who speaks that.
	Short func(*headers.Entry) bool
	Still bool // people hold the clock (setmocktime), so that no wait ends
	Even  bool // each peer is asked for as much as Core would (even.go)
	Log   *slog.Logger

	direct    *Source        // has just sent headers near our tip, and is asked first; nil: nobody has
	directTop *headers.Entry // the last of those; nil: not known
	unfit     *headers.Entry // cannot be put together from short ids: asked for whole
}

// New makes a Fetcher over a tree. No chain of less than minWork is downloaded.
func New(t *headers.Tree, r *rand.Rand, minWork chain.Work) *Fetcher {
	return &Fetcher{tree: t, rand: r, minWork: minWork, flights: make(map[*headers.Entry]*flight), late: lateAfter, giveUp: giveUpAfter,
		Short: func(*headers.Entry) bool { return false }, Log: slog.New(slog.DiscardHandler)}
}

// Now tells the time; it comes before all else of a step.
func (f *Fetcher) Now(now time.Time) { f.now = now }

// Join makes a source of a peer.
func (f *Fetcher) Join(l *p2p.Link) *Source {
	p := &Source{Link: l, usable: l.Services&wire.SFNodeWitness != 0}
	switch {
	case l.Services&wire.SFNodeNetwork != 0:
	case l.Services&wire.SFNodeNetworkLimited != 0:
		p.depth = limitedDepth
	default:
		p.depth = directDepth
	}
	f.sources = append(f.sources, p)
	if p.Have {
		f.have.peers++
	}
	return p
}

// Leave forgets a source; what it was asked for is asked elsewhere.
func (f *Fetcher) Leave(p *Source) {
	p.gone = true
	f.sources = slices.DeleteFunc(slices.Clone(f.sources), func(q *Source) bool { return q == p })
	if p.Have {
		f.have.peers--
		f.have.fresh = false
	}
	f.release(p)
	f.dirty = true
	// Gifts still name it: they are many, and its own are large.
	p.claim, p.view, p.givens, p.wishes = nil, view{}, givens{}, wishes{}
	p.owes, p.shown, p.equals, p.branch = nil, nil, nil, way{}
}

// Changed says that a source may have to be asked for something.
func (f *Fetcher) Changed() { f.dirty = true }

// TipMoved: what was sent in short form no longer builds on our tip.
func (f *Fetcher) TipMoved() {
	for _, p := range f.sources {
		p.shown = nil
	}
	f.dirty = true
}

// Connected: a block was connected; patience comes back, as in Core.
func (f *Fetcher) Connected() {
	before := f.late
	if f.late = max(lateAfter, f.late*85/100); f.Even && f.late != before {
		f.Log.Debug("less patience with stalling peers", "seconds", int(f.late.Seconds()))
	}
}

// Due is the earliest time at which something is late or have peers are told.
func (f *Fetcher) Due() time.Time {
	due := sooner(sooner(f.have.at, f.have.till), f.have.heard)
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
