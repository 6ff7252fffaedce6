package model

import (
	"context"
	"testing"
)

// A chain of a few blocks is over before newcomers have told each other much. All the same it takes about one
// copy, hardly longer than that, and nobody is left without it: a newcomer may hold the last block and lack one before it, and
// of more than 125 newcomers some are no neighbours of the seed. Clients of one server do not wait for each other.
func TestAShortChainIsNeitherSlowNorDear(t *testing.T) {
	const rate = 4_000_000
	for _, c := range []struct {
		newcomers, blocks, size int
		server                  bool
		copies, time            float64 // at most; of the chain, and of the bound
	}{
		{8, 8, 250_000, false, 1.15, 1.35},
		{16, 16, 250_000, false, 1.15, 1.35},
		{126, 5, 400_000, false, 1.15, 1.5},
		{150, 5, 400_000, false, 1.15, 1.5},
		{1, 8, 250_000, false, 1.05, 1.3},
		{8, 8, 250_000, true, 8.1, 1.05},
		{16, 16, 250_000, true, 16.1, 1.05},
	} {
		blocks := mixed(0, c.blocks, c.size)
		d, err := Download(context.Background(), DownloadConfig{Newcomers: c.newcomers, Blocks: blocks, SeedRate: rate, Server: c.server, Seed: 1})
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		copies, last := figures(d, blocks, rate)
		if c.server {
			last /= float64(c.newcomers)
		}
		t.Logf("%+v: %.2f copies, the last after %.2f of the bound", c, copies, last)
		if copies > c.copies || last > c.time {
			t.Errorf("%+v: %.2f copies, the last after %.2f of the bound", c, copies, last)
		}
	}
}
