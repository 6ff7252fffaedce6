package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/coins"
	"grapevine/db"
)

// grove is a random tree of blocks with spends, and what the coin set is after
// each of them by the naive rules.
type grove struct {
	params *chain.Params
	trunk  []chaintest.Mined // mature coinbases, submitted first
	blocks []leaf
	state  map[chain.Hash]map[wire.OutPoint]chain.Coin
}

type leaf struct {
	chaintest.Mined
	good bool // it and its ancestors keep the rules
}

// growGrove makes n random blocks above a trunk of matured coinbases.
func growGrove(t testing.TB, rng *rand.Rand, n int) *grove {
	g := &grove{params: chain.RegTest(), state: map[chain.Hash]map[wire.OutPoint]chain.Coin{}}
	genesis := g.params.Genesis()
	g.state[genesis.Hash] = map[wire.OutPoint]chain.Coin{}
	g.trunk = chaintest.Grow(t, g.params, genesis, chaintest.Times(110))
	for _, m := range g.trunk {
		g.state[m.Node.Hash] = g.after(m)
	}
	g.blocks = []leaf{{g.trunk[len(g.trunk)-1], true}}
	for i := range n {
		recent := g.blocks[max(0, len(g.blocks)-12):]
		g.blocks = append(g.blocks, g.bud(t, rng, recent[rng.IntN(len(recent))], uint64(i)))
	}
	g.blocks = g.blocks[1:]
	return g
}

func (g *grove) bud(t testing.TB, rng *rand.Rand, parent leaf, extra uint64) leaf {
	opts := []chaintest.Option{chaintest.Extra(extra + 1)}
	if extra%16 == 5 {
		opts = append(opts, chaintest.PayTo(longScript(int(extra))))
	}
	good := parent.good
	coinsThere := maps.Clone(g.state[parent.Node.Hash])
	var txs []*chain.Tx
	for range rng.IntN(4) {
		if tx := g.spend(t, rng, coinsThere, parent.Node.Height+1); tx != nil {
			txs = append(txs, tx)
		}
	}
	switch rng.IntN(12) {
	case 0:
		opts = append(opts, chaintest.Fees(1e6*btcutil.SatoshiPerBitcoin)) // takes more than it may
		good = false
	case 1:
		if len(txs) > 0 {
			txs = append(txs, again(txs[0])) // spends what is spent
			good = false
		}
	}
	m := chaintest.Mine(t, g.params, parent.Node, append(opts, chaintest.With(txs...))...)
	if good {
		g.state[m.Node.Hash] = g.after(m)
	}
	return leaf{m, good}
}

// longScript is an output's that nobody can spend, so long that a body with it is stored in two pieces or three.
func longScript(number int) []byte {
	script := bytes.Repeat([]byte{0x6a}, 33_000+number%5*14_000)
	for i := 1; i < len(script); i++ {
		script[i] = byte(i*i>>7) ^ byte(number)
	}
	return script
}

// again spends the same coins to somewhere else.
func again(tx *chain.Tx) *chain.Tx {
	c := tx.Copy()
	c.TxOut = []*wire.TxOut{wire.NewTxOut(1, []byte{0x52})}
	return chain.NewTx(c)
}

// spend makes a transaction from up to three coins, and takes them out of there.
func (g *grove) spend(t testing.TB, rng *rand.Rand, there map[wire.OutPoint]chain.Coin, height int32) *chain.Tx {
	var in []chaintest.Coin
	var total btcutil.Amount
	for _, op := range sortedOps(there) {
		c := there[op]
		if c.Coinbase && height-c.Height < 100 || rng.IntN(4) > 0 {
			continue
		}
		in = append(in, chaintest.Coin{Op: op, Value: c.Value, Script: c.PkScript})
		total += c.Value
		delete(there, op)
		if len(in) == 3 {
			break
		}
	}
	if len(in) == 0 || total < 10 {
		return nil
	}
	outs := []*wire.TxOut{chaintest.Pay(total/2, chaintest.OpTrue()), chaintest.Pay(total/3, chaintest.OpTrue())}
	if rng.IntN(3) == 0 {
		outs = append(outs, chaintest.Pay(0, []byte{0x6a, 1, 7}))
	}
	tx := chaintest.Spend(t, in, outs...)
	for i := range outs[:2] { // may be spent again in the same block
		c := chaintest.OutputOf(tx, i, nil)
		there[c.Op] = chain.Coin{Value: c.Value, PkScript: c.Script, Height: height}
	}
	return tx
}

func sortedOps(m map[wire.OutPoint]chain.Coin) []wire.OutPoint {
	c := coins.NewCache()
	for op := range m {
		c.Apply(coins.Change{Op: op, Coin: []byte{1}})
	}
	var ops []wire.OutPoint
	c.Sorted(func(op wire.OutPoint, _ []byte) error { ops = append(ops, op); return nil })
	return ops
}

// after is the coin set once m is connected.
func (g *grove) after(m chaintest.Mined) map[wire.OutPoint]chain.Coin {
	w := twin{tip: m.Node.Parent, coins: maps.Clone(g.state[m.Node.Parent.Hash])}
	for _, tx := range m.Block.Txs {
		if !tx.IsCoinbase() {
			for _, in := range tx.TxIn {
				delete(w.coins, in.PreviousOutPoint)
			}
		}
		w.do(tx, nil, m.Node.Height)
	}
	return w.coins
}

// expect checks that the ledger stands on one of the best blocks of those in
// have that are not beneath a mark, and that the coin set is the naive one.
func (g *grove) expect(t testing.TB, r *rig, have map[chain.Hash]leaf, marked map[chain.Hash]bool) {
	t.Helper()
	best := int32(len(g.trunk))
	for _, b := range have {
		if b.good && g.whole(b, have, marked) {
			best = max(best, b.Node.Height)
		}
	}
	waitFor(t, func() bool { return r.Tip().Height == best })
	s, err := r.CoinStats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := twin{coins: g.state[s.Best]}
	if want := w.stats(); s.Height != best || s.MuHash != want.MuHash || s.TxOuts != want.TxOuts {
		t.Fatalf("at %d (want %d): %d coins, want %d", s.Height, best, s.TxOuts, want.TxOuts)
	}
}

// whole says whether b and all its ancestors above the trunk are there and unmarked.
func (g *grove) whole(b leaf, have map[chain.Hash]leaf, marked map[chain.Hash]bool) bool {
	for n := b.Node; n.Height > int32(len(g.trunk)); n = n.Parent {
		if _, ok := have[n.Hash]; !ok || marked[n.Hash] {
			return false
		}
	}
	return true
}

func (g *grove) submitTrunk(t testing.TB, r *rig) {
	t.Helper()
	for _, m := range g.trunk {
		if err := r.Submit(m); err != nil && !errors.Is(err, chain.ErrDuplicate) {
			t.Fatal(err)
		}
	}
}

func TestRandomTreesEndWhereTheNaiveLedgerDoes(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 3))
		g := growGrove(t, rng, 60)
		r := newRig(t, func(c *Config, _ *db.Options) { c.DBCache = 20_000 }) // flushes all the time
		g.submitTrunk(t, r)
		have, marked := map[chain.Hash]leaf{}, map[chain.Hash]bool{}
		order := rng.Perm(len(g.blocks))
		for len(order) > 0 {
			// Mostly in order, sometimes not.
			k := 0
			if rng.IntN(3) == 0 {
				k = rng.IntN(len(order))
			}
			i := min(order[k], len(g.blocks)-1)
			order = append(order[:k], order[k+1:]...)
			b := g.blocks[i]
			if marked[b.Node.Hash] || !parentsGood(b, have, marked) {
				continue
			}
			have[b.Node.Hash] = b
			<-r.later(b.Mined)
			if rng.IntN(8) == 0 {
				g.expect(t, r, have, marked)
			}
			if rng.IntN(10) == 0 {
				victim := r.AtHeight(int32(len(g.trunk)) + 1 + rng.Int32N(5))
				if victim != nil {
					marked[victim.Hash] = true
					r.invalidate(chaintest.Mined{Node: victim})
					g.expect(t, r, have, marked)
					if rng.IntN(2) == 0 {
						for h := range marked {
							if related(g, h, victim.Hash) {
								delete(marked, h)
							}
						}
						r.reconsider(chaintest.Mined{Node: victim})
						g.expect(t, r, have, marked)
					}
				}
			}
		}
		g.expect(t, r, have, marked)
		r.check()
	}
}

// parentsGood keeps a block back that the ledger would refuse to store.
func parentsGood(b leaf, have map[chain.Hash]leaf, marked map[chain.Hash]bool) bool {
	for n := b.Node.Parent; n != nil; n = n.Parent {
		if p, ok := have[n.Hash]; ok && !p.good || marked[n.Hash] {
			return false
		}
	}
	return true
}

func related(g *grove, a, b chain.Hash) bool {
	x, y := g.find(a), g.find(b)
	return x.IsAncestorOf(y) || y.IsAncestorOf(x)
}

func (g *grove) find(h chain.Hash) *chain.HeaderNode {
	for _, b := range g.blocks {
		if b.Node.Hash == h {
			return b.Node
		}
	}
	return nil
}

func TestConnectThenDisconnectLeavesTheCoinSetIdentical(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	g := growGrove(t, rng, 40)
	r := newRig(t)
	g.submitTrunk(t, r)
	before, err := r.CoinStats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range g.blocks {
		<-r.later(b.Mined)
	}
	first := r.AtHeight(int32(len(g.trunk)) + 1)
	for first != nil {
		r.invalidate(chaintest.Mined{Node: first})
		first = r.AtHeight(int32(len(g.trunk)) + 1)
	}
	after, err := r.CoinStats(t.Context())
	if err != nil || after.MuHash != before.MuHash || after.Serialized3 != before.Serialized3 || after.TxOuts != before.TxOuts {
		t.Errorf("before %+v\nafter %+v, %v", before, after, err)
	}
}

// snapshots takes the file as it is at each commit: what a crash there leaves.
type snapshots struct {
	mu    sync.Mutex
	path  string
	dir   string
	every int
	taken []string
}

func (s *snapshots) onCommit(n int) {
	if n%s.every != 0 && n%s.every != 1 {
		return
	}
	raw, err := os.ReadFile(s.path)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := filepath.Join(s.dir, fmt.Sprintf("crash%d.db", len(s.taken)))
	if os.WriteFile(name, raw, 0o600) == nil {
		s.taken = append(s.taken, name)
	}
}

// some returns so many of those taken, evenly spread, the first and the last among them:
// a run that does its work in the last commits is tried after them too.
func (s *snapshots) some(n int) (names []string) {
	for i := range n {
		names = append(names, s.taken[i*(len(s.taken)-1)/(n-1)])
	}
	return slices.Compact(names)
}

// A crash before or after any commit, and another one while it recovers: the
// file opens, what is stored is connected, and the coin set is the naive one.
// GRAPEVINE_TEST_CRASHES asks for so many crashes, each seed's tree having some
// hundred.
func TestT48_CrashAtEveryCommit(t *testing.T) {
	want := 1
	if s := os.Getenv("GRAPEVINE_TEST_CRASHES"); s != "" {
		var err error
		if want, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
		t.Setenv("GRAPEVINE_FULL", "1")
	}
	crashes := 0
	for seed := uint64(5); crashes < want; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { crashes += crashEverywhere(t, seed, 50) })
		if t.Failed() {
			return
		}
	}
	t.Logf("%d crashes survived", crashes)
}

// The same in one run of 2,000 blocks, crashing in every commit of it, and
// again in one of each recovery's.
func TestT48_CrashesOfALongRun(t *testing.T) {
	t.Logf("%d crashes survived", crashEverywhere(t, 48, sized(150, 1_890)))
}

// crashEverywhere crashes a run with so many random blocks at every commit, and
// returns how often.
func crashEverywhere(t *testing.T, seed uint64, blocks int) (crashes int) {
	rng := rand.New(rand.NewPCG(seed, 5))
	g := growGrove(t, rng, blocks)
	dir := t.TempDir()
	s := &snapshots{path: filepath.Join(dir, "chain.db"), dir: dir, every: 2}
	r := start(t, s.path, func(c *Config, o *db.Options) { c.DBCache = 40_000; o.OnCommit = s.onCommit })
	for i, b := range append(leaves(g.trunk), g.blocks...) {
		<-r.later(b.Mined)
		if i%9 == 0 {
			r.Sync(t.Context())
		}
	}
	r.stop()
	if len(s.taken) < 30 {
		t.Fatalf("only %d commits", len(s.taken))
	}
	for i, name := range s.taken {
		if i%sized(5, 1) > 0 {
			continue
		}
		again := &snapshots{path: name, dir: t.TempDir(), every: 1}
		recovered(t, g, name, again.onCommit)
		crashes++
		if len(again.taken) > 0 {
			recovered(t, g, again.taken[rng.IntN(len(again.taken))], nil)
			crashes++
		}
	}
	return crashes
}

func leaves(ms []chaintest.Mined) (ls []leaf) {
	for _, m := range ms {
		ls = append(ls, leaf{m, true})
	}
	return ls
}

// recovered opens a crashed file and waits until everything stored that can be
// connected is.
func recovered(t *testing.T, g *grove, name string, onCommit func(int)) {
	t.Helper()
	r := start(t, name, func(_ *Config, o *db.Options) { o.OnCommit = onCommit })
	defer r.stop()
	best := int32(0)
	for _, b := range append(leaves(g.trunk), g.blocks...) {
		if _, st, _ := r.Lookup(b.Node.Hash); b.good && st&HaveBody != 0 && linkedIn(r, b.Node) {
			best = max(best, b.Node.Height)
		}
	}
	waitFor(t, func() bool { return r.Tip().Height >= best })
	s, err := r.CoinStats(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	w := twin{coins: g.state[s.Best]}
	if want := w.stats(); s.Height != best || s.MuHash != want.MuHash {
		t.Fatalf("%s: at %d with %d coins, want %d with %d", name, s.Height, s.TxOuts, best, want.TxOuts)
	}
	if err := r.CheckFile(context.Background(), nil); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func linkedIn(r *rig, n *chain.HeaderNode) bool {
	for ; n != nil; n = n.Parent {
		if _, st, _ := r.Lookup(n.Hash); st&HaveBody == 0 {
			return false
		}
	}
	return true
}
