package cli

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
)

// LogHandler writes log lines for people: time of day, what happened, and the
// details dimmed. It is safe for concurrent use.
type LogHandler struct {
	o      *Out
	level  slog.Level
	mu     *sync.Mutex // one line at a time; shared by all that WithAttrs makes
	prefix string      // attributes of WithAttrs, formatted
	group  string      // "name." in front of keys
}

var _ slog.Handler = (*LogHandler)(nil)

// NewLogHandler writes lines of at least that level to o.
func NewLogHandler(o *Out, level slog.Level) *LogHandler {
	return &LogHandler{o: o, level: level, mu: &sync.Mutex{}}
}

// Enabled is slog's.
func (h *LogHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

// Handle is slog's.
func (h *LogHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(h.o.Paint(Dim, r.Time.Format("15:04:05.000")) + " ")
	switch {
	case r.Level >= slog.LevelError:
		b.WriteString(h.o.Paint(Red, "ERROR ") + r.Message)
	case r.Level >= slog.LevelWarn:
		b.WriteString(h.o.Paint(Yellow, "warn ") + r.Message)
	case r.Level < slog.LevelInfo:
		b.WriteString(h.o.Paint(Dim, "debug "+r.Message))
	default:
		b.WriteString(r.Message)
	}
	attrs := h.prefix
	r.Attrs(func(a slog.Attr) bool {
		attrs += h.format(h.group, a)
		return true
	})
	b.WriteString(h.o.Paint(Dim, attrs) + "\n")
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.o.Write([]byte(b.String()))
	return err
}

// format is " key=value", the value quoted where it would be read as two.
func (h *LogHandler) format(group string, a slog.Attr) string {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		out := ""
		for _, inner := range v.Group() {
			out += h.format(group+a.Key+".", inner)
		}
		return out
	}
	text := v.String()
	if v.Kind() == slog.KindDuration {
		text = v.Duration().Round(time.Microsecond).String()
	}
	if text == "" || strings.ContainsAny(text, " \t\n\"=") || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		text = strconv.Quote(text)
	}
	return fmt.Sprintf(" %s%s=%s", group, a.Key, text)
}

// WithAttrs is slog's.
func (h *LogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	for _, a := range attrs {
		c.prefix += h.format(h.group, a)
	}
	return &c
}

// WithGroup is slog's.
func (h *LogHandler) WithGroup(name string) slog.Handler {
	c := *h
	if name != "" {
		c.group += name + "."
	}
	return &c
}
