package mempool

import (
	"runtime"
	"testing"

	"grapevine/chain"
)

func TestMemoryIsEstimatedNearTheTruth(t *testing.T) {
	w := newWorld(t, 20)
	w.pool.cfg.Script = noScripts{}
	var raws [][]byte
	for i := range 20 {
		root := spend(50_000, 1000, w.fund(i+1))
		w.mine(root)
		for n := range 1000 {
			raws = append(raws, spend(1000, 1+n%3, out(root, n)).Raw())
		}
	}
	used := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := used()
	for _, raw := range raws {
		tx, err := chain.DecodeTx(raw)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.pool.Add(tx); err != nil {
			t.Fatal(err)
		}
	}
	truth, estimate := used()-before, w.pool.Stats().Usage
	t.Logf("%d bytes, estimated %d", truth, estimate)
	if estimate < truth*8/10 || estimate > truth*14/10 {
		t.Errorf("%d transactions take %d bytes, estimated %d", len(raws), truth, estimate)
	}
	runtime.KeepAlive(raws)
}
