package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// gcPercent is how much garbage, in hundredths of what lives, may gather before it is
// collected: so few take 25 MiB less in the middle of a sync than Go's default, and 5 % more
// CPU. GOGC says otherwise.
const gcPercent = 40

// startPercent is that of the first collections: by gcPercent they would begin at 2 MiB and
// take a fifth of what a start costs, of a node as of a command.
const startPercent = 300

// smallHeap in bytes: who has more alive has started, and saves memory from then on.
// At startPercent it may grow to four times as much.
const smallHeap = 8 << 20

// A node that takes and gives large blocks makes garbage fast while little of it lives: by gcPercent
// a fifth of the CPU of a newcomer among 32 went into collections. Who makes busyRate bytes a
// second may have a heap of busyHeap, which is less than the middle of a sync of many small
// transactions takes by gcPercent.
const (
	busyHeap = 44 << 20
	busyRate = 1 << 20
)

// percentFor is how much garbage may gather while so many bytes live and so many are allocated
// a second; limit is what GOMEMLIMIT leaves for a heap of a busy node.
func percentFor(live, rate, limit uint64) int {
	most := min(busyHeap, limit)
	if rate < busyRate || live == 0 || live >= most {
		return gcPercent
	}
	return int(min(max((most-live)*100/live, gcPercent), startPercent))
}

// pacer looks at each collection.
type pacer struct {
	samples [2]metrics.Sample
	limit   uint64
	started bool
	percent int
	at      time.Time // of the last collection
	allocs  uint64    // until then
}

func newPacer() *pacer {
	p := &pacer{limit: uint64(debug.SetMemoryLimit(-1)) / 4, at: time.Now(), percent: startPercent} // -1 only asks
	p.samples[0].Name, p.samples[1].Name = "/gc/heap/live:bytes", "/gc/heap/allocs:bytes"
	return p
}

// look sets what the next collection waits for.
func (p *pacer) look(now time.Time) {
	metrics.Read(p.samples[:])
	live, allocs := p.samples[0].Value.Uint64(), p.samples[1].Value.Uint64()
	rate := uint64(float64(allocs-p.allocs) / max(now.Sub(p.at), time.Millisecond).Seconds())
	p.at, p.allocs = now, allocs
	if p.started = p.started || live > smallHeap; !p.started {
		return
	}
	if percent := percentFor(live, rate, p.limit); percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
}

// tuneGC lets garbage gather at the start, and from the first collection that leaves more than a
// small heap as much as percentFor says. Each collection asks by the finalizer of something that
// nobody holds.
func tuneGC() {
	debug.SetGCPercent(startPercent)
	p := newPacer()
	type sentinel struct{ p *pacer }
	var ask func(*sentinel)
	ask = func(s *sentinel) {
		s.p.look(time.Now())
		runtime.SetFinalizer(s, ask)
	}
	runtime.SetFinalizer(&sentinel{p}, ask)
}
