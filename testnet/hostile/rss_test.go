package hostile_test

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
	"testing"
)

// rss watches how much memory the kernel has given this process, the attackers'
// own included. Garbage is collected early meanwhile: how much of it lies about
// depends on what three nodes and all attackers hold together. It counts on Linux
// at full size only.
type rss struct {
	t      *testing.T
	before int64 // bytes; 0: not watched
}

// newRSS gives back what is free and lets the kernel find a new peak.
func newRSS(t *testing.T) *rss {
	w := &rss{t: t}
	if !full() || underRace {
		return w
	}
	usual := debug.SetGCPercent(20)
	t.Cleanup(func() { debug.SetGCPercent(usual) })
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err == nil {
		w.before = field("VmHWM:")
	}
	return w
}

// check fails if the peak since newRSS is far above what was there then, and so
// many bytes that were wanted.
func (w *rss) check(wanted int64) {
	w.t.Helper()
	if w.before == 0 {
		return
	}
	grown := field("VmHWM:") - w.before
	w.t.Logf("resident memory has grown by %d MiB at most", grown>>20)
	if grown > wanted+heapMost {
		w.t.Errorf("resident memory has grown by %d MiB, of which %d were wanted", grown>>20, wanted>>20)
	}
}

// field is a line of /proc/self/status in bytes.
func field(name string) int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(b, []byte(name))
	if f := bytes.Fields(rest); len(f) > 0 {
		if kib, err := strconv.ParseInt(string(f[0]), 10, 64); err == nil {
			return kib << 10
		}
	}
	return 0
}
