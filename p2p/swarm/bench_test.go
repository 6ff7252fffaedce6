package swarm_test

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// BenchmarkSync is how fast bodies of 300 kB travel to an empty node when
// nobody has to check them.
func BenchmarkSync(b *testing.B) {
	p := chain.RegTest()
	fat := chaintest.Tamper(func(m *wire.MsgBlock) {
		for range 30 {
			m.Transactions[0].AddTxOut(wire.NewTxOut(0, make([]byte, 10_000)))
		}
	})
	blocks := chaintest.Grow(b, p, p.Genesis(), 200, fat)
	full := loopback(b, connects("127.0.0.1:1"))
	total := int64(0)
	for _, m := range blocks {
		if err := full.SubmitBlock(b.Context(), m.Block); err != nil {
			b.Fatal(err)
		}
		total += int64(len(m.Block.Raw))
	}
	b.SetBytes(total)
	for b.Loop() {
		empty := loopback(b, connects(full.addr))
		for empty.height() < 200 {
			time.Sleep(time.Millisecond)
		}
		if err := empty.end(); err != nil {
			b.Fatal(err)
		}
	}
}
