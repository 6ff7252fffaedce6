package model

import (
	"context"
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
// its turn is late, and news are slow at first. In the runs from the fourth on all took their turn at once because they had
// heard of nothing, or all asked for the same last block that one of them was late with: 1.63 to 2.10 copies.
func TestNewcomersOfOneMachine(t *testing.T) {
	const rate, newcomers = 4_000_000, 32
	blocks := mixed(136, 64, 909_000)
	try := func(c DownloadConfig, most float64) {
		c.Newcomers, c.Blocks, c.SeedRate, c.Cores = newcomers, blocks, rate, 2
		d, err := Download(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		copies, last := figures(d, blocks, rate)
		t.Logf("stock %v, seed %d: %.2f copies, the last after %.2f of the bound", c.Stock, c.Seed, copies, last)
		if copies > most || last > 1.36 {
			t.Errorf("stock %v, seed %d: %.2f copies, the last after %.2f of the bound", c.Stock, c.Seed, copies, last)
		}
	}
	for _, seed := range []uint64{0, 1, 2, 7, 13, 24, 29} {
		try(DownloadConfig{Links: newcomers + 1, Stock: true, Seed: seed}, 1.15)
	}
	for seed := range uint64(3) { // a seed of ours gives more blocks away than its line takes at once, and no core waits for that
		try(DownloadConfig{Seed: seed}, 1.2)
	}
}
