package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func percentNow() uint64 {
	now := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(now)
	return now[0].Value.Uint64()
}

// Garbage gathers while a program is small; one that has grown keeps little of it.
func TestTheCollectorSavesMemoryOnceTheHeapHasGrown(t *testing.T) {
	old := debug.SetGCPercent(gcPercent)
	t.Cleanup(func() { debug.SetGCPercent(old) })
	eventually(t, "it to start with more", func() bool { // a collection may come at once
		tuneGC()
		return percentNow() == startPercent
	})
	grown := make([]byte, smallHeap+1)
	eventually(t, "the collector to notice", func() bool {
		runtime.GC()
		time.Sleep(10 * time.Millisecond) // or the test itself would be busy
		return percentNow() == gcPercent
	})
	runtime.KeepAlive(grown)
}

// Who allocates fast lets garbage gather, and no longer when it is quiet again.
func TestTheCollectorComesSeldomWhileBlocksCome(t *testing.T) {
	for _, c := range []struct {
		name              string
		live, rate, limit uint64 // MiB
		want              int
	}{
		{"a newcomer among many", 16, 10, 1 << 40, 175},
		{"more lives", 22, 10, 1 << 40, 100},
		{"the middle of a sync: as when it is quiet", 40, 100, 1 << 40, gcPercent},
		{"a large heap", 400, 100, 1 << 40, gcPercent},
		{"a small heap: not more than at the start", 5, 10, 1 << 40, startPercent},
		{"quiet", 12, 0, 1 << 40, gcPercent},
		{"little memory", 12, 10, 18, 50},
		{"less memory than lives", 16, 10, 15, gcPercent},
		{"nothing lives", 0, 10, 1 << 40, gcPercent},
	} {
		if got := percentFor(c.live<<20, c.rate<<20, c.limit<<20); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	old := debug.SetGCPercent(gcPercent)
	t.Cleanup(func() { debug.SetGCPercent(old) })
	p := newPacer()
	grown := make([]byte, smallHeap+1)
	runtime.GC()
	from := time.Now()
	p.at = from.Add(-time.Second)
	p.look(from)
	if p.percent <= gcPercent {
		t.Errorf("a busy heap may have %d %% of garbage", p.percent)
	}
	p.look(from.Add(time.Hour))
	if got := percentNow(); got != gcPercent {
		t.Errorf("a quiet heap may have %d %% of garbage", got)
	}
	runtime.KeepAlive(grown)
}
