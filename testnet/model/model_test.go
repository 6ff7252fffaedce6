package model

import (
	"os"
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

// 64 nodes with 8 outbound links each of 50 ms, no limit to bandwidth, 0.3 s to
// check a block: medians of 20 seeds.
func TestRelayInANetworkOf64(t *testing.T) {
	cfg := Default()
	cfg.Blocks, cfg.Txs = 3, 15
	cfg.Validation = 300 * time.Millisecond
	runs, err := RunSeeds(t.Context(), cfg, 20)
	if err != nil {
		t.Fatal(err)
	}
	r := Merge(runs)
	for _, w := range r.Wrong {
		t.Error(w)
	}
	if r.Txs.Last > 0.5 {
		t.Errorf("a transaction is at the last node after %.3f s", r.Txs.Last)
	}
	if r.Blocks.Last > 0.6 {
		t.Errorf("a block is at the last node after %.3f s", r.Blocks.Last)
	}
	if r.ExtraBody > 0.05 {
		t.Errorf("%.1f %% of the bodies' bytes were sent twice", 100*r.ExtraBody)
	}
	t.Logf("at the last node: transaction %.3f s, block %.3f s; twice: %.2f %% of bodies, %.2f %% of transactions; %.0f B per node",
		r.Txs.Last, r.Blocks.Last, 100*r.ExtraBody, 100*r.ExtraTx, r.InBytes)
}

// What the world of 2019 makes of it: slower, and whole all the same.
func TestWorldOf2019(t *testing.T) {
	cfg := Default()
	cfg.Nodes, cfg.Regions, cfg.TxSize, cfg.Txs = 200, true, 2000, 20
	r := mustRun(t, cfg)
	if len(r.Wrong) > 0 || r.Blocks.Last < 0.2 || r.Blocks.Last > 10 {
		t.Errorf("%.3f s, %v", r.Blocks.Last, r.Wrong)
	}
}

// Public networks hide by random delays where a transaction came from.
func TestPrivacyTakesItsTime(t *testing.T) {
	cfg := Default()
	cfg.Public, cfg.Blocks = true, 1
	r := mustRun(t, cfg)
	if len(r.Wrong) > 0 || r.Txs.Last < 1 || r.Txs.Last > 20 {
		t.Errorf("%.3f s, %v", r.Txs.Last, r.Wrong)
	}
}

// An idle peer costs at most 4 KiB, a node with its peers at most 128 KiB.
func TestIdlePeersAndNodesAreSmall(t *testing.T) {
	const nodes, few, many = 400, 2, 12
	weigh := func(outbound int) float64 {
		cfg := Default()
		cfg.Nodes, cfg.Outbound, cfg.Blocks, cfg.Txs = nodes, outbound, 0, 0
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		m := newSim(cfg)
		m.plot()
		if err := m.play(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.line = agenda[event]{}
		runtime.GC()
		runtime.ReadMemStats(&after)
		size := float64(after.HeapAlloc) - float64(before.HeapAlloc)
		runtime.KeepAlive(m)
		return size
	}
	small, large := weigh(few), weigh(many)
	peer := (large - small) / (nodes * 2 * (many - few))
	node := large / nodes
	t.Logf("an idle peer %.0f bytes, a node with %d peers %.0f bytes", peer, 2*many, node)
	if peer > 4<<10 || node > 128<<10 {
		t.Errorf("an idle peer %.0f bytes, a node with %d peers %.0f bytes", peer, 2*many, node)
	}
}

// Ten thousand nodes take less than 4 GiB, with GRAPEVINE_LARGE=1 (half a
// minute); else a twentieth of them less than a twentieth, beside what the other tests
// have left.
func TestTenThousandNodes(t *testing.T) {
	cfg := Default()
	cfg.Nodes, cfg.Blocks, cfg.Txs = 10_000, 3, 20
	limit := uint64(4 << 30)
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	if os.Getenv("GRAPEVINE_LARGE") == "" {
		cfg.Nodes /= 20
		limit = limit/20 + before.Sys
	}
	began := time.Now()
	r := mustRun(t, cfg)
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	t.Logf("%.1f s, %d steps, %d MiB from the system; block %.2f s, transaction %.2f s at the last node",
		time.Since(began).Seconds(), r.Steps, mem.Sys>>20, r.Blocks.Last, r.Txs.Last)
	for _, w := range r.Wrong {
		t.Error(w)
	}
	if mem.Sys > limit {
		t.Errorf("%d MiB, more than %d", mem.Sys>>20, limit>>20)
	}
}
