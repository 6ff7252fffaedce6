package cli

import (
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"
)

// tally counts what is written.
type tally struct {
	bytes, lines int
	last         string
}

func (c *tally) Write(b []byte) (int, error) {
	c.bytes += len(b)
	c.lines++
	c.last = string(b)
	return len(b), nil
}

// line is what some place in the code of the node writes.
func line(at time.Time, place uintptr, what string, args ...slog.Attr) slog.Record {
	r := slog.NewRecord(at, slog.LevelWarn, what, place)
	r.AddAttrs(args...)
	return r
}

// T44 at the whole size of the row: invalid blocks and self-connects, a thousand
// a second for an hour, 3,600,000 lines from two places; usually twenty a second, most
// of which are left out too. Each place may write 512 KiB in an hour, half of the row's
// 1 MiB; 484 KiB (JSON) and 438 KiB (text) are used, some 1,950 lines.
func TestT44_AThousandOffencesASecondForAnHour(t *testing.T) {
	second := 20
	if os.Getenv("GRAPEVINE_FULL") != "" {
		second = 1000
	}
	var blocks, selves tally
	whole := [2]slog.Handler{LimitLog(slog.NewJSONHandler(&blocks, nil)), LimitLog(slog.NewTextHandler(&selves, nil))}
	what := [2]string{"block is invalid", "connected to ourselves"}
	args := []slog.Attr{
		slog.String("block", strings.Repeat("0", 64)), slog.Int("height", 840_000),
		slog.Any("err", errors.New("bad-cb-amount: the coinbase takes more than its due")),
	}
	for i := range whole {
		whole[i] = whole[i].WithAttrs([]slog.Attr{slog.String("subsystem", "ledger")})
	}
	begun := time.Unix(1_700_000_000, 0)
	for k := range 3600 * second {
		r := line(begun.Add(time.Duration(k)*time.Second/time.Duration(second)), uintptr(k%2), what[k%2], args...)
		if err := whole[k%2].Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for i, log := range []*tally{&blocks, &selves} {
		t.Logf("%d lines of %q became %d of %d KiB in all", 1800*second, what[i], log.lines, log.bytes>>10)
		if log.bytes > burst+hourly || log.bytes < (burst+hourly)/2 {
			t.Errorf("%d bytes within an hour, %d are allowed and most of them are to be used", log.bytes, burst+hourly)
		}
		if !strings.Contains(log.last, "left_out") {
			t.Errorf("the last line does not say how many are missing: %s", log.last)
		}
	}
}

// Words of strangers that grow when they are quoted count as they are written.
func TestWhatGrowsWhenItIsQuotedCounts(t *testing.T) {
	var log tally
	h := LimitLog(slog.NewTextHandler(&log, nil))
	for range 10_000 {
		if err := h.Handle(t.Context(), line(time.Unix(1, 0), 1, "x", slog.String("agent", strings.Repeat("\x00", 256)))); err != nil {
			t.Fatal(err)
		}
	}
	if log.bytes > burst {
		t.Errorf("%d bytes at once", log.bytes)
	}
}

func TestOnePlaceDoesNotSilenceAnother(t *testing.T) {
	var log tally
	l := slog.New(LimitLog(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	for range 10_000 {
		l.Info("flood")
	}
	flood := log.lines
	if flood == 10_000 || flood < 1000 {
		t.Errorf("%d lines of the flood", flood)
	}
	for range 5000 {
		l.Debug("asked for")
	}
	l.With("peer", 7).Warn("from elsewhere")
	if log.lines != flood+5001 {
		t.Errorf("%d lines of 5,001 of other places", log.lines-flood)
	}
}
