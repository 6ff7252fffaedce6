package testnet_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/cmd/node"
	"grapevine/testnet/simnet"
	"grapevine/wallet"
)

// A network of whole nodes in one process and in virtual time: every room is the
// real one, only clock and network are not.

type network struct {
	t     *testing.T
	net   *simnet.Net
	dirs  []string
	nodes []*member
}

type member struct {
	*node.Node
	stop context.CancelFunc
	done chan error
}

func newNetwork(t *testing.T, n int) *network {
	// A synctest clock begins in 2000; regtest's genesis is of 2011.
	time.Sleep(time.Until(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
	w := &network{t: t, net: simnet.New(simnet.Config{Latency: 20 * time.Millisecond})}
	for range n {
		w.add()
	}
	return w
}

func ip(i int) string { return fmt.Sprintf("10.0.0.%d", i+1) }

// add starts a fresh node that knows only the first one's address.
func (w *network) add() *member {
	w.dirs = append(w.dirs, w.t.TempDir())
	w.nodes = append(w.nodes, nil)
	return w.start(len(w.nodes) - 1)
}

func (w *network) start(i int) *member {
	w.t.Helper()
	cfg := node.Config{
		Params: chain.RegTest(), DataDir: w.dirs[i], Listen: ip(i) + ":18444",
		Wallet: true, Keypool: 20, TxIndex: true, Version: "test", Net: w.net.Host(ip(i)), NoSync: true,
	}
	if i > 0 {
		cfg.AddNode = []string{ip(0) + ":18444"}
	}
	n, err := node.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	v := &member{Node: n, stop: cancel, done: make(chan error, 1)}
	go func() { v.done <- n.Run(ctx) }()
	<-n.Ready()
	w.nodes[i] = v
	return v
}

func (w *network) stop(i int) {
	w.t.Helper()
	w.nodes[i].stop()
	if err := <-w.nodes[i].done; err != nil {
		w.t.Errorf("node %d: %v", i, err)
	}
}

func (w *network) stopAll() {
	for i := len(w.nodes) - 1; i >= 0; i-- {
		w.stop(i)
	}
}

// mine makes n blocks at node i that pay its own wallet.
func (w *network) mine(i, n int) {
	w.t.Helper()
	ctx := w.t.Context()
	script, err := w.nodes[i].Wallet.NewAddress(ctx, wallet.SegWit, "")
	if err != nil {
		w.t.Fatal(err)
	}
	if made, err := w.nodes[i].Miner.Generate(ctx, n, script, 0); err != nil || len(made) != n {
		w.t.Fatalf("node %d made %d of %d blocks: %v", i, len(made), n, err)
	}
}

// pay sends amount from node i's wallet to a new address of node j's.
func (w *network) pay(i, j int, amount btcutil.Amount) *chain.Tx {
	w.t.Helper()
	ctx := w.t.Context()
	script, err := w.nodes[j].Wallet.NewAddress(ctx, wallet.Taproot, "")
	if err != nil {
		w.t.Fatal(err)
	}
	tx, err := w.nodes[i].Wallet.Send(ctx, []wallet.Payment{{Script: script, Amount: amount}}, wallet.Options{})
	if err != nil {
		w.t.Fatalf("node %d pays %v: %v", i, amount, err)
	}
	return tx.Tx
}

// within waits in virtual time until ok says yes.
func (w *network) within(d time.Duration, what string, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(d); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("not within %v: %s", d, what)
		}
	}
}

// agreed reports one tip for these nodes, all of them if none is named.
func (w *network) agreed(which ...int) func() bool {
	if which == nil {
		for i := range w.nodes {
			which = append(which, i)
		}
	}
	return func() bool {
		for _, i := range which {
			if w.nodes[i].Ledger.Tip().Hash != w.nodes[which[0]].Ledger.Tip().Hash {
				return false
			}
		}
		return true
	}
}

// sound checks what must hold at the end of every scenario.
func (w *network) sound() {
	w.t.Helper()
	w.within(10*time.Second, "one tip", w.agreed())
	ctx := w.t.Context()
	first, err := w.nodes[0].Ledger.CoinStats(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	for i, v := range w.nodes {
		st, err := v.Ledger.CoinStats(ctx)
		if err != nil {
			w.t.Fatal(err)
		}
		if st.MuHash != first.MuHash {
			w.t.Errorf("node %d has coin set %v, node 0 has %v", i, st.MuHash, first.MuHash)
		}
		if err := v.Pool.Check(); err != nil {
			w.t.Errorf("node %d's pool: %v", i, err)
		}
		for _, id := range v.Pool.TxIDs() {
			if _, confirmed, _ := v.Ledger.FindTx(id); confirmed {
				w.t.Errorf("node %d has %v both in pool and chain", i, id)
			}
		}
	}
}

func TestNodesThatKnowOneAddressFindEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, 5)
		defer w.stopAll()
		w.within(2*time.Minute, "everybody has three peers", w.everybodyHas(3))
	})
}

// everybodyHas reports that each node has so many peers or more.
func (w *network) everybodyHas(peers int) func() bool {
	return func() bool {
		for _, v := range w.nodes {
			if len(v.Swarm.Peers()) < peers {
				return false
			}
		}
		return true
	}
}

func TestPaymentReachesEverybodyAndIsConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, 4)
		defer w.stopAll()
		w.mine(0, 101)
		w.within(time.Minute, "one tip", w.agreed())
		tx := w.pay(0, 2, 150_000_000)
		w.within(5*time.Second, "the payment is in every pool", func() bool {
			for _, v := range w.nodes {
				if _, ok := v.Pool.Entry(tx.ID); !ok {
					return false
				}
			}
			return true
		})
		w.mine(1, 1)
		w.sound()
		b, err := w.nodes[2].Wallet.Balance(t.Context())
		if err != nil || b.Confirmed != 150_000_000 {
			t.Errorf("node 2 has %+v (%v), want 1.5 confirmed", b, err)
		}
	})
}

// While the network is cut in two, both halves go on; after the healing the
// longer half's chain is everybody's, and the shorter half's payment is back
// in the pool and can be mined.
func TestPartitionHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, 4)
		defer w.stopAll()
		w.mine(0, 1)
		w.within(time.Minute, "one tip", w.agreed())
		w.mine(2, 1) // so that node 2 can pay later
		w.within(time.Minute, "one tip", w.agreed())
		w.mine(0, 100)
		w.within(time.Minute, "one tip", w.agreed())
		w.net.Partition([]string{ip(0), ip(1)}, []string{ip(2), ip(3)})
		tx := w.pay(2, 3, 10_000_000)
		w.mine(2, 3)
		w.mine(0, 5)
		w.within(time.Minute, "each half has one tip", func() bool { return w.agreed(0, 1)() && w.agreed(2, 3)() })
		if w.agreed()() {
			t.Fatal("the partition did not part")
		}
		w.net.Heal()
		w.within(2*time.Minute, "one tip after the healing", w.agreed())
		w.within(time.Minute, "the payment is back in the pool", func() bool {
			_, ok := w.nodes[2].Pool.Entry(tx.ID)
			return ok
		})
		w.mine(3, 1)
		w.sound()
	})
}

func TestRestartedNodeCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, 3)
		defer w.stopAll()
		w.mine(0, 101)
		w.within(time.Minute, "one tip", w.agreed())
		w.stop(1)
		w.pay(0, 2, 20_000_000)
		w.mine(0, 30)
		w.start(1)
		w.within(2*time.Minute, "one tip", w.agreed())
		w.sound()
	})
}

func TestNewcomerSyncsFromItsPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, 3)
		defer w.stopAll()
		w.mine(0, 150)
		w.within(time.Minute, "one tip", w.agreed())
		w.add()
		w.within(time.Minute, "the newcomer has the tip", w.agreed())
		w.sound()
	})
}
