package hostile_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/cmd/node"
	"grapevine/p2p/msg"
	"grapevine/testnet/hostile"
)

// network is a harness with many honest nodes and no target: what the network as a
// whole must survive.
type network struct {
	*harness
	all  []*runningNode // nil: not running now
	dirs []string

	given int      // coins
	diary []string // what became of them, step by step
}

// newNetwork has room for n nodes, none of which runs yet.
func newNetwork(t *testing.T, params *chain.Params, n int) *network {
	w := &network{harness: emptyHarness(t, params), all: make([]*runningNode, n)}
	for range n {
		w.dirs = append(w.dirs, t.TempDir())
	}
	return w
}

// play gives the running nodes the base chain, then runs the story and what must
// hold at its end.
func (w *network) play(story func(t *testing.T, w *network)) {
	w.t.Helper()
	w.target = w.all[0]
	w.found()
	w.within(time.Minute, "everybody has the base chain", w.oneTip())
	time.Sleep(time.Until(firstDay.Add(2 * time.Minute))) // the story begins at one time, however the first blocks went round
	story(w.t, w)
	w.sound()
}

// spendable are n fresh coins of the base chain, never given before.
func (w *network) spendable(n int) []chaintest.Coin {
	coins := make([]chaintest.Coin, n)
	for i := range coins {
		coins[i] = w.coin(w.given)
		w.given++
	}
	return coins
}

func live(i int) string { return fmt.Sprintf("8.%d.1.1", i+1) }

// inNetwork runs n nodes, each of which knows the first two, with the base chain.
func inNetwork(t *testing.T, n int, story func(t *testing.T, w *network), settings ...setting) {
	t.Helper()
	inSeededNetwork(t, n, 0, story, settings...)
}

// inSeededNetwork is inNetwork where the nodes' randomness comes from a seed.
func inSeededNetwork(t *testing.T, n int, seed uint64, story func(t *testing.T, w *network), settings ...setting) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, chain.RegTest(), n)
		w.seed = seed
		for i := range n {
			w.begin(i, settings...)
		}
		w.play(story)
	})
}

func (w *network) begin(i int, settings ...setting) {
	first := []setting{func(c *node.Config) {
		c.DataDir = w.dirs[i]
		for k := range min(2, len(w.all)) {
			if k != i {
				c.AddNode = append(c.AddNode, live(k)+":18444")
			}
		}
	}}
	w.all[i] = w.open(live(i), append(first, settings...)...)
}

func (w *network) end(i int) {
	w.t.Helper()
	if err := w.all[i].stop(); err != nil {
		w.t.Error(err)
	}
	w.all[i] = nil
}

// oneTip reports that these nodes, all that run if none is named, stand at one block.
func (w *network) oneTip(which ...int) func() bool {
	return func() bool {
		var tip *chain.HeaderNode
		for i, r := range w.all {
			if r == nil || which != nil && !slices.Contains(which, i) {
				continue
			}
			if now := r.Ledger.Tip(); tip == nil {
				tip = now
			} else if tip.Hash != now.Hash {
				return false
			}
		}
		return true
	}
}

// sound is what must hold at the end: one tip, one set of coins, and pools
// without conflicts and without what is in the chain.
func (w *network) sound() {
	w.t.Helper()
	w.within(30*time.Second, "one tip", w.oneTip())
	var sum string
	for _, r := range w.all {
		if r == nil {
			continue
		}
		st, err := r.Ledger.CoinStats(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if sum == "" {
			sum = st.MuHash.String()
		} else if sum != st.MuHash.String() {
			w.t.Errorf("%s has another set of coins", r.addr)
		}
		if err := r.Pool.Check(); err != nil {
			w.t.Errorf("the pool of %s: %v", r.addr, err)
		}
		for _, id := range r.Pool.TxIDs() {
			if _, confirmed, _ := r.Ledger.FindTx(id); confirmed {
				w.t.Errorf("%s has %v both in pool and chain", r.addr, id)
			}
		}
	}
}

func ips(which ...int) []string {
	var list []string
	for _, i := range which {
		list = append(list, live(i))
	}
	return list
}

// Both halves of the network get another payment of the same coin.
func TestT37_DoubleSpendsInTwoHalves(t *testing.T) {
	inNetwork(t, 6, func(t *testing.T, w *network) {
		coins := w.spendable(6)
		w.net.Partition(ips(0, 1, 2), ips(3, 4, 5))
		for _, c := range coins {
			for half := range 2 {
				tx := chaintest.SpendOne(t, c, chaintest.NewKey(uint32(10+half)).P2WPKH(), 1000)
				if err := w.all[3*half].Swarm.SubmitTx(t.Context(), tx); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(5 * time.Second)
		w.net.Heal()
		time.Sleep(5 * time.Second)
		pool := w.all[4].Pool
		var txs []*chain.Tx
		for _, id := range pool.TxIDs() {
			e, _ := pool.Entry(id)
			txs = append(txs, e.Tx)
		}
		if len(txs) != len(coins) {
			t.Errorf("the pool has %d transactions, of each pair it should have one", len(txs))
		}
		w.mine(w.all[4], chaintest.With(txs...))
		w.within(blockMost, "one tip", w.oneTip())
		time.Sleep(time.Second)
		for _, r := range w.all {
			if n := len(r.Pool.TxIDs()); n != 0 {
				t.Errorf("%s still has %d transactions that conflict with the chain", r.addr, n)
			}
		}
	})
}

// Three groups that do not hear of each other make a hundred blocks each. When
// they do again, what was said meanwhile arrives late, or it is lost with the
// connections and everybody has to ask.
func TestT57_PartitionForAHundredBlocks(t *testing.T) {
	inNetwork(t, 6, func(t *testing.T, w *network) {
		w.apart(20)
		w.net.Heal()
		w.within(10*time.Second, "one tip after the healing", w.oneTip())
		w.apart(100)
		for i := range w.all {
			w.net.Reset(live(i))
		}
		w.net.Heal()
		w.within(10*time.Second, "one tip after the healing, by new connections", w.oneTip())
	})
}

// apart makes three groups and so many blocks in each.
func (w *network) apart(blocks int) {
	w.net.Partition(ips(0, 1), ips(2, 3), ips(4, 5))
	for i := range blocks {
		for group := range 3 {
			w.mine(w.all[2*group+i%2])
		}
		w.within(blockMost, "each group has one tip", func() bool {
			return w.oneTip(0, 1)() && w.oneTip(2, 3)() && w.oneTip(4, 5)()
		})
		time.Sleep(10 * time.Second)
	}
	w.mine(w.all[3]) // one is ahead by a block
}

func TestT56_ClockJumps(t *testing.T) {
	var skew atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(skew.Load())) }
	inNetwork(t, 3, func(t *testing.T, w *network) {
		time.Sleep(10 * time.Second)
		for _, jump := range []time.Duration{24 * time.Hour, -24 * time.Hour} {
			peers := len(w.all[0].Swarm.Peers())
			w.mine(w.all[1], bulky(100_000)) // something is on its way
			skew.Add(int64(jump))
			time.Sleep(3 * time.Second)
			if n := len(w.all[0].Swarm.Peers()); n < peers {
				t.Errorf("the clock jumps by %v: %d of %d peers are left", jump, n, peers)
			}
			w.within(blockMost, fmt.Sprintf("the clock jumps by %v: one tip", jump), w.oneTip())
			for i := range w.all {
				w.mine(w.all[i])
				w.within(blockMost, fmt.Sprintf("%v later: node %d's block is everywhere", jump, i), w.oneTip())
			}
			tx := chaintest.SpendOne(t, w.spendable(1)[0], w.key.P2WPKH(), 1000)
			if err := w.all[2].Swarm.SubmitTx(t.Context(), tx); err != nil {
				t.Fatal(err)
			}
			w.within(blockMost, "a transaction is everywhere", func() bool {
				_, a := w.all[0].Pool.Entry(tx.ID)
				_, b := w.all[1].Pool.Entry(tx.ID)
				return a && b
			})
			w.mine(w.all[2], chaintest.With(tx))
			time.Sleep(time.Minute)
			// Who is new, or comes back, finds its way in.
			w.end(1)
			time.Sleep(time.Second)
			w.begin(1, func(c *node.Config) { c.Now = now })
			w.within(time.Minute, "a node that comes back has the tip", w.oneTip())
		}
	}, func(c *node.Config) { c.Now = now })
}

// The only node that has the whole chain dies when each newcomer has a part.
func TestSeedDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, chain.RegTest(), 5)
		w.begin(0)
		w.target = w.all[0]
		w.found()
		for range 100 {
			big := w.block(w.tip(), bulky(10_000))
			if err := w.all[0].Swarm.SubmitBlock(t.Context(), big.Block); err != nil {
				t.Fatal(err)
			}
		}
		tip := w.tip()
		w.net.Host(live(0)).SetUpload(50_000)
		for i := 1; i < 5; i++ {
			w.begin(i)
		}
		// About one copy has left the seed after 20 s; it dies when all blocks are
		// somewhere among the newcomers.
		have := func() bool {
			for e := tip; e.Height > 0; e = e.Parent {
				found := false
				for _, r := range w.all[1:] {
					found = found || r.Ledger.HaveBody(e.Hash)
				}
				if !found {
					return false
				}
			}
			return true
		}
		begun := time.Now()
		w.within(2*time.Minute, "each block is with a newcomer", have)
		t.Logf("the seed dies after %v", time.Since(begun))
		w.end(0)
		w.within(time.Minute, "all newcomers have the chain", func() bool {
			return w.oneTip()() && w.all[1].Ledger.Tip().Hash == tip.Hash
		})
		w.sound()
	})
}

// Liars that speak gvhave claim every block and deliver none.
func TestLiarsInHave(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		for i := range 3 {
			h.sharer(i)
		}
		for range 4 {
			row := h.branch(h.tip(), 3)
			claim := msg.NewHave(row[2].Node.Hash, 0)
			for i, p := range h.attackers {
				p.Say(hostile.Headers(nodes(row)...), claim)
				if i == 1 { // and one says so to every request
					p.Answer(func(p *hostile.Peer, m wire.Message) {
						if gd, ok := m.(*wire.MsgGetData); ok {
							p.Say(&wire.MsgNotFound{InvList: gd.InvList}, claim)
						}
					})
				}
			}
			time.Sleep(time.Second)
			for _, m := range row {
				if err := h.honest.Swarm.SubmitBlock(t.Context(), m.Block); err != nil {
					t.Fatal(err)
				}
			}
			h.within(3*blockMost, "the claimed blocks came from the honest node", func() bool { return h.tip().Hash == row[2].Node.Hash })
		}
	})
}
