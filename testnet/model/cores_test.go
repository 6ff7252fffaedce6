package model

import (
	"context"
	"slices"
	"testing"
	"time"
)

// Work is done first come, first served, on the core that is free first.
func TestCoresAreShared(t *testing.T) {
	c := make(cores, 2)
	for i, want := range []time.Duration{10, 4, 9, 13} {
		if at := c.spend(0, []time.Duration{10, 4, 5, 4}[i]); at != want {
			t.Errorf("piece %d is done at %d, want %d", i, at, want)
		}
	}
	if at := c.spend(100, 7); at != 107 {
		t.Errorf("a core that was idle is done at %d", at)
	}
	if at := cores(nil).spend(5, 100); at != 5 {
		t.Errorf("without cores to share it takes until %d", at)
	}
}

// 32 newcomers on two cores need these for nearly as long as a stock seed needs its line: who waits with both for
// its turn is late. (Before whose block had come had the next turn: 1.43 to 1.55 of the bound.) In one run of eight
// half of the chain is asked for twice, by whichever rule of when to plan, so that it is the middle run that counts.
func TestNewcomersOfOneMachine(t *testing.T) {
	const rate, newcomers = 4_000_000, 32
	blocks := mixed(136, 64, 909_000)
	var copies, last [5]float64
	for seed := range copies {
		d, err := Download(context.Background(), DownloadConfig{Newcomers: newcomers, Links: newcomers + 1, Blocks: blocks, SeedRate: rate, Stock: true, Seed: uint64(seed), Cores: 2})
		if err != nil {
			t.Fatal(err)
		}
		copies[seed], last[seed] = figures(d, blocks, rate)
		t.Logf("seed %d: %.2f copies, the last after %.2f of the bound", seed, copies[seed], last[seed])
		if copies[seed] > 2 || last[seed] > 1.95 {
			t.Errorf("seed %d: %.2f copies, the last after %.2f of the bound", seed, copies[seed], last[seed])
		}
	}
	slices.Sort(copies[:])
	slices.Sort(last[:])
	if copies[2] > 1.15 || last[2] > 1.41 {
		t.Errorf("in the middle %.2f copies, the last after %.2f of the bound", copies[2], last[2])
	}
}
