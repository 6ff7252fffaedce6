package hostile_test

import (
	"crypto/sha256"
	"math"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p/msg"
	"grapevine/testnet/hostile"
)

// cheap is a coin that whoever knows the witness script, a true, may spend: it
// costs no signature.
func (h *harness) cheap(n int) []chaintest.Coin {
	h.t.Helper()
	return h.split(h.coin(1), n, anyone())
}

// split mines a transaction that makes n coins of one, all to a script.
func (h *harness) split(coin chaintest.Coin, n int, script []byte) []chaintest.Coin {
	h.t.Helper()
	tx := chaintest.SpendWith(h.t, []chaintest.Coin{coin}, func(tx *wire.MsgTx) {
		for range n {
			tx.AddTxOut(chaintest.Pay(coin.Value/btcutil.Amount(n+1), script))
		}
	})
	h.mine(h.honest, chaintest.With(tx))
	h.within(2*blockMost, "the coins are everywhere", h.agreed)
	coins := make([]chaintest.Coin, n)
	for i := range coins {
		coins[i] = chaintest.OutputOf(tx, i, nil)
	}
	return coins
}

// anyone is the script of a cheap coin: P2WSH of OP_TRUE.
func anyone() []byte {
	return []byte{
		0x00, 0x20, 0x4a, 0xe8, 0x15, 0x72, 0xf0, 0x6e, 0x1b, 0x88, 0xfd, 0x5c, 0xed, 0x7a, 0x1a, 0x00, 0x09,
		0x45, 0x43, 0x2e, 0x83, 0xe1, 0x55, 0x1e, 0x6f, 0x72, 0x1e, 0xe9, 0xc0, 0x0b, 0x8c, 0xc3, 0x32, 0x60,
	}
}

// pass spends a cheap coin to the same script.
func pass(c chaintest.Coin, fee btcutil.Amount) *chain.Tx {
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: c.Op, Witness: wire.TxWitness{{txscript.OP_TRUE}}, Sequence: math.MaxUint32})
	tx.AddTxOut(chaintest.Pay(c.Value-fee, anyone()))
	return chain.NewTx(tx)
}

// deafCrowd greets as n peers that want transactions and never read.
func (h *harness) deafCrowd(n int) {
	for i := range n {
		p := h.connectFrom(attackerIP(i))
		p.Say(hostile.Version(), &msg.Opaque{Name: "wtxidrelay"}, &wire.MsgVerAck{})
	}
}

// pour sends a transaction for each coin.
func pour(p *hostile.Peer, coins []chaintest.Coin, rest time.Duration) {
	for i, c := range coins {
		p.Say(&msg.Tx{Tx: pass(c, 1000)})
		if i%100 == 0 {
			time.Sleep(rest)
		}
	}
}

func TestT5_HundredPeersThatNeverReadAnnouncements(t *testing.T) {
	underAttackOn(t, publicly(), func(t *testing.T, h *harness) {
		txs := 2000
		if full() {
			txs = 10_000
		}
		coins := h.cheap(txs)
		h.peace, h.rss = measure(h.net), newRSS(t) // with the coins in it
		h.deafCrowd(100)
		pour(h.attacker(500), coins, 50*time.Millisecond)
		h.within(20*time.Minute, "the transactions are in the pool, and in the honest node's", func() bool {
			return h.target.Swarm.Status().PoolSize == txs && h.honest.Swarm.Status().PoolSize == txs
		})
		h.queuesShort()
		pools := int64(2 * h.target.Pool.Stats().Usage) // the honest node's is in this process too
		const unread = 100 * 128 << 10                  // half a window each; in the kernel, had this network one
		h.peace.heap, h.wanted = h.peace.heap+pools, pools+unread
	})
}

// slowness measures how many times longer the same work takes at worst than at best:
// what the machine, not the loop, makes others wait. The answer comes when done is
// closed.
func slowness(done <-chan struct{}) <-chan int64 {
	times := make(chan int64, 1)
	go func() {
		least, most := time.Hour, time.Duration(0)
		data := make([]byte, 1<<20)
		for {
			select {
			case <-done:
				times <- max(1, int64(most/least))
				return
			case <-time.After(20 * time.Millisecond):
			}
			began := time.Now()
			sha256.Sum256(data)
			took := time.Since(began)
			least, most = min(least, took), max(most, took)
		}
	}()
	return times
}

// The same in real time: meanwhile no step of the loop keeps others waiting longer than
// a busy machine does.
func TestT5_StepsWhileNobodyReads(t *testing.T) {
	deaf, txs, most := 20, 500, 500*time.Millisecond // others use the processor too, or the race detector runs
	if full() {
		deaf, txs = 100, 10_000
	}
	if full() && !underRace {
		most = 50 * time.Millisecond
	}
	h := newHarness(t, publicly())
	coins := h.cheap(txs)
	h.deafCrowd(deaf)
	done := make(chan struct{})
	worst := slowness(done)
	before := h.target.Swarm.Steps()
	p, said := h.attacker(500), time.Now()
	pour(p, coins, 50*time.Millisecond)
	h.within(10*time.Minute, "the transactions are in the pool", func() bool {
		if time.Since(said) > 20*time.Second { // a busy machine refuses some for the time that those before them took
			pour(p, coins, 50*time.Millisecond)
			said = time.Now()
		}
		return h.target.Swarm.Status().PoolSize == txs
	})
	if full() {
		time.Sleep(20 * time.Second) // most have been sent announcements by now
	}
	st := h.target.Swarm.Steps()
	close(done)
	times := <-worst
	t.Logf("%d steps in %v, the longest took %v, before the attack %v; at worst the machine was %d times slower",
		st.Count-before.Count, st.Sum-before.Sum, st.Longest, before.Longest, times)
	if st.Longest > most*time.Duration(times) {
		t.Errorf("a step of the loop took %v", st.Longest)
	}
	if st.Sum == before.Sum {
		t.Error("no step took any time: nothing was measured")
	}
}

func TestT28_OrphansOfOneParent(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		coins := h.cheap(3)
		fan := func(c chaintest.Coin, n int) *chain.Tx {
			tx := pass(c, 100_000).MsgTx
			for range n - 1 {
				tx.AddTxOut(chaintest.Pay(1000, anyone()))
			}
			return chain.NewTx(tx)
		}
		parent := fan(coins[0], 1000)
		p := h.attacker(1)
		for i := range 1000 {
			tx := pass(chaintest.OutputOf(parent, i, nil), 300).MsgTx
			for k := range 20 { // and of parents that nobody has
				tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: randomHash(i), Index: uint32(k)}})
			}
			p.Say(&msg.Tx{Tx: chain.NewTx(tx)})
			if i%50 == 0 {
				time.Sleep(50 * time.Millisecond)
			}
		}
		time.Sleep(time.Second)
		if n := h.target.Swarm.Status().Orphans; n == 0 || n > 200 {
			t.Errorf("%d orphans of one peer are kept", n)
		}
		h.served()
		p.Say(&msg.Tx{Tx: parent})
		time.Sleep(time.Second)
		// An honest child that comes before its parent gets its place.
		mother := pass(coins[1], 1000)
		child := pass(chaintest.OutputOf(mother, 0, nil), 1000)
		q := h.attacker(2)
		q.Say(&msg.Tx{Tx: child})
		time.Sleep(time.Second)
		q.Say(&msg.Tx{Tx: mother})
		h.within(5*time.Second, "the honest child is in the pool", func() bool {
			_, ok := h.target.Pool.Entry(child.ID)
			return ok
		})
	})
}

func TestT29_AnnouncersThatNeverDeliver(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		coins := h.cheap(3)
		var liars []*hostile.Peer
		for i := range 50 {
			liars = append(liars, h.attacker(i))
		}
		for _, c := range coins {
			tx := pass(c, 1000)
			for _, p := range liars {
				p.Say(hostile.Inv(wtx, tx.WID))
			}
			time.Sleep(50 * time.Millisecond)
			if err := h.honest.Swarm.SubmitTx(t.Context(), tx); err != nil {
				t.Fatal(err)
			}
			h.within(time.Minute, "the transaction came from the honest node", func() bool {
				_, ok := h.target.Pool.Entry(tx.ID)
				return ok
			})
		}
	}, chooses)
}
