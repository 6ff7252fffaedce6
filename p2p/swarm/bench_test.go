package swarm_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p/swarm"
)

// BenchmarkSync is how fast bodies of 300 kB travel to an empty node when
// nobody has to check them.
func BenchmarkSync(b *testing.B) {
	for _, encrypt := range []bool{false, true} {
		b.Run(fmt.Sprintf("encrypted=%v", encrypt), func(b *testing.B) {
			benchmarkSync(b, func(c *swarm.Config) { c.Encrypt = encrypt })
		})
	}
}

func benchmarkSync(b *testing.B, settings ...setting) {
	p := chain.RegTest()
	fat := chaintest.Tamper(func(m *wire.MsgBlock) {
		for range 30 {
			m.Transactions[0].AddTxOut(wire.NewTxOut(0, make([]byte, 10_000)))
		}
	})
	blocks := chaintest.Grow(b, p, p.Genesis(), chaintest.Times(200), fat)
	full := loopback(b, append(settings, connects("127.0.0.1:1"))...)
	total := int64(0)
	for _, m := range blocks {
		if err := full.SubmitBlock(b.Context(), m.Block); err != nil {
			b.Fatal(err)
		}
		total += int64(len(m.Block.Raw))
	}
	b.SetBytes(total)
	for b.Loop() {
		empty := loopback(b, append(settings, connects(full.addr))...)
		for empty.height() < 200 {
			time.Sleep(time.Millisecond)
		}
		if err := empty.end(); err != nil {
			b.Fatal(err)
		}
	}
}
