package model

import (
	"runtime"
	"testing"
	"time"
)

func mustRun(t testing.TB, cfg Config) *Result {
	t.Helper()
	r, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// 64 nodes, 8 links each, 50 ms, no limit to bandwidth, 0.3 s for a block.
func TestRelayOfATown(t *testing.T) {
	cfg := Default()
	cfg.Prove = true
	cfg.Validation = 300 * time.Millisecond
	var runs []*Result
	for seed := range uint64(20) {
		cfg.Seed = seed + 1
		r := mustRun(t, cfg)
		runs = append(runs, r)
		for _, w := range r.Wrong {
			t.Errorf("seed %d: %s", cfg.Seed, w)
		}
	}
	r := Merge(runs)
	t.Logf("blocks: %.3f %.3f %.3f %.3f", r.Blocks.P50, r.Blocks.P90, r.Blocks.P99, r.Blocks.Last)
	t.Logf("txs: %.3f %.3f %.3f %.3f", r.Txs.P50, r.Txs.P90, r.Txs.P99, r.Txs.Last)
	t.Logf("extra body %.4f tx %.4f, stale %.3f in %.0f out %.0f steps %d secs %.0f", r.ExtraBody, r.ExtraTx, r.Stale, r.InBytes, r.OutBytes, r.Steps, r.Seconds)
	for _, s := range r.Said {
		t.Logf("%+v", s)
	}
	runtime.GC()
}
