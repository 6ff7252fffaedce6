package mempool

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

func TestAddedTransactionIsSeenByReaders(t *testing.T) {
	w := newWorld(t, 1)
	parent := w.accept(spend(1000, 2, w.fund(1)))
	child := w.accept(spend(2000, 1, out(parent, 1)))
	e, ok := w.pool.Entry(child.ID)
	if !ok || e.Fee != 2000 || e.AncestorCount != 2 || e.AncestorFees != 3000 || e.Depends[0] != parent.ID {
		t.Fatalf("child's entry: %+v", e)
	}
	e, _ = w.pool.Entry(parent.ID)
	if e.DescendantCount != 2 || e.DescendantFees != 3000 || e.SpentBy[0] != child.ID || e.Height != w.tip.Height {
		t.Fatalf("parent's entry: %+v", e)
	}
	if id, ok := w.pool.SpentBy(w.fund(1).Op); !ok || id != parent.ID {
		t.Fatal("the spender of the fund is not found")
	}
	if s := w.pool.Stats(); s.Size != 2 || s.TotalFee != 3000 || s.Bytes != int64(parent.VSize()+child.VSize()) || s.Usage <= 0 {
		t.Fatalf("stats: %+v", s)
	}
	if s := w.pool.Snapshot(); s.Tip != w.tip || s.Txs[0].Tx != parent || s.Txs[1].Tx != child {
		t.Fatal("the snapshot is not the pool in order")
	}
}

func TestCoinsAreThoseOfChainAndPool(t *testing.T) {
	w := newWorld(t, 2)
	tx := w.accept(spend(1000, 2, w.fund(1)))
	w.accept(spend(1000, 1, out(tx, 1)))
	for _, c := range []struct {
		name   string
		op     wire.OutPoint
		ok     bool
		height int32
	}{
		{"unspent in the chain", w.fund(2).Op, true, 2},
		{"spent by the pool", w.fund(1).Op, false, 0},
		{"made by the pool", outpoint(tx, 0), true, poolHeight},
		{"made and spent by the pool", outpoint(tx, 1), false, 0},
		{"beyond the outputs", outpoint(tx, 2), false, 0},
	} {
		coin, ok, err := w.pool.Coins().Coin(c.op)
		if err != nil || ok != c.ok || coin.Height != c.height {
			t.Errorf("%s: %v %v %v", c.name, coin, ok, err)
		}
	}
}

// One output in the coin set tells that a transaction is in a block; without any nobody
// knows.
func TestATransactionOfTheChainIsKnownByAnyOutput(t *testing.T) {
	w := newWorld(t, 1)
	half := spend(1000, 2, w.fund(1))
	w.mine(half)
	w.mine(spend(1000, 1, out(half, 0)))
	if _, err := w.pool.Add(half); !errors.Is(err, policy.ErrKnown) {
		t.Errorf("its second output is a coin: %v", err)
	}
	w.mine(spend(1000, 1, out(half, 1)))
	var missing *chain.MissingError
	if _, err := w.pool.Add(half); !errors.As(err, &missing) {
		t.Errorf("no output is a coin: %v", err)
	}
}

func TestRefusalsSayCoresWords(t *testing.T) {
	w := newWorld(t, 3)
	first := w.accept(spend(1000, 1, w.fund(1)))
	malleated := *first.MsgTx.Copy()
	malleated.TxIn[0].Witness = wire.TxWitness{{}, first.TxIn[0].Witness[0]}
	mined := spend(1000, 1, w.fund(3))
	w.mine(mined)
	vsize := btcutil.Amount(spend(0, 1, w.fund(2)).VSize())
	for _, c := range []struct {
		tx   *chain.Tx
		want string
	}{
		{first, "txn-already-in-mempool"},
		{chain.NewTx(&malleated), "txn-same-nonwitness-data-in-mempool"},
		{spend(1000, 1, w.fund(1), w.fund(2)), "insufficient fee, rejecting replacement"},
		{mined, "txn-already-known"},
		{spend(1000, 1, out(spend(1, 1, w.fund(2)), 0)), "bad-txns-inputs-missingorspent"},
		{spend(0, 1, w.fund(2)), "min relay fee not met, 0 < 96"},
		{spend(vsize-1, 1, w.fund(2)), "min relay fee not met, 95 < 96"},
		{spend(1000, 1, w.fund(5)), "bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 99"},
		{w.blocks[0].Block.Txs[0], "coinbase"},
		{spendWith(1000, 1, locked(uint32(w.tip.Height)+1), w.fund(2)), "non-final"},
		{spendWith(1000, 1, sequence(1000), w.fund(2)), "non-BIP68-final"},
		{spendWith(-1, 1, nil, w.fund(2)), "bad-txns-in-belowout: value in (50.00) < value out (50.00000001)"},
		{spendWith(1000, 1, witness(nil), w.fund(2)), "mempool-script-verify-flag-failed"},
		{spendWith(1000, 1, func(tx *wire.MsgTx) { tx.Version = 4 }, w.fund(2)), "version"},
		{spendWith(1000, 1, func(tx *wire.MsgTx) { tx.TxOut[0].PkScript = []byte{0x51} }, w.fund(2)), "scriptpubkey"},
		{spendWith(1000, 2, func(tx *wire.MsgTx) { tx.TxOut[0].Value = 329 }, w.fund(2)), "dust, tx with dust output must be 0-fee"},
		{spendWith(1000, 3, func(tx *wire.MsgTx) { tx.TxOut[0].Value, tx.TxOut[1].Value = 1, 329 }, w.fund(2)), "dust"},
		{spendWith(1000, 1, func(tx *wire.MsgTx) { tx.TxOut = nil }, w.fund(2)), "bad-txns-vout-empty"},
	} {
		_, err := w.pool.Add(c.tx)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	w.holds(first)
}

func TestMissingParentsAreNamedOnce(t *testing.T) {
	w := newWorld(t, 2)
	a, b := spend(1000, 2, w.fund(1)), spend(1000, 1, w.fund(2))
	_, err := w.pool.Add(spend(1000, 1, out(b, 0), out(a, 0), out(a, 1)))
	var missing *chain.MissingError
	if !errors.As(err, &missing) || len(missing.Parents) != 2 || missing.Parents[0] != b.ID || missing.Parents[1] != a.ID {
		t.Fatalf("got %v %+v", err, missing)
	}
}

func TestOutputThatAPoolParentLacksIsInvalidForEver(t *testing.T) {
	w := newWorld(t, 1)
	parent := w.accept(spend(1000, 1, w.fund(1)))
	absent := out(parent, 0)
	absent.Op.Index = 7
	_, err := w.pool.Add(spend(1000, 1, absent))
	var rule *chain.RuleError
	if !errors.As(err, &rule) || !errors.Is(err, chain.ErrInputsMissing) {
		t.Fatalf("got %v", err)
	}
}

func TestScriptFailureIsPolicyOnlyWhenConsensusAdmitsIt(t *testing.T) {
	w := newWorld(t, 3)
	var rule *chain.RuleError
	var refusal *chain.PolicyError
	// The script must match its hash by consensus.
	_, err := w.pool.Add(spendWith(1000, 1, witness([][]byte{{0x52}}), w.fund(1)))
	if !errors.As(err, &rule) || !strings.HasPrefix(err.Error(), "mempool-script-verify-flag-failed (") {
		t.Fatalf("wrong script: %v", err)
	}
	// A witness that is missing may have been taken off on its way.
	_, err = w.pool.Add(spendWith(1000, 1, witness(nil), w.fund(1)))
	if !errors.As(err, &refusal) {
		t.Fatalf("stripped: %v", err)
	}
}

func TestFeesAreTakenUpToTheSatoshi(t *testing.T) {
	w := newWorld(t, 1)
	tx := spend(0, 1, w.fund(1))
	w.accept(spend(btcutil.Amount(tx.VSize()), 1, w.fund(1)))
}

func TestNonStandardIsTakenWhenNotRequired(t *testing.T) {
	w := newWorld(t, 1, func(c *Config) { c.Rules.AnyForm = true })
	w.accept(spendWith(1000, 2, func(tx *wire.MsgTx) { tx.TxOut[1].PkScript = []byte{0x51}; tx.Version = 9 }, w.fund(1)))
}

func TestChainOfTwentyFiveAndNoMore(t *testing.T) {
	w := newWorld(t, 1)
	tx := w.accept(spend(1000, 1, w.fund(1)))
	for range 24 {
		tx = w.accept(spend(1000, 1, out(tx, 0)))
	}
	// Ancestors are counted first.
	w.says(spend(1000, 1, out(tx, 0)), "too-long-mempool-chain, too many unconfirmed ancestors [limit: 25]")
}

func TestTwentyFourChildrenAndTheCarveOut(t *testing.T) {
	w := newWorld(t, 1)
	parent := w.accept(spend(10_000, 30, w.fund(1)))
	for i := range 24 {
		w.accept(spend(1000, 1, out(parent, i)))
	}
	// One more fits: it is small and has no other ancestor (CPFP carve-out).
	w.accept(spend(1000, 1, out(parent, 24)))
	w.refuse(spend(1000, 1, out(parent, 25)), policy.ErrLongChain)
}

func TestTRUCFamiliesStaySmall(t *testing.T) {
	w := newWorld(t, 2)
	v3 := func(tx *wire.MsgTx) { tx.Version = 3 }
	plain := w.accept(spend(1000, 1, w.fund(2)))
	parent := w.accept(spendWith(1000, 2, v3, w.fund(1)))
	w.refuse(spend(1000, 1, out(parent, 0)), policy.ErrTRUC)
	w.refuse(spendWith(1000, 1, v3, out(plain, 0)), policy.ErrTRUC)
	w.refuse(spendWith(5000, 25, v3, out(parent, 0)), policy.ErrTRUC) // a child above 1,000 bytes
	child := w.accept(spendWith(1000, 1, v3, out(parent, 0)))
	w.refuse(spendWith(1000, 1, v3, out(child, 0)), policy.ErrTRUC)
	// A sibling takes the child's place if it pays for that.
	w.refuse(spendWith(1000, 1, v3, out(parent, 1)), policy.ErrInsufficient)
	sibling := w.accept(spendWith(2000, 1, v3, out(parent, 1)))
	w.holds(plain, parent, sibling)
}

func TestFullPoolEvictsTheWorstWithItsDescendants(t *testing.T) {
	w := newWorld(t, 4)
	probe := spend(1000, 1, w.fund(1))
	w.pool.cfg.MaxBytes = 3 * usageOf(probe, 1)
	lowFee := w.accept(spend(200, 1, w.fund(1)))
	child := w.accept(spend(300, 1, out(lowFee, 0)))
	rich := w.accept(spend(5000, 1, w.fund(2)))
	d, err := w.pool.Add(spend(4000, 1, w.fund(3)))
	if err != nil || len(d.In) != 1 || len(d.Out) != 2 || d.Out[0].Tx != child || d.Out[1].Tx != lowFee || d.Out[0].Why != chain.GoneEvicted {
		t.Fatalf("%v %+v", err, d)
	}
	w.check()
	// What was evicted paid 500 for two; the floor is above that now.
	w.refuse(lowFee, policy.ErrPoolMinFee)
	if _, err := w.pool.Add(spend(300, 1, w.fund(4))); err == nil || !strings.HasPrefix(err.Error(), "mempool min fee not met, 300 < ") {
		t.Fatal(err)
	}
	if _, ok := w.pool.Entry(rich.ID); !ok {
		t.Fatal("the rich one went")
	}
}

func TestTransactionThatFallsOutAtOnceIsRefused(t *testing.T) {
	w := newWorld(t, 2)
	w.pool.cfg.MaxBytes = usageOf(spend(1000, 1, w.fund(1)), 1)
	first := w.accept(spend(5000, 1, w.fund(1)))
	d, err := w.pool.Add(spend(4000, 1, w.fund(2)))
	if !errors.Is(err, policy.ErrPoolFull) || len(d.In)+len(d.Out) != 0 {
		t.Fatalf("%v %+v", err, d)
	}
	w.holds(first)
}

func TestFloorSinksAfterABlockOnly(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	f := floor{step: 1000}
	f.raise(8000, start)
	f.raise(7000, start)
	if got := f.at(start.Add(48*time.Hour), 1); got != 8000 {
		t.Fatalf("before a block: %d", got)
	}
	f.block(start, 1)
	for _, c := range []struct {
		after time.Duration
		full  float64
		want  policy.FeeRate
	}{
		{12 * time.Hour, 1, 4000},
		{24 * time.Hour, 1, 2000},
		{6 * time.Hour, 0.4, 4000},
		{3 * time.Hour, 0.2, 4000},
		{42 * time.Hour, 1, 1000}, // 707 is raised to one increment
		{49 * time.Hour, 1, 0},
	} {
		if got := f.at(start.Add(c.after), c.full); got != c.want {
			t.Errorf("after %v, %v full: %d, want %d", c.after, c.full, got, c.want)
		}
	}
}

func TestOldTransactionsExpire(t *testing.T) {
	w := newWorld(t, 2)
	old := w.accept(spend(1000, 1, w.fund(1)))
	w.now = w.now.Add(defaultExpiry - time.Hour)
	child := w.accept(spend(1000, 1, out(old, 0)))
	young := w.accept(spend(1000, 1, w.fund(2)))
	w.now = w.now.Add(time.Hour)
	d := w.mine()
	if len(d.Out) != 2 || d.Out[0].Tx != child || d.Out[1].Tx != old {
		t.Fatalf("%+v", d)
	}
	w.holds(young)
}

// Before scripts run, all members are looked at: the first that fails stands
// alone in the answer, as in Core.
func TestTestChangesNothingAndKnowsEarlierOnes(t *testing.T) {
	w := newWorld(t, 2)
	parent := spend(1000, 1, w.fund(1))
	child := spend(3000, 1, out(parent, 0))
	bad := spend(0, 1, w.fund(2))
	r := w.pool.Test([]*chain.Tx{parent, child, bad, spend(1000, 1, out(child, 0))}, 0)
	if !r[0].NotReached || !r[1].NotReached || !errors.Is(r[2].Err, policy.ErrMinRelayFee) || !r[3].NotReached {
		t.Fatalf("%+v", r)
	}
	r = w.pool.Test([]*chain.Tx{parent, child}, 0)
	if r[0].Err != nil || r[0].Fee != 1000 || r[1].Err != nil || r[1].VSize != child.VSize() {
		t.Fatalf("%+v", r)
	}
	unsigned := spendWith(1000, 1, witness(nil), out(child, 0))
	r = w.pool.Test([]*chain.Tx{parent, child, unsigned, spend(1000, 1, out(unsigned, 0))}, 0)
	if r[0].NotReached || r[1].NotReached || !errors.Is(r[2].Err, policy.ErrScript) || !r[3].NotReached {
		t.Fatalf("%+v", r)
	}
	w.holds()
	if r := w.pool.Test([]*chain.Tx{child}, 0); !errors.Is(r[0].Err, chain.ErrMissingCoin) {
		t.Fatalf("%+v", r)
	}
	if r := w.pool.Test([]*chain.Tx{parent}, 8000); !errors.Is(r[0].Err, policy.ErrMaxFee) {
		t.Fatalf("%+v", r)
	}
	for _, c := range []struct {
		list []*chain.Tx
		want chain.Policy
	}{
		{[]*chain.Tx{child, parent}, policy.ErrPackageOrder},
		{[]*chain.Tx{parent, parent}, policy.ErrPackageDuplicates},
		{[]*chain.Tx{parent, spend(2000, 1, w.fund(1))}, policy.ErrPackageConflict},
		{make([]*chain.Tx, 26), policy.ErrPackageCount},
	} {
		if r := w.pool.Test(c.list, 0); !errors.Is(r[0].List, c.want) || r[1].Err != nil {
			t.Errorf("%+v, want %v", r[0], c.want)
		}
	}
}

func locked(height uint32) func(*wire.MsgTx) {
	return func(tx *wire.MsgTx) { tx.LockTime, tx.TxIn[0].Sequence = height, 0xfffffffe }
}

func sequence(n uint32) func(*wire.MsgTx) {
	return func(tx *wire.MsgTx) { tx.TxIn[0].Sequence = n }
}

func witness(w wire.TxWitness) func(*wire.MsgTx) {
	return func(tx *wire.MsgTx) { tx.TxIn[0].Witness = w }
}
