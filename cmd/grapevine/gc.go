package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
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

// tuneGC lets garbage gather at the start, and changes to gcPercent by the first collection
// that leaves more than a small heap. Each collection asks by the finalizer of something that
// nobody holds.
func tuneGC() {
	debug.SetGCPercent(startPercent)
	type sentinel struct{ live [1]metrics.Sample }
	var ask func(*sentinel)
	ask = func(s *sentinel) {
		metrics.Read(s.live[:])
		if s.live[0].Value.Uint64() > smallHeap {
			debug.SetGCPercent(gcPercent)
			return
		}
		runtime.SetFinalizer(s, ask)
	}
	s := &sentinel{}
	s.live[0].Name = "/gc/heap/live:bytes"
	runtime.SetFinalizer(s, ask)
}
