package archive

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/db"
)

// A million new coins, block by block, into an empty file, as a node does it:
// frozen at the limit, written in the background while the next ones come. Told
// are the whole time, how long at most a freeze kept the goroutine that makes
// the coins, and how long it waited for flushes before it could freeze again:
// coins come here faster than any signature can be checked.
func BenchmarkFlushMillion(b *testing.B) {
	const goal, block = 1_000_000, 4_000
	for b.Loop() {
		b.StopTimer()
		file, err := db.Open(b.TempDir()+"/chain.db", "chain", 1, db.Options{NoSync: true})
		if err != nil {
			b.Fatal(err)
		}
		a, set := Open(file, nil), genesisSet(file)
		stop, ended := make(chan struct{}), make(chan error, 1)
		go func() { ended <- a.Run(stop) }()
		coin := coins.Append(nil, chain.Coin{Value: 5e8, Height: 1000, PkScript: append([]byte{0, 20}, make([]byte, 20)...)})
		b.StartTimer()
		var pause, waits time.Duration
		for made := 0; made < goal; made += block {
			changes := make([]coins.Change, block)
			for i := range changes {
				changes[i] = coins.Change{Op: outPoint(made + i), Coin: coin, Fresh: true}
			}
			set.Apply(set.Tip(), changes)
			if n, _ := set.Pending(); n < a.FlushLimit() {
				continue
			}
			waits += timed(func() { await(b, a) })
			pause = max(pause, timed(func() { a.Freeze(set, 0, Indexes{}) }))
		}
		await(b, a)
		a.Freeze(set, 0, Indexes{})
		await(b, a)
		b.StopTimer()
		close(stop)
		if err := <-ended; err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(pause.Microseconds()), "µs-freeze")
		b.ReportMetric(float64(waits.Milliseconds()), "ms-waits")
		b.ReportMetric(float64(file.Size())/goal, "disk-B/coin")
		file.Close()
		b.StartTimer()
	}
}

func outPoint(n int) wire.OutPoint {
	return wire.OutPoint{Hash: sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(n/2))), Index: uint32(n % 2)}
}

func timed(fn func()) time.Duration {
	start := time.Now()
	fn()
	return time.Since(start)
}

// await returns when no flush is under way.
func await(b *testing.B, a *Archive) {
	for a.Flushing() {
		if err := a.Sync(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
