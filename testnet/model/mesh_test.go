package model

import (
	"context"
	"testing"
)

// Newcomers who all know each other hear the same at the same moment, and yet do not all ask a stock seed
// then, as when all that was under way ends together.
func TestNewcomersWhoAllKnowEachOtherTakeOneCopy(t *testing.T) {
	const rate, newcomers = 4_000_000, 32
	blocks := mixed(136, 64, 909_000)
	for seed := range uint64(2) {
		d, err := Download(context.Background(), DownloadConfig{Newcomers: newcomers, Links: newcomers + 1, Blocks: blocks, SeedRate: rate, Stock: true, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		copies, last := figures(d, blocks, rate)
		if copies > 1.15 || last > 1.3 {
			t.Errorf("seed %d: %.2f copies, the last after %.2f of the bound", seed, copies, last)
		}
	}
}
