package swarm

import "time"

// bucket lets a burst through at once and then so many a second.
type bucket struct {
	tokens      float64 // left now; may be set above the burst
	burst, rate float64
	at          time.Time
}

// newBucket is full.
func newBucket(burst, rate float64, now time.Time) bucket {
	return bucket{tokens: burst, burst: burst, rate: rate, at: now}
}

// ready reports whether one more would be let through.
func (b *bucket) ready(now time.Time) bool {
	if d := now.Sub(b.at); d > 0 {
		// What was given on top of the burst is kept, but not refilled.
		b.tokens = max(b.tokens, min(b.tokens+b.rate*d.Seconds(), b.burst))
	}
	b.at = now
	return b.tokens >= 1
}

// take reports whether one more is let through.
func (b *bucket) take(now time.Time) bool {
	if !b.ready(now) {
		return false
	}
	b.tokens--
	return true
}
