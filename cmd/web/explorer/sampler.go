package explorer

import (
	"context"
	"runtime"
	"sync"
	"time"

	"grapevine/p2p/swarm"
)

const (
	// sampleEvery and maxSamples make an hour of the node's past, in about 100 kB.
	sampleEvery = 5 * time.Second
	maxSamples  = 720
)

// sample is what /metrics says at one moment.
type sample struct {
	at              time.Time
	height, headers int32
	in, out         int
	poolTxs         int
	poolBytes       int64
	totals          swarm.Totals
	goroutines      int
	heap, system    uint64 // in use, and taken from the system
	steps           uint64
	stepSum         time.Duration
}

// samples are the newest ones, in a ring.
type samples struct {
	mu   sync.Mutex
	ring [maxSamples]sample
	next int // samples taken so far
}

func (s *samples) add(x sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ring[s.next%maxSamples] = x
	s.next++
}

// list are all that are kept, oldest first.
func (s *samples) list() []sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(s.next, maxSamples)
	list := make([]sample, 0, n)
	for i := s.next - n; i < s.next; i++ {
		list = append(list, s.ring[i%maxSamples])
	}
	return list
}

// Run takes samples for the plots until ctx ends.
func (h *Handler) Run(ctx context.Context) error {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		h.samples.add(h.sample(time.Now()))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (h *Handler) sample(now time.Time) sample {
	tip, pool, status, steps := h.Chain.Ledger.Tip(), h.Pool.Pool.Stats(), h.cfg.Swarm.Status(), h.cfg.Swarm.Steps()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	s := sample{at: now, height: tip.Height, headers: max(status.Headers, tip.Height), poolTxs: pool.Size, poolBytes: pool.Bytes,
		totals: h.cfg.Swarm.Totals(), goroutines: runtime.NumGoroutine(), heap: mem.HeapAlloc, system: mem.Sys - mem.HeapReleased, steps: steps.Count, stepSum: steps.Sum}
	for _, p := range h.cfg.Swarm.Connections() {
		if p.Inbound() {
			s.in++
		} else {
			s.out++
		}
	}
	return s
}
