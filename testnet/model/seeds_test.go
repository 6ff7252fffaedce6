package model

import (
	"reflect"
	"testing"
	"time"
)

// Seeds that run beside each other do what they do alone, and progress is told of all of them together.
func TestSeedsRunBesideEachOther(t *testing.T) {
	cfg := Default()
	cfg.Nodes, cfg.Blocks, cfg.Txs, cfg.Interval = 12, 2, 5, 5*time.Second
	const seeds = 4
	last := 0
	beside := cfg
	beside.Progress = func(done, total int) {
		if done < last || done > total {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	}
	runs, err := RunSeeds(t.Context(), beside, seeds)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range runs {
		alone := cfg
		alone.Seed += uint64(i)
		want := mustRun(t, alone)
		got.Config.Progress = nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("seed %d: %+v, alone %+v", alone.Seed, got, want)
		}
	}
}
