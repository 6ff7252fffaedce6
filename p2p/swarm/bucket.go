package swarm

import (
	"net"
	"time"
)

// bucket lets a burst through at once and then rate a second.
type bucket struct {
	tokens, burst, rate float64
	at                  time.Time
}

func newBucket(burst, rate float64, now time.Time) bucket {
	return bucket{tokens: burst, burst: burst, rate: rate, at: now}
}

func (b *bucket) take(now time.Time) bool {
	if d := now.Sub(b.at); d > 0 {
		// What was given on top of the burst is kept, but not refilled.
		b.tokens = max(b.tokens, min(b.tokens+b.rate*d.Seconds(), b.burst))
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// outcasts are hosts that have offended: not dialled and not accepted for a day.
// Loopback is never among them: there everybody shares one address.
type outcasts struct {
	until map[string]time.Time
	queue []string // oldest first
}

const (
	maxOutcasts = 10_000 // hosts; the oldest are forgotten
	outcastFor  = 24 * time.Hour
)

func (o *outcasts) add(host string, now time.Time) {
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

func (o *outcasts) has(host string, now time.Time) bool {
	t, ok := o.until[host]
	return ok && now.Before(t)
}

// shunned: has offended, or somebody has banned it.
func (l *loop) shunned(host string) bool {
	return l.outcasts.has(host, l.cfg.Now()) || l.cfg.Book.Banned(host)
}
