package service

import (
	"context"
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/wallet"
)

// large is a user with n transactions of strangers that each pay a coin, in blocks of
// a thousand, to a hundred addresses.
func large(tb testing.TB, n int) *user {
	w := newWorld(tb)
	u := w.user(1)
	scripts := make([][]byte, 50)
	for i := range scripts {
		scripts[i] = u.script(wallet.SegWit)
	}
	coinbase := w.mine(chaintest.OpTrue()).Block.Txs[0]
	node := w.tip()
	for first := 0; first < n; first += 1000 {
		block := &chain.Block{Txs: []*chain.Tx{coinbase}}
		for i := first; i < min(first+1000, n); i++ {
			tx := wire.NewMsgTx(2)
			from := chain.Hash{31: 1}
			binary.BigEndian.PutUint32(from[:], uint32(i))
			tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: from}, Witness: wire.TxWitness{make([]byte, 71), make([]byte, 33)}, Sequence: wire.MaxTxInSequenceNum})
			tx.AddTxOut(wire.NewTxOut(int64(10_000+i), scripts[i%len(scripts)]))
			tx.AddTxOut(wire.NewTxOut(int64(20_000+i), chaintest.OpTrue()))
			block.Txs = append(block.Txs, chain.NewTx(tx))
		}
		node = chain.NewHeaderNode(node, wire.BlockHeader{PrevBlock: node.Hash, Timestamp: node.Header.Timestamp.Add(time.Minute)})
		w.active = append(w.active, chaintest.Mined{Node: node, Block: block})
		w.bodies[node.Hash] = block
		w.tell(chain.Delta{Connected: []chain.Linked{{Node: node, Block: block}}, Tip: node}, chain.PoolDelta{})
	}
	return u
}

// largeWallet is as many transactions and coins as one wallet is to be quick with.
const largeWallet = 100_000

func BenchmarkLargeWallet(b *testing.B) {
	u := large(b, largeWallet)
	ctx := context.Background()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Run("balance", func(b *testing.B) {
		for b.Loop() {
			if got, err := u.Balance(ctx); err != nil || got.Confirmed == 0 {
				b.Fatal(got, err)
			}
		}
	})
	b.Run("100 coins", func(b *testing.B) {
		for b.Loop() {
			n := 0
			_, err := u.SomeCoins(ctx, func(*wallet.Coin) (bool, bool) { n++; return true, n == 100 })
			must(err)
		}
	})
	b.Run("last 10 transactions", func(b *testing.B) {
		for b.Loop() {
			n := 0
			must(u.Each(ctx, wallet.Filter{}, func(*wallet.Entry) bool { n++; return n < 10 }))
		}
	})
	b.Run("choose", func(b *testing.B) {
		for b.Loop() {
			tx := wire.NewMsgTx(2)
			tx.AddTxOut(wire.NewTxOut(1_000_000, chaintest.OpTrue()))
			_, err := u.Fund(ctx, RequestFor(tx, wallet.Options{}, nil))
			must(err)
		}
	})
	must(u.flush())
	b.Run("start", func(b *testing.B) {
		for b.Loop() {
			u.kill()
			u.open(2)
		}
	})
	b.Run("memory", func(b *testing.B) {
		u.kill()
		u.w.wallets = nil
		u.Service = nil
		before := heap()
		u.open(3)
		grown := heap() - before
		for b.Loop() { // it is measured once
			runtime.KeepAlive(u.Service)
		}
		b.ReportMetric(float64(grown)/largeWallet, "B/tx")
	})
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A small one of the same kind says in every run that the road is open.
func TestALargeWalletAnswers(t *testing.T) {
	u := large(t, 3000)
	b := u.balance()
	coins, err := u.Coins(context.Background())
	if err != nil || len(coins) != 3000 || b.Confirmed == 0 {
		t.Fatal(len(coins), b, err)
	}
	u.checkSums(b)
	u.restart(2)
	if again := u.balance(); again != b {
		t.Errorf("%+v before, %+v after a start", b, again)
	}
}

func (u *user) checkSums(b wallet.Balance) {
	u.w.t.Helper()
	var sum wallet.Balance
	coins, err := u.Coins(context.Background())
	for i := range coins {
		sum.Confirmed += coins[i].Value
	}
	if err != nil || sum != b {
		u.w.t.Fatalf("%+v, the coins say %+v: %v", b, sum, err)
	}
}
