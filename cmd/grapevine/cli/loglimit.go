package cli

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Bytes of one place in the code: burst at once and hourly as they come back, so
// half a mebibyte in any hour. Core allows a mebibyte.
const (
	burst  = 256 << 10
	hourly = 256 << 10
)

// frame is what a line takes beside its message and attributes, about: time,
// level, the names of these three; each attribute takes around, for what stands
// between it and the next.
const (
	frame  = 80
	around = 6
)

// LogLimit is a log rate limit for each place in the code: no peer and no loop
// fills the disk through our log. It hands on what is within the limit. It is safe for concurrent use.
type LogLimit struct {
	inner slog.Handler
	fixed int // bytes of WithAttrs' attributes
	*places
}

var _ slog.Handler = (*LogLimit)(nil)

// places are shared by all that WithAttrs makes. There are as many as calls in
// our code.
type places struct {
	mu sync.Mutex
	at map[uintptr]*place
}

// place is a call that writes lines.
type place struct {
	left float64   // bytes that may be written now
	then time.Time // when that was
	out  int       // lines left out since the last that was written
}

// LimitLog limits what inner writes. Lines for the search of faults have no limit:
// whoever asks for them wants all.
func LimitLog(inner slog.Handler) *LogLimit {
	return &LogLimit{inner: inner, places: &places{at: map[uintptr]*place{}}}
}

// Enabled is slog's.
func (h *LogLimit) Enabled(ctx context.Context, l slog.Level) bool { return h.inner.Enabled(ctx, l) }

// Handle is slog's. The first line after a silence says how many are missing.
func (h *LogLimit) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelInfo {
		return h.inner.Handle(ctx, r)
	}
	size := frame + h.fixed + longest(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		size += sizeOf(a)
		return true
	})
	out, ok := h.take(r.PC, r.Time, float64(size))
	if !ok {
		return nil
	}
	if out > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("left_out", out))
	}
	return h.inner.Handle(ctx, r)
}

// take asks for size bytes, and says how many lines were left out before.
func (p *places) take(pc uintptr, now time.Time, size float64) (out int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.at[pc]
	if at == nil {
		at = &place{left: burst, then: now}
		p.at[pc] = at
	}
	if d := now.Sub(at.then); d > 0 {
		at.left = min(at.left+hourly*d.Hours(), burst)
	}
	at.then = now
	if at.left < size {
		at.out++
		return 0, false
	}
	at.left -= size
	out, at.out = at.out, 0
	return out, true
}

// sizeOf is about what an attribute takes.
func sizeOf(a slog.Attr) int {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindInt64, slog.KindUint64, slog.KindBool, slog.KindFloat64, slog.KindDuration, slog.KindTime:
		return around + len(a.Key) + len(v.String())
	case slog.KindGroup:
		size := len(a.Key)
		for _, inner := range v.Group() {
			size += sizeOf(inner)
		}
		return size
	default:
		return around + len(a.Key) + longest(v.String())
	}
}

// escape is the longest that one byte can grow to, JSON's \u0000.
const escape = 6

// longest is the most that a text takes in a log.
func longest(s string) int {
	size := len(s)
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			size += escape - 1
		}
	}
	return size
}

// WithAttrs is slog's.
func (h *LogLimit) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := &LogLimit{inner: h.inner.WithAttrs(attrs), fixed: h.fixed, places: h.places}
	for _, a := range attrs {
		c.fixed += sizeOf(a)
	}
	return c
}

// WithGroup is slog's.
func (h *LogLimit) WithGroup(name string) slog.Handler {
	return &LogLimit{inner: h.inner.WithGroup(name), fixed: h.fixed + len(name) + around, places: h.places}
}
