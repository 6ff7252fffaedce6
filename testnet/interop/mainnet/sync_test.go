package mainnet

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/node"
)

// feeder is a peer that serves the first blocks and knows nothing else.
type feeder struct {
	t      *testing.T
	blocks []*chain.Block
	at     map[chain.Hash]int
}

func newFeeder(t *testing.T, blocks []*chain.Block) *feeder {
	f := &feeder{t: t, blocks: blocks, at: map[chain.Hash]int{}}
	for i, b := range blocks {
		f.at[b.Hash] = i
	}
	return f
}

// listen serves whoever comes until the test ends, and says where.
func (f *feeder) listen() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { f.serve(conn) })
		}
	})
	f.t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	return l.Addr().String()
}

func (f *feeder) serve(conn net.Conn) {
	defer conn.Close()
	for {
		_, m, _, err := wire.ReadMessageWithEncodingN(conn, wire.ProtocolVersion, wire.MainNet, wire.WitnessEncoding)
		var wrong *wire.MessageError
		if errors.Is(err, wire.ErrUnknownMessage) || errors.As(err, &wrong) {
			continue // wire does not know all that nodes say today
		}
		if err != nil {
			return
		}
		for _, answer := range f.answer(m) {
			if _, err := wire.WriteMessageWithEncodingN(conn, answer, wire.ProtocolVersion, wire.MainNet, wire.WitnessEncoding); err != nil {
				return
			}
		}
	}
}

func (f *feeder) answer(m wire.Message) (out []wire.Message) {
	switch m := m.(type) {
	case *wire.MsgVersion:
		me := wire.NewNetAddressIPPort(net.IPv4(127, 0, 0, 1), 0, wire.SFNodeNetwork|wire.SFNodeWitness)
		v := wire.NewMsgVersion(me, me, 1, lastBlock)
		v.Services, v.ProtocolVersion = me.Services, int32(wire.FeeFilterVersion)
		return []wire.Message{v, wire.NewMsgVerAck()}
	case *wire.MsgPing:
		return []wire.Message{wire.NewMsgPong(m.Nonce)}
	case *wire.MsgGetHeaders:
		return []wire.Message{f.headers(m.BlockLocatorHashes)}
	case *wire.MsgGetData:
		for _, want := range m.InvList {
			if i, ok := f.at[want.Hash]; ok {
				out = append(out, f.blocks[i].MsgBlock())
			}
		}
	}
	return out
}

func (f *feeder) headers(locator []*chain.Hash) *wire.MsgHeaders {
	from := 0
	for _, h := range locator {
		if i, ok := f.at[*h]; ok {
			from = i
			break
		}
	}
	m := wire.NewMsgHeaders()
	for i := from + 1; i < len(f.blocks) && len(m.Headers) < wire.MaxBlockHeadersPerMsg; i++ {
		m.Headers = append(m.Headers, &f.blocks[i].Header)
	}
	return m
}

// A whole node fetches mainnet's first blocks from a peer, checks every one,
// and then has the coins that the naive connector has.
func TestFirstBlocksSyncOverP2P(t *testing.T) {
	blocks := firstBlocks(t)
	p := chain.MainNet()
	p.MinimumChainWork = chain.Work{} // two hours of one machine would be below it
	n, err := node.New(node.Config{Params: p, DataDir: t.TempDir(), NoSync: true,
		Connect: []string{newFeeder(t, blocks).listen()}, DBCache: 64 << 20, Version: "0.0.0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	for deadline := time.Now().Add(time.Minute); n.Ledger.Tip().Hash.String() != lastHash; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("stands at block %d", n.Ledger.Tip().Height)
		}
	}
	stats, err := n.Ledger.CoinStats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w := connectAll(t, blocks)
	if int(stats.TxOuts) != len(w.coins) || stats.Total != w.total() || stats.Height != lastBlock {
		t.Errorf("at %d there are %d coins, %v; want %d, %v", stats.Height, stats.TxOuts, stats.Total, len(w.coins), w.total())
	}
	t.Logf("%d coins, %v, muhash %s, hash_serialized_3 %s", stats.TxOuts, stats.Total, stats.MuHash, stats.Serialized3)
}
