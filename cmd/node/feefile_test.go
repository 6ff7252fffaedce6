package node

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/chain/mempool"
)

// Estimates are read if they are young enough or if people say so; what cannot be
// read stops nobody.
func TestFeeEstimatesAreKeptWhileTheyAreYoung(t *testing.T) {
	path, now := filepath.Join(t.TempDir(), "fee_estimates.dat"), time.Unix(1_700_000_000, 0)
	file := func() *feeFile {
		pool := mempool.New(mempool.Config{Params: chain.RegTest(), Now: time.Now, View: func() mempool.View { return noCoins{} }})
		return &feeFile{path, pool, slog.New(slog.DiscardHandler)}
	}
	file().load(now, false) // there is none
	file().save(true)
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	kept[8] = 7 // the height it was written at
	if err := os.WriteFile(path, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		age   time.Duration
		stale bool
		taken bool
	}{{0, false, true}, {61*time.Hour - time.Second, false, true}, {61 * time.Hour, false, false}, {900 * time.Hour, true, true}} {
		if err := os.Chtimes(path, now.Add(-c.age), now.Add(-c.age)); err != nil {
			t.Fatal(err)
		}
		f := file()
		f.load(now, c.stale)
		f.path += ".again"
		f.save(false)
		if again, _ := os.ReadFile(f.path); (string(again) == string(kept)) != c.taken {
			t.Errorf("%v old, stale %v: taken %v", c.age, c.stale, !c.taken)
		}
	}
	if err := os.WriteFile(path, kept[:50], 0o600); err != nil {
		t.Fatal(err)
	}
	file().load(now, true)
}
