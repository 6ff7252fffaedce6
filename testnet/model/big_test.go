package model

import (
	"os"
	"runtime"
	"testing"
	"time"
)

// GRAPEVINE_LARGE=1: ten thousand nodes in less than 4 GiB.
func TestTenThousandNodes(t *testing.T) {
	if os.Getenv("GRAPEVINE_LARGE") == "" {
		t.Skip("set GRAPEVINE_LARGE=1: a minute or two and 2 GiB")
	}
	cfg := Default()
	cfg.Nodes, cfg.Blocks, cfg.Txs, cfg.Stock = 10_000, 3, 20, os.Getenv("GV_HAVE") == ""
	began := time.Now()
	r := mustRun(t, cfg)
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	t.Logf("%.1f s, %d steps, %d MiB from the system; block %.2f s, tx %.2f s at the last node",
		time.Since(began).Seconds(), r.Steps, mem.Sys>>20, r.Blocks.Last, r.Txs.Last)
	for _, w := range r.Wrong {
		t.Error(w)
	}
	if mem.Sys > 4<<30 {
		t.Errorf("%d MiB, more than 4 GiB", mem.Sys>>20)
	}
}
