package mempool

import (
	"errors"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/policy"
)

// countingView counts coins asked of the chain; countingScripts, transactions
// whose scripts run.
type countingView struct {
	View
	asked *int
}

func (v countingView) Coin(op wire.OutPoint) (chain.Coin, bool, error) {
	*v.asked++
	return v.View.Coin(op)
}

type countingScripts struct {
	Scripts
	ran *int
}

func (s countingScripts) CheckRelay(tx *chain.Tx, coins []chain.Coin, flags txscript.ScriptFlags) error {
	*s.ran++
	return s.Scripts.CheckRelay(tx, coins, flags)
}

// watched is a world whose pool's work is counted.
func watched(t *testing.T, funds int) (w *world, coins, scripts *int) {
	coins, scripts = new(int), new(int)
	w = newWorld(t, funds, func(c *Config) {
		view := c.View
		c.View = func() View { return countingView{view(), coins} }
		c.Script = countingScripts{c.Script, scripts}
	})
	return w, coins, scripts
}

// Replacement cycling: the attacker takes the honest spender of an outpoint out
// with one that spends a coin of his too, and then takes that one out through
// his own coin, again and again. Each turn costs him more, each is one
// announcement, and the honest one gets in whenever it is sent anew.
func TestT76_ReplacementCyclingCostsTheAttackerMoreEachTime(t *testing.T) {
	w, coins, scripts := watched(t, 3)
	honest := spend(500, 1, w.fund(1))
	fee, announced := btcutil.Amount(500), 0
	add := func(tx *chain.Tx) {
		d, err := w.pool.Add(tx)
		if err != nil {
			t.Fatal(err)
		}
		announced += len(d.In)
	}
	for range 500 { // 1,000 replacements
		add(honest)
		fee += 1000
		add(spend(fee, 1, w.fund(1), w.fund(2))) // takes the honest one out
		w.holdsNot(honest)
		fee += 1000
		add(spend(fee, 1, w.fund(2), w.fund(3))) // and frees the outpoint
	}
	add(honest)
	w.check()
	if _, in := w.pool.Entry(honest.ID); !in || announced != 1501 || *scripts != 1501 {
		t.Fatalf("%d announced, %d scripts run", announced, *scripts)
	}
	if *coins > 10*announced {
		t.Errorf("%d coins were asked for", *coins)
	}
	// What does not pay for its relay is neither taken nor announced, and costs no scripts.
	*scripts = 0
	for i := range btcutil.Amount(1000) {
		if _, err := w.pool.Add(spend(fee+1+i%50, 1, w.fund(2), w.fund(3))); !errors.Is(err, policy.ErrInsufficient) {
			t.Fatalf("a replacement that pays %d more: %v", 1+i%50, err)
		}
	}
	if *scripts != 0 {
		t.Errorf("%d scripts ran for replacements that pay too little", *scripts)
	}
}

// Pinning by children: whoever shares a parent fills it with children up to the
// limit; the other party still gets its own small child in, and may replace it.
func TestT76_ChildrenAtTheDescendantLimitDoNotPin(t *testing.T) {
	for children := 23; children <= 25; children++ {
		w := newWorld(t, 1)
		parent := w.accept(spend(30_000, 40, w.fund(1)))
		for n := range children {
			tx := spend(200, 1, out(parent, n))
			switch _, err := w.pool.Add(tx); {
			case n < 25 && err != nil: // the 25th is the carve-out
				t.Fatalf("child %d: %v", n+1, err)
			}
		}
		late := spend(300, 1, out(parent, 30))
		_, err := w.pool.Add(late)
		if want := children < 25; (err == nil) != want {
			t.Fatalf("behind %d children: %v", children, err)
		}
		if children == 25 {
			if !errors.Is(err, policy.ErrLongChain) {
				t.Fatal(err)
			}
			// The one that stands in the last place may be replaced by its owner.
			w.accept(spend(2000, 1, out(parent, 24)))
			continue
		}
		w.accept(spend(2000, 1, out(parent, 30)))
		w.holdsNot(late)
	}
}

// A replacement that would push out all that children at the limits hold is
// counted before anybody walks them: 100 go, 101 do not.
func TestT76_AtMostAHundredGoForOne(t *testing.T) {
	for extra, want := range map[int]error{0: nil, 1: policy.ErrTooManyRepl} {
		w, _, scripts := watched(t, 6)
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
		*scripts = 0
		_, err := w.pool.Add(spend(1e6, 1, all...))
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Fatalf("%d would go: %v", 100+extra, err)
		}
		if want != nil && *scripts != 0 {
			t.Error("scripts ran for it")
		}
		w.check()
	}
}

// Siblings of version 3: a thousand of them, none of which pays for its relay,
// leave the first; one that does takes its place, and its word says why not.
func TestT76_TRUCSiblingsReplaceOnlyWhenTheyPay(t *testing.T) {
	w, _, scripts := watched(t, 1)
	v3 := func(tx *wire.MsgTx) { tx.Version = 3 }
	parent := w.accept(spendWith(1000, 3, v3, w.fund(1)))
	first := w.accept(spendWith(1000, 1, v3, out(parent, 0)))
	*scripts = 0
	for i := range btcutil.Amount(1000) {
		_, err := w.pool.Add(spendWith(1001+i%90, 1, v3, out(parent, 1)))
		if err == nil || chain.Policy("insufficient fee (including sibling eviction)") != errorsPolicy(err) {
			t.Fatalf("sibling %d: %v", i, err)
		}
	}
	if *scripts != 0 {
		t.Errorf("%d scripts ran", *scripts)
	}
	w.holds(parent, first)
	second := w.accept(spendWith(2000, 1, v3, out(parent, 1)))
	w.holds(parent, second)
	// In a package no sibling goes.
	two := w.pool.Test([]*chain.Tx{spendWith(9000, 1, v3, out(parent, 2)), spend(500, 1, w.fund(1))}, 0)
	if errorsPolicy(two[0].Err) != policy.ErrTRUC {
		t.Errorf("%+v", two[0])
	}
}

func errorsPolicy(err error) chain.Policy {
	if p, ok := errors.AsType[*chain.PolicyError](err); ok {
		return p.Policy
	}
	return ""
}

// A transaction that spends a thousand unconfirmed parents is refused at the
// first beyond the limit, before anything is walked or any script runs.
func TestT76_ManyUnconfirmedParentsAreRefusedAtOnce(t *testing.T) {
	w, _, scripts := watched(t, 60)
	var coins []chaintest.Coin
	for i := range 60 {
		root := w.accept(spend(10_000, 20, w.fund(i+1)))
		for n := range 17 {
			coins = append(coins, out(w.accept(spend(200, 1, out(root, n))), 0))
		}
	}
	*scripts = 0
	for n, want := range map[int]string{
		len(coins): "too-long-mempool-chain, too many unconfirmed parents [limit: 25]",
		25:         "too-long-mempool-chain, too many unconfirmed parents [limit: 25]",
		24:         "too-long-mempool-chain, too many unconfirmed ancestors [limit: 25]",
	} {
		if _, err := w.pool.Add(spend(1e6, 1, coins[:n]...)); err == nil || err.Error() != want {
			t.Errorf("%d parents: %v, want %s", n, err, want)
		}
	}
	if *scripts != 0 {
		t.Errorf("%d scripts ran", *scripts)
	}
	w.accept(spend(1e6, 1, coins[:17]...)) // 17 parents of one root: 19 in the family
}

// What the scripts of a transaction took is told, and nothing when none ran.
func TestCostIsThatOfScripts(t *testing.T) {
	clock := time.Unix(0, 0)
	w := newWorld(t, 2, func(c *Config) {
		c.Stopwatch = func() time.Time { clock = clock.Add(time.Second); return clock }
	})
	w.pool.Add(spendWith(1000, 1, witness(nil), w.fund(1)))
	if got := w.pool.Cost(); got != time.Second {
		t.Errorf("a script that failed cost %v", got)
	}
	w.pool.Add(spend(0, 1, w.fund(1)))
	if got := w.pool.Cost(); got != 0 {
		t.Errorf("refused for its fee cost %v", got)
	}
	w.pool.Test([]*chain.Tx{spend(1000, 1, w.fund(1))}, 0)
	if got := w.pool.Cost(); got != 0 {
		t.Errorf("a test counted: %v", got)
	}
}
