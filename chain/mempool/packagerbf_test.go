package mempool

import (
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/policy"
)

// submit hands in a package and returns its message and its members' errors.
func (w *world) submit(txs ...*chain.Tx) (PackageResult, string) {
	w.t.Helper()
	r, _, err := w.pool.AddPackage(txs, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	w.check()
	return r, errorText(r.Err)
}

// The parent alone does not pay for what it would push out; with its child it
// does, where that stands in a cluster of two at most.
func TestPackageReplacesAPair(t *testing.T) {
	w := newWorld(t, 1)
	old := w.accept(spend(1000, 1, w.fund(1)))
	oldChild := w.accept(spend(1000, 1, out(old, 0)))
	parent := spend(200, 1, w.fund(1))
	child := spend(1992, 1, out(parent, 0)) // both fees, and their 192 bytes
	r, msg := w.submit(parent, child)
	if msg != "" || len(r.Replaced) != 2 || len(r.Members[0].Together) != 2 || r.Members[0].Rate != policy.RateOf(2192, 192) {
		t.Fatalf("%s %+v", msg, r)
	}
	w.holds(parent, child)
	w.holdsNot(old, oldChild)
}

func TestPackageReplacementRules(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(w *world) []*chain.Tx
		want string
	}{
		{"a satoshi less than it takes", func(w *world) []*chain.Tx {
			old := w.accept(spend(1000, 1, w.fund(1)))
			w.accept(spend(1000, 1, out(old, 0)))
			parent := spend(200, 1, w.fund(1))
			return []*chain.Tx{parent, spend(1991, 1, out(parent, 0))}
		}, "package RBF failed: insufficient anti-DoS fees, rejecting replacement"},
		{"one ancestor in the pool", func(w *world) []*chain.Tx {
			root := w.accept(spend(1000, 2, w.fund(1)))
			w.accept(spend(1000, 1, w.fund(2)))
			parent := spend(200, 1, w.fund(2), out(root, 0))
			return []*chain.Tx{parent, spend(9000, 1, out(parent, 0))}
		}, "package RBF failed: new transaction cannot have mempool ancestors"},
		{"a cluster of three in a row", func(w *world) []*chain.Tx {
			a := w.accept(spend(1000, 1, w.fund(1)))
			b := w.accept(spend(1000, 1, out(a, 0)))
			w.accept(spend(1000, 1, out(b, 0)))
			parent := spend(200, 1, w.fund(1))
			return []*chain.Tx{parent, spend(9000, 1, out(parent, 0))}
		}, "has 2 descendants, max 1 allowed"},
		{"a conflict with two ancestors", func(w *world) []*chain.Tx {
			a := w.accept(spend(1000, 1, w.fund(1)))
			b := w.accept(spend(1000, 1, out(a, 0)))
			w.accept(spend(1000, 1, out(b, 0), w.fund(2)))
			parent := spend(200, 1, w.fund(2))
			return []*chain.Tx{parent, spend(9000, 1, out(parent, 0))}
		}, "has 2 ancestors, max 1 allowed"},
		{"a conflict with a parent and a child", func(w *world) []*chain.Tx {
			a := w.accept(spend(1000, 1, w.fund(1)))
			b := w.accept(spend(1000, 1, out(a, 0), w.fund(2)))
			w.accept(spend(1000, 1, out(b, 0)))
			parent := spend(200, 1, w.fund(2))
			return []*chain.Tx{parent, spend(9000, 1, out(parent, 0))}
		}, "has both ancestor and descendant, exceeding cluster limit of 2"},
		{"a child of two parents", func(w *world) []*chain.Tx {
			a, b := w.accept(spend(1000, 1, w.fund(1))), w.accept(spend(1000, 1, w.fund(2)))
			w.accept(spend(1000, 1, out(a, 0), out(b, 0)))
			parent := spend(200, 1, w.fund(1))
			return []*chain.Tx{parent, spend(9000, 1, out(parent, 0))}
		}, "is not the only parent of child"},
		{"a parent of two children", func(w *world) []*chain.Tx {
			a := w.accept(spend(1000, 2, w.fund(1)))
			w.accept(spend(1000, 1, out(a, 0)))
			w.accept(spend(1000, 1, out(a, 1), w.fund(2)))
			parent := spend(200, 1, w.fund(2))
			return []*chain.Tx{parent, spend(9000, 1, out(parent, 0))}
		}, "is not the only child of parent"},
		{"a child that lifts nothing", func(w *world) []*chain.Tx {
			for i := range 2 {
				w.accept(spend(5000, 1, w.fund(i+1)))
			}
			parent := spend(7000, 1, w.fund(1), w.fund(2)) // pays less than both
			return []*chain.Tx{parent, spend(3300, 1, out(parent, 0))}
		}, "package RBF failed: package feerate is less than or equal to parent feerate, package feerate 0.0"},
		{"a child that pays a byte as much as its parent", func(w *world) []*chain.Tx {
			old := w.accept(spend(1000, 1, w.fund(1)))
			w.accept(spend(500, 1, out(old, 0)))
			parent := spendWith(1000, 1, func(tx *wire.MsgTx) { tx.Version = 1 }, w.fund(1))
			return []*chain.Tx{parent, spend(1000, 1, out(parent, 0))}
		}, "package RBF failed: package feerate is less than or equal to parent feerate"},
		{"a diagram that is lower at its beginning", func(w *world) []*chain.Tx {
			w.accept(spend(5000, 1, w.fund(1)))
			parent := spend(100, 1, w.fund(1))
			return []*chain.Tx{parent, sized(w.t.(*testing.T), 2000, 8000, out(parent, 0))}
		}, "package RBF failed: insufficient feerate: does not improve feerate diagram"},
	} {
		w := newWorld(t, 3)
		r, msg := w.submit(c.make(w)...)
		if !strings.Contains(msg, c.want) {
			t.Errorf("%s: %q, want %q: %+v", c.name, msg, c.want, r.Members)
		}
	}
	// Alone, with a parent that stays, or with a child that goes: all may be replaced.
	for name, conflict := range map[string]func(w *world) (parent *chain.Tx){
		"alone": func(w *world) *chain.Tx {
			w.accept(spend(1000, 1, w.fund(2)))
			return spend(200, 1, w.fund(2))
		},
		"below a parent that stays": func(w *world) *chain.Tx {
			root := w.accept(spend(1000, 1, w.fund(1)))
			w.accept(spend(1000, 1, out(root, 0), w.fund(2)))
			return spend(200, 1, w.fund(2))
		},
	} {
		w := newWorld(t, 2)
		parent := conflict(w)
		if _, msg := w.submit(parent, spend(5000, 1, out(parent, 0))); msg != "" {
			t.Errorf("%s: %s", name, msg)
		}
	}
}

// A package may push out a hundred, all members' conflicts counted, and no more.
func TestPackageReplacesAtMostAHundred(t *testing.T) {
	for extra, want := range map[int]string{0: "has 24 descendants, max 1 allowed", 1: "too many potential replacements, rejecting replacement"} {
		w := newWorld(t, 6)
		var all []chaintest.Coin
		for i := range 4 {
			root := w.accept(spend(10_000, 30, w.fund(i+1)))
			for n := range 24 {
				w.accept(spend(200, 1, out(root, n)))
			}
			all = append(all, w.fund(i+1))
		}
		for i := range extra {
			w.accept(spend(500, 1, w.fund(5+i)))
			all = append(all, w.fund(5+i))
		}
		parent := spend(400, 1, all[:2]...)
		child := spend(1e6, 1, append([]chaintest.Coin{out(parent, 0)}, all[2:]...)...)
		if _, msg := w.submit(parent, child); !strings.Contains(msg, want) {
			t.Errorf("%d would go: %s", 100+extra, msg)
		}
	}
}

// Diagrams are compared at every size, with what fits in part.
func TestDiagrams(t *testing.T) {
	d := func(n ...int) (pieces []policy.Paid) {
		for i := 0; i < len(n); i += 2 {
			pieces = append(pieces, policy.Paid{Fee: btcutil.Amount(n[i]), VSize: n[i+1]})
		}
		return pieces
	}
	for _, c := range []struct {
		a, b []policy.Paid
		want bool
	}{
		{d(100, 10), d(100, 10), false},
		{d(101, 10), d(100, 10), true},
		{d(100, 10), d(101, 10), false},
		{d(100, 10, 50, 10), d(100, 10), true},
		{d(100, 10), d(100, 10, 50, 10), false},
		{d(100, 10, 10, 10), d(105, 20), true},
		{d(100, 5), d(100, 10), true},
		{d(150, 20), d(100, 10), false}, // lower at 10
		{d(200, 20), d(100, 10, 99, 10), true},
	} {
		if got := better(c.a, c.b); got != c.want {
			t.Errorf("%v above %v: %v", c.a, c.b, got)
		}
	}
}

func TestPackageMembersAreAnsweredForOneByOne(t *testing.T) {
	w := newWorld(t, 4)
	parent := spend(1000, 2, w.fund(1))
	child := spend(1000, 1, out(parent, 0))
	if r, msg := w.submit(parent, child); msg != "" || len(r.Members[0].Together) != 1 || len(r.Members[1].Together) != 1 {
		t.Fatalf("each good alone: %s %+v", msg, r)
	}
	again := spend(3000, 1, out(parent, 0))
	r, msg := w.submit(parent, again)
	if msg != "" || r.Members[0].Together != nil || r.Members[0].Fee != 1000 || len(r.Replaced) != 1 || r.Replaced[0] != child.ID {
		t.Fatalf("a parent that is there: %s %+v", msg, r)
	}
	bad := spendWith(1000, 1, witness(nil), w.fund(2))
	r, msg = w.submit(bad, spend(1000, 1, out(bad, 0)))
	if msg != "transaction failed" || !errors.Is(r.Members[0].Err, policy.ErrScript) || !errors.Is(r.Members[1].Err, chain.ErrMissingCoin) {
		t.Fatalf("a parent that fails: %s %+v", msg, r)
	}
	other := w.accept(spend(1000, 2, w.fund(3)))
	p := spend(1000, 1, w.fund(4))
	two := spend(1000, 1, out(p, 0), out(other, 0))
	w.pool.cfg.Rules.WholeFamilies = true
	if r, msg := w.submit(p, two); msg != string(policy.ErrPackageParents) || r.Members != nil {
		t.Fatalf("another unconfirmed parent: %s %+v", msg, r)
	}
	w.pool.cfg.Rules.WholeFamilies = false
	if r, msg := w.submit(p, two); msg != "" {
		t.Fatalf("another parent that is in the pool: %s %+v", msg, r)
	}
	if _, msg := w.submit(p); msg != string(policy.ErrPackageShape) {
		t.Fatalf("one alone: %s", msg)
	}
	for rate, want := range map[policy.FeeRate]error{10_416: nil, 10_415: policy.ErrMaxRate} {
		w := newWorld(t, 1)
		p := spend(1000, 1, w.fund(1)) // of 96 bytes
		r, _, err := w.pool.AddPackage([]*chain.Tx{p, spend(1000, 1, out(p, 0))}, rate)
		if err != nil || !errors.Is(r.Members[0].Err, want) || (r.Members[0].Err == nil) != (want == nil) {
			t.Errorf("at most %d: %v %+v", rate, err, r)
		}
	}
}
