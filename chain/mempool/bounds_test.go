package mempool

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/policy"
)

// sized is spend of exactly so many virtual bytes, in one output and data.
func sized(t *testing.T, vsize int, fee btcutil.Amount, from ...chaintest.Coin) *chain.Tx {
	return sizedWith(t, vsize, fee, func(*wire.MsgTx) {}, from...)
}

func sizedWith(t *testing.T, vsize int, fee btcutil.Amount, edit func(*wire.MsgTx), from ...chaintest.Coin) *chain.Tx {
	t.Helper()
	size := 10
	for range 5 {
		tx := spendWith(fee, 1, func(tx *wire.MsgTx) {
			data := append([]byte{0x6a, 0x4e, byte(size), byte(size >> 8), byte(size >> 16), 0}, make([]byte, size)...)
			tx.AddTxOut(wire.NewTxOut(0, data))
			edit(tx)
		}, from...)
		if tx.VSize() == vsize {
			return tx
		}
		size += vsize - tx.VSize()
	}
	t.Fatalf("no transaction of %d virtual bytes", vsize)
	return nil
}

func v3(tx *wire.MsgTx) { tx.Version = 3 }

// says asks for the whole text of a refusal.
func (w *world) says(tx *chain.Tx, want string) {
	w.t.Helper()
	if _, err := w.pool.Add(tx); err == nil || !strings.Contains(err.Error(), want) {
		w.t.Errorf("got %v, want %q", err, want)
	}
}

func TestSignatureOperationsUpToTheLimit(t *testing.T) {
	w := newWorld(t, 2)
	tx := func(fund, bare, hashes int) *chain.Tx {
		return spendWith(0, 1, func(tx *wire.MsgTx) {
			for range bare { // 20 operations, four times
				key := append([]byte{0x51, 33, 2}, make([]byte, 32)...)
				tx.AddTxOut(wire.NewTxOut(1000, append(key, 0x51, 0xae)))
			}
			for range hashes { // one, four times
				tx.AddTxOut(wire.NewTxOut(1000, append(append([]byte{0x76, 0xa9, 20}, make([]byte, 20)...), 0x88, 0xac)))
			}
			tx.TxOut[0].Value -= 1e7
		}, w.fund(fund))
	}
	w.accept(tx(1, 200, 0)) // 16,000
	w.says(tx(2, 200, 1), "bad-txns-too-many-sigops, 16004")
}

func TestCarveOutIsOfTenThousandBytes(t *testing.T) {
	w := newWorld(t, 1)
	parent := w.accept(spend(30_000, 30, w.fund(1)))
	for n := range 24 {
		w.accept(spend(200, 1, out(parent, n)))
	}
	w.says(sized(t, 10_001, 20_000, out(parent, 25)), "too many descendants")
	w.accept(sized(t, 10_000, 20_000, out(parent, 25)))
}

func TestChainsAreOfAHundredAndOneThousandBytes(t *testing.T) {
	// Ancestors: two of 50,000 and one more.
	w := newWorld(t, 1)
	first := w.accept(sized(t, 50_000, 60_000, w.fund(1)))
	second := w.accept(sized(t, 50_000, 60_000, out(first, 0)))
	w.says(sized(t, 1001, 2000, out(second, 0)), "exceeds descendant size limit") // of the first, the same sum
	w.accept(sized(t, 1000, 2000, out(second, 0)))
	// Beside each other, behind one parent: descendants, without the carve-out.
	w = newWorld(t, 1)
	parent := w.accept(spend(30_000, 2, w.fund(1)))
	rest := policy.MaxDescendantSize - parent.VSize()
	w.accept(sized(t, rest-11_000, 200_000, out(parent, 0)))
	w.says(sized(t, 11_001, 20_000, out(parent, 1)), "exceeds descendant size limit")
	w.accept(sized(t, 11_000, 20_000, out(parent, 1)))
	// Many parents, none of whose families is too large.
	w = newWorld(t, 2)
	a, b := w.accept(sized(t, 50_000, 60_000, w.fund(1))), w.accept(sized(t, 40_000, 60_000, w.fund(2)))
	w.says(sized(t, 11_001, 20_000, out(a, 0), out(b, 0)), "exceeds ancestor size limit [limit: 101000]")
	w.accept(sized(t, 11_000, 20_000, out(a, 0), out(b, 0)))
}

func TestTRUCSizes(t *testing.T) {
	w := newWorld(t, 2)
	w.says(sizedWith(t, 10_001, 20_000, v3, w.fund(1)), "is too big: 10001 > 10000 virtual bytes")
	parent := w.accept(sizedWith(t, 10_000, 20_000, v3, w.fund(1)))
	w.says(sizedWith(t, 1001, 2000, v3, out(parent, 0)), "is too big: 1001 > 1000 virtual bytes")
	w.accept(sizedWith(t, 1000, 2000, v3, out(parent, 0)))
}

func TestEqualFeesDoNotPayForTheirRelay(t *testing.T) {
	w := newWorld(t, 2)
	old := w.accept(spend(1000, 1, w.fund(1)))
	w.accept(spend(1000, 1, out(old, 0)))
	w.says(spend(2000, 1, w.fund(1)), "not enough additional fees to relay; 0.00 < 0.00000096")
}

func TestFloorAtItsBounds(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	f := floor{step: 1000}
	f.raise(8000, start)
	f.block(start, 1)
	for _, c := range []struct {
		after time.Duration
		full  float64
		want  policy.FeeRate
	}{
		{48 * time.Hour, 1, 1000}, // 500, half a step, is still one
		{12 * time.Hour, 0.5, 4000},
		{6 * time.Hour, 0.25, 4000},
	} {
		if got := f.at(start.Add(c.after), c.full); got != c.want {
			t.Errorf("after %v, %v full: %d, want %d", c.after, c.full, got, c.want)
		}
	}
	g := f
	g.block(start.Add(48*time.Hour), 1)
	if got := g.at(start.Add(48*time.Hour), 1); got != 1000 {
		t.Errorf("a block at half a step: %d", got)
	}
	f.raise(8000, start) // as high as it is: it goes on sinking
	if got := f.at(start.Add(12*time.Hour), 1); got != 4000 {
		t.Errorf("raised to where it is: %d", got)
	}
}

func TestBlocksTakenOffDoNotLetTheFloorSink(t *testing.T) {
	w := newWorld(t, 1)
	w.pool.floor.raise(8000, w.now)
	w.reorg(1)
	w.now = w.now.Add(24 * time.Hour)
	if got := w.pool.MinFee(); got != 8000 {
		t.Errorf("the floor is %d", got)
	}
}

func TestChainOfTwentyFiveSurvivesAReturn(t *testing.T) {
	for length, stay := range map[int]int{24: 25, 25: 25} {
		w := newWorld(t, 1)
		first := w.accept(spend(1000, 1, w.fund(1)))
		w.mine(first)
		last := first
		for range length {
			last = w.accept(spend(1000, 1, out(last, 0)))
		}
		w.reorg(1, nil, nil)
		if n := w.pool.Stats().Size; n != stay {
			t.Errorf("%d behind one that returns: %d stay, want %d", length, n, stay)
		}
	}
}

func TestPackagesAtTheirBounds(t *testing.T) {
	w := newWorld(t, 30)
	var many []*chain.Tx
	for i := range 26 {
		many = append(many, spend(1000, 1, w.fund(i+1)))
	}
	if r := w.pool.Test(many[:25], 0); r[0].List != nil || r[24].Err != nil || r[24].NotReached {
		t.Errorf("25: %+v", r[0])
	}
	if r := w.pool.Test(many, 0); !errors.Is(r[0].List, policy.ErrPackageCount) {
		t.Errorf("26: %+v", r[0])
	}
	// The size of all together, and the weight.
	for _, c := range []struct {
		size int
		want string
	}{
		{50_000, ""}, {50_001, "package-mempool-limits, package size 101001 exceeds ancestor size limit [limit: 101000]"},
	} {
		r := w.pool.Test([]*chain.Tx{sized(t, 51_000, 80_000, w.fund(1)), sized(t, c.size, 80_000, w.fund(2))}, 0)
		if got := errorText(r[0].List); !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("51,000 and %d bytes: %q, want %q", c.size, got, c.want)
		}
	}
	for last, want := range map[int]string{25_249: "package-mempool-limits", 25_250: "package-too-large"} {
		var heavy []*chain.Tx
		weight := 0
		for i, size := range []int{25_251, 25_251, 25_252, last} {
			heavy = append(heavy, sized(t, size, 80_000, w.fund(i+1)))
			weight += heavy[i].Weight
		}
		if got := errorText(w.pool.Test(heavy, 0)[0].List); weight-404_000 != 4*(last-25_249) || !strings.HasPrefix(got, want) {
			t.Errorf("%d in weight: %q, want %q", weight, got, want)
		}
	}
	// Together with all that they build on.
	root := w.accept(spend(30_000, 30, w.fund(3)))
	for n := range 22 {
		w.accept(spend(200, 1, out(root, n)))
	}
	two := func(n int) []*chain.Tx {
		return []*chain.Tx{spend(300, 1, out(root, n)), spend(300, 1, out(root, n+1))}
	}
	if r := w.pool.Test(two(24), 0); r[0].List != nil || r[1].Err != nil {
		t.Errorf("the 24th and 25th descendant: %+v", r[0])
	}
	w.accept(spend(200, 1, out(root, 22)))
	if r := w.pool.Test(two(24), 0); !strings.HasPrefix(errorText(r[0].List), "package-mempool-limits, possibly too many descendants for tx "+root.ID.String()) {
		t.Errorf("the 25th and 26th descendant: %+v", r[0])
	}
	// What a client would pay at most is paid.
	tx := spend(960, 1, w.fund(5))
	for rate, want := range map[policy.FeeRate]error{10_000: nil, 9980: policy.ErrMaxFee} {
		if r := w.pool.Test([]*chain.Tx{tx}, rate); !errors.Is(r[0].Err, want) || (r[0].Err == nil) != (want == nil) {
			t.Errorf("%d for 960 of 96 bytes: %v", rate, r[0].Err)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestFamiliesOfAPackage(t *testing.T) {
	w := newWorld(t, 3)
	a, b := spend(1000, 2, w.fund(1)), spend(1000, 2, w.fund(2))
	both := spend(1000, 1, out(a, 0), out(b, 0))
	below := spend(1000, 1, out(a, 1), w.fund(3))
	for _, c := range []struct {
		name string
		txs  []*chain.Tx
		want bool
	}{
		{"one", []*chain.Tx{a}, false},
		{"parent and child", []*chain.Tx{a, below}, true},
		{"two parents", []*chain.Tx{a, b, both}, true},
		{"a stranger", []*chain.Tx{b, below}, false},
		{"a parent that builds on another", []*chain.Tx{a, below, spend(1000, 1, out(below, 0), out(a, 0))}, false},
		{"the child first", []*chain.Tx{below, a}, false},
	} {
		if got := IsFamily(c.txs); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestTRUCAmongTheMembersOfAPackage(t *testing.T) {
	w := newWorld(t, 4)
	list := func(txs ...*chain.Tx) string { return errorText(w.pool.Test(txs, 0)[0].List) }
	parent := spendWith(1000, 3, v3, w.fund(1))
	child := spendWith(1000, 2, v3, out(parent, 0))
	if r := w.pool.Test([]*chain.Tx{parent, child}, 0); r[0].List != nil || r[1].Err != nil || r[1].NotReached {
		t.Errorf("a pair: %+v", r)
	}
	plain := spend(1000, 1, w.fund(2))
	for _, c := range []struct{ got, want string }{
		{list(parent, child, spendWith(1000, 1, v3, out(parent, 1))), "would exceed descendant count limit"},
		{list(parent, child, spendWith(1000, 1, v3, out(child, 0))), "would have too many ancestors"},
		{list(parent, spend(1000, 1, out(parent, 0))), "cannot spend from version=3"},
		{list(plain, spendWith(1000, 1, v3, out(plain, 0))), "cannot spend from non-version=3"},
		{list(parent, plain, spendWith(1000, 1, v3, out(parent, 0), out(plain, 0))), "would have too many ancestors"},
		{list(parent, sizedWith(t, 1001, 2000, v3, out(parent, 0))), "is too big: 1001 > 1000"},
	} {
		if !strings.HasPrefix(c.got, "TRUC-violation, ") || !strings.Contains(c.got, c.want) {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	// In the pool already: the sibling of a package's member.
	w.accept(parent)
	w.accept(child)
	r := w.pool.Test([]*chain.Tx{spendWith(9000, 1, v3, out(parent, 1)), plain}, 0)
	if !errors.Is(r[0].Err, policy.ErrTRUC) {
		t.Errorf("a sibling in the pool: %+v", r[0])
	}
}

// BIP68 is policy before it is consensus: at any height, on confirmed coins and on
// those of the pool.
func TestRelativeLocksHoldBeforeTheyAreConsensus(t *testing.T) {
	w := newWorld(t, 2, func(c *Config) {
		p := *c.Params
		p.CSVHeight = 10_000
		c.Params = &p
	})
	parent := w.accept(spend(1000, 1, w.fund(1)))
	w.refuse(spendWith(1000, 1, sequence(1), out(parent, 0)), policy.ErrSequenceLocked)
	w.accept(spendWith(1000, 1, sequence(0), out(parent, 0)))
	w.refuse(spendWith(1000, 1, sequence(1000), w.fund(2)), policy.ErrSequenceLocked)
	w.accept(spendWith(1000, 1, func(tx *wire.MsgTx) { sequence(1000)(tx); tx.Version = 1 }, w.fund(2)))
}

// testmempoolaccept tells of dust that a child leaves behind, alone and in a list.
func TestDustLeftBehindIsTold(t *testing.T) {
	w := newWorld(t, 3)
	parent := spendWith(0, 1, withAnchor, w.fund(1))
	spendsDust := spendWith(5000, 1, func(tx *wire.MsgTx) { v3(tx); tx.TxIn[0].Witness = nil }, out(parent, 1), w.fund(2))
	if _, msg := w.submit(parent, spendsDust); msg != "" {
		t.Fatal(msg)
	}
	leaves := spendWith(20_000, 1, v3, out(parent, 0))
	if r := w.pool.Test([]*chain.Tx{leaves}, 0); !errors.Is(r[0].Err, policy.ErrDustLeft) {
		t.Errorf("alone: %+v", r[0])
	}
	w.drop(spendsDust)
	if r := w.pool.Test([]*chain.Tx{leaves, spend(1000, 1, w.fund(3))}, 0); !errors.Is(r[0].Err, policy.ErrDustLeft) {
		t.Errorf("in a list: %+v", r)
	}
}

// By the rules of 28.1 dust does not enter, whatever its fee and its child's.
func TestDustEntersOnlyByNewRules(t *testing.T) {
	for _, rules := range []policy.Rules{policy.Core28(), policy.Core31()} {
		w := newWorld(t, 2, func(c *Config) { c.Rules = rules })
		parent := spendWith(0, 1, withAnchor, w.fund(1))
		child := spendWith(5000, 1, func(tx *wire.MsgTx) { v3(tx); tx.TxIn[0].Witness = nil }, out(parent, 1), w.fund(2))
		r, _ := w.submit(parent, child)
		if refused := errors.Is(r.Members[0].Err, policy.ErrDust); refused != (rules.Name == "28.1") {
			t.Errorf("%s: %+v", rules.Name, r)
		}
	}
}

// drop takes a transaction out of the pool as a conflict would.
func (w *world) drop(tx *chain.Tx) {
	var c change
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	w.pool.drop(w.pool.graph.byTxID(tx.ID), chain.GoneConflict, &c)
}
