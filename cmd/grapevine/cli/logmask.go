package cli

import (
	"context"
	"log/slog"

	"grapevine/cmd/rpc"
)

// maskedLog writes what is of least level and above, and of what is below it the
// lines of subsystems whose category is on. It is safe for concurrent use.
type maskedLog struct {
	slog.Handler // which writes all
	least        slog.Level
	mask         *rpc.LogMask
	subsystem    string
}

// MaskLog is inner, which takes lines of every level, with a level of its own and
// categories beside it that may be switched while the program runs.
func MaskLog(inner slog.Handler, least slog.Level) (slog.Handler, *rpc.LogMask) {
	mask := &rpc.LogMask{}
	return &maskedLog{Handler: inner, least: least, mask: mask}, mask
}

// Enabled is slog's.
func (h *maskedLog) Enabled(ctx context.Context, l slog.Level) bool {
	return (l >= h.least || h.mask.Any()) && h.Handler.Enabled(ctx, l)
}

// Handle is slog's.
func (h *maskedLog) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < h.least && !h.mask.Logs(rpc.LogCategoryOf(h.subsystem)) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs is slog's.
func (h *maskedLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.Handler = h.Handler.WithAttrs(attrs)
	for _, a := range attrs {
		if a.Key == "subsystem" {
			c.subsystem = a.Value.String()
		}
	}
	return &c
}

// WithGroup is slog's.
func (h *maskedLog) WithGroup(name string) slog.Handler {
	c := *h
	c.Handler = h.Handler.WithGroup(name)
	return &c
}
