package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p/msg"
)

// pair are two ends that have greeted each other over loopback. The first serves blocks and
// lends its buffers from b.
func pair(t testing.TB, b *Budget, encrypt bool, blocks map[chain.Hash][]byte) (from, to *Peer) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := Config{Magic: wire.TestNet, Encrypt: encrypt, UserAgent: "/test:1/", Budget: b, Nonce: 1,
		RawBlock: func(to []byte, h chain.Hash) ([]byte, error) {
			if raw, ok := blocks[h]; ok {
				return append(to, raw...), nil
			}
			return nil, errors.New("not found")
		}}
	out, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	in, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	from = New(cfg, in, true)
	cfg.Nonce, cfg.Budget = 2, NewBudget()
	to = New(cfg, out, false)
	var wg sync.WaitGroup
	for _, p := range []*Peer{from, to} {
		wg.Go(func() {
			if _, err := p.Handshake(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return from, to
}

// testBlocks are n blocks of about size bytes each.
func testBlocks(t testing.TB, n, size int) (order []chain.Hash, blocks map[chain.Hash][]byte) {
	t.Helper()
	p := chain.RegTest()
	blocks = map[chain.Hash][]byte{}
	node := p.Genesis()
	for i := range n {
		filler := append([]byte{0x6a}, bytes.Repeat([]byte{byte(i)}, size)...) // OP_RETURN
		m := chaintest.Mine(t, p, node, chaintest.PayTo(filler))
		order, blocks[m.Node.Hash], node = append(order, m.Node.Hash), m.Block.Raw, m.Node
	}
	return order, blocks
}

// deliver sends the blocks from one end to the other, some times over, and gives each that comes to got.
func deliver(t testing.TB, from, to *Peer, order []chain.Hash, got func(*msg.Block)) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // what is spoiled may not even decode
	var wg sync.WaitGroup
	wg.Go(func() {
		defer cancel()
		_ = from.Run(ctx, func(context.Context, wire.Message) error { return nil })
	})
	left := len(order)
	wg.Go(func() {
		defer cancel()
		_ = to.Run(ctx, func(_ context.Context, m wire.Message) error {
			if b, ok := m.(*msg.Block); ok {
				got(b)
				if left--; left == 0 {
					cancel()
				}
			}
			return nil
		})
	})
	for _, h := range order {
		if err := from.SendBlock(h, true); err != nil {
			t.Error(err)
			cancel()
		}
	}
	wg.Wait()
	if left != 0 {
		t.Errorf("%d of %d blocks are missing", left, len(order))
	}
}

// Buffers that come back are spoiled here: whoever still reads one sends or stores what no block is. Many writers
// share them, as when many newcomers are served at once.
func TestABufferIsLentToOneWriterAtATime(t *testing.T) {
	for _, encrypt := range []bool{false, true} {
		t.Run(fmt.Sprintf("encrypted=%v", encrypt), func(t *testing.T) {
			b := NewBudget()
			b.poison = true
			order, blocks := testBlocks(t, 12, 200_000)
			var all sync.WaitGroup
			for range 4 {
				from, to := pair(t, b, encrypt, blocks)
				all.Go(func() {
					deliver(t, from, to, append(order, order...), func(m *msg.Block) {
						if !bytes.Equal(m.Raw, blocks[m.Hash]) {
							t.Errorf("block %v is another one when it comes", m.Hash)
						}
					})
				})
			}
			all.Wait()
		})
	}
}

// A block that is gone spoils nothing, with its buffer.
func TestABufferComesBackThoughTheBlockIsGone(t *testing.T) {
	b := NewBudget()
	b.poison = true
	order, blocks := testBlocks(t, 2, 100_000)
	from, to := pair(t, b, true, blocks)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	go func() { _ = from.Run(ctx, func(context.Context, wire.Message) error { return nil }) }()
	var told []string
	_ = from.SendBlock(order[0], true)
	_ = from.SendBlock(chain.Hash{1}, true)
	_ = from.SendBlock(order[1], true)
	_ = to.Run(ctx, func(_ context.Context, m wire.Message) error {
		if m.Command() == wire.CmdBlock || m.Command() == wire.CmdNotFound {
			if told = append(told, m.Command()); len(told) == 3 {
				cancel()
			}
		}
		return nil
	})
	if got := fmt.Sprint(told); got != "[block notfound block]" {
		t.Errorf("it gets %s", got)
	}
}

// BenchmarkSendBlock is a block of 900 kB from one node to another, over loopback.
func BenchmarkSendBlock(b *testing.B) {
	for _, encrypt := range []bool{false, true} {
		b.Run(fmt.Sprintf("encrypted=%v", encrypt), func(b *testing.B) {
			order, blocks := testBlocks(b, 1, 900_000)
			from, to := pair(b, NewBudget(), encrypt, blocks)
			all := make([]chain.Hash, b.N)
			for i := range all {
				all[i] = order[0]
			}
			b.SetBytes(900_000)
			b.ReportAllocs()
			b.ResetTimer()
			deliver(b, from, to, all, func(*msg.Block) {})
		})
	}
}
