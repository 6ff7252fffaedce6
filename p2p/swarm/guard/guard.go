package guard

import (
	"net"
	"time"
)

// Bucket lets a burst through at once and then so many a second.
type Bucket struct {
	Tokens      float64 // left now; may be set above the burst
	burst, rate float64
	at          time.Time
}

// NewBucket is full.
func NewBucket(burst, rate float64, now time.Time) Bucket {
	return Bucket{Tokens: burst, burst: burst, rate: rate, at: now}
}

// Ready reports whether one more would be let through.
func (b *Bucket) Ready(now time.Time) bool {
	if d := now.Sub(b.at); d > 0 {
		// What was given on top of the burst is kept, but not refilled.
		b.Tokens = max(b.Tokens, min(b.Tokens+b.rate*d.Seconds(), b.burst))
	}
	b.at = now
	return b.Tokens >= 1
}

// Take reports whether one more is let through.
func (b *Bucket) Take(now time.Time) bool {
	if !b.Ready(now) {
		return false
	}
	b.Tokens--
	return true
}

// Outcasts are hosts that have offended: not dialled and not accepted for a day.
// Loopback is never among them: there everybody shares one address.
type Outcasts struct {
	until map[string]time.Time
	queue []string // oldest first
}

const (
	maxOutcasts = 10_000 // hosts; the oldest are forgotten
	outcastFor  = 24 * time.Hour
)

// NewOutcasts has none.
func NewOutcasts() *Outcasts { return &Outcasts{until: map[string]time.Time{}} }

// Add remembers an offender.
func (o *Outcasts) Add(host string, now time.Time) {
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return
	}
	if _, ok := o.until[host]; !ok {
		if len(o.queue) >= maxOutcasts {
			delete(o.until, o.queue[0])
			o.queue = o.queue[1:]
		}
		o.queue = append(o.queue, host)
	}
	o.until[host] = now.Add(outcastFor)
}

// Has tells whether the host is still shunned.
func (o *Outcasts) Has(host string, now time.Time) bool {
	t, ok := o.until[host]
	return ok && now.Before(t)
}
