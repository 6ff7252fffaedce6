package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
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
		return percentNow() == gcPercent
	})
	runtime.KeepAlive(grown)
}
