package ledger

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/db"
)

func plant(t testing.TB, opts ...option) (*chaintest.Tree, *rig) {
	t.Helper()
	r := newRig(t, opts...)
	return chaintest.NewTree(t, r.cfg.Params, r), r
}

func TestChainWithMostWorkWins(t *testing.T) {
	tr, r := plant(t)
	//	genesis -> a1 -> a2 -> a3
	//	             \-> b2 -> b3 -> b4
	tr.Grow(chaintest.Genesis, "a", 3)
	tr.AcceptRow("a", 3)
	tr.ExpectTip("a3")
	tr.Block("a1", "b2")
	tr.Block("b2", "b3")
	tr.Block("b3", "b4")
	tr.Side("b2", "b3")
	tr.ExpectTip("a3") // first seen wins at equal work
	tr.Accept("b4")
	tr.ExpectTip("b4")
	tr.Block("a3", "a4")
	tr.Side("a4")
	tr.Block("a4", "a5")
	tr.Accept("a5")
	tr.ExpectTip("a5")
	r.check()
	for i, name := range []string{"a1", "a2", "a3", "a4", "a5"} {
		if got := r.AtHeight(int32(i + 1)); got.Hash != tr.Named(name).Node.Hash {
			t.Errorf("height %d is %v, want %s", i+1, got.Hash, name)
		}
	}
	if r.AtHeight(6) != nil || r.AtHeight(-1) != nil {
		t.Error("there are blocks beyond the ends")
	}
}

func TestBodiesComeInAnyOrder(t *testing.T) {
	tr, r := plant(t)
	//	genesis -> a1 -> a2 -> a3 -> a4
	tr.Grow(chaintest.Genesis, "a", 4)
	r.AddHeaders([]*chain.HeaderNode{tr.Named("a4").Node})
	tr.Side("a4", "a2", "a3")
	tr.ExpectTip(chaintest.Genesis)
	tr.Accept("a1")
	waitTip(t, r, tr.Named("a4"))
	tr.Reject("a3", chain.ErrDuplicate)
	r.check()
}

func waitTip(t testing.TB, r *rig, m chaintest.Mined) {
	t.Helper()
	waitFor(t, func() bool { return r.Tip().Hash == m.Node.Hash })
}

func waitFor(t testing.TB, done func() bool) {
	t.Helper()
	for range 120_000 {
		if done() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it does not happen")
}

func TestInvalidBranchIsRememberedAndNeverSeen(t *testing.T) {
	path := t.TempDir() + "/chain.db"
	r := start(t, path)
	tr := chaintest.NewTree(t, r.cfg.Params, r)
	//	genesis -> a1 -> a2
	//	             \-> b2 -> b3! -> b4
	tr.Grow(chaintest.Genesis, "a", 2)
	tr.AcceptRow("a", 2)
	tr.Block("a1", "b2")
	tr.Block("b2", "b3", chaintest.Fees(1)) // takes more than it may
	tr.Block("b3", "b4")
	tr.Side("b2")
	tr.Reject("b3", chain.ErrCoinbaseAmount)
	tr.ExpectTip("a2")
	tr.Reject("b3", chain.ErrCoinbaseAmount)
	tr.Reject("b4", chain.ErrBadParent)
	if _, st, _ := r.Lookup(tr.Named("b3").Node.Hash); st != HaveBody|Invalid {
		t.Errorf("status of b3: %b", st)
	}
	if best := r.BestHeader(); best.Hash != tr.Named("a2").Node.Hash {
		t.Errorf("best header is at %d", best.Height)
	}
	r.check()
	r.stop()
	r = start(t, path)
	tr2 := chaintest.NewTree(t, r.cfg.Params, r)
	tr2.Put("b3", tr.Named("b3"))
	tr2.Put("b4", tr.Named("b4"))
	tr2.Put("a2", tr.Named("a2"))
	tr2.Reject("b3", chain.ErrCoinbaseAmount)
	tr2.Reject("b4", chain.ErrBadParent)
	tr2.ExpectTip("a2")
	if bad := r.InvalidHeaders(); len(bad) != 1 || bad[0].Node.Hash != tr.Named("b3").Node.Hash || !errors.Is(bad[0].Err, chain.ErrCoinbaseAmount) {
		t.Errorf("marked: %v, want b3 for its coinbase", bad)
	}
}

func TestReorganisationIntoABadBranchLeavesTheTip(t *testing.T) {
	tr, r := plant(t)
	//	genesis -> a1 -> a2
	//	             \-> b2 -> b3! -> b4 -> b5
	// b3 to b5 come before b2, so the whole branch is tried as one move.
	tr.Grow(chaintest.Genesis, "a", 2)
	tr.AcceptRow("a", 2)
	tr.Block("a1", "b2")
	tr.Block("b2", "b3", chaintest.Fees(1))
	tr.Block("b3", "b4")
	tr.Block("b4", "b5")
	tr.Side("b3", "b4", "b5")
	tr.Side("b2")
	tr.ExpectTip("a2")
	waitFor(t, func() bool { return len(r.InvalidHeaders()) > 0 })
	for _, h := range []string{"b3", "b4", "b5"} {
		if _, st, _ := r.Lookup(tr.Named(h).Node.Hash); st&Invalid == 0 {
			t.Errorf("%s is not marked", h)
		}
	}
	tr.Block("a2", "a3")
	tr.Accept("a3")
	r.check()
}

func TestInvalidateAndReconsider(t *testing.T) {
	tr, r := plant(t)
	//	genesis -> a1 -> a2 -> a3 -> a4
	//	             \-> b2 -> b3
	tr.Grow(chaintest.Genesis, "a", 4)
	tr.AcceptRow("a", 4)
	tr.Block("a1", "b2")
	tr.Block("b2", "b3")
	tr.Side("b2", "b3")
	r.invalidate(tr.Named("a3"))
	tr.ExpectTip("b3")
	tr.Reject("a4", chain.ErrBadParent)
	r.check()
	r.invalidate(tr.Named("b2"))
	tr.ExpectTip("a2")
	r.invalidate(tr.Named("a1"))
	tr.ExpectTip(chaintest.Genesis)
	r.check()
	r.reconsider(tr.Named("b3"))
	tr.ExpectTip("b3")
	r.reconsider(tr.Named("a4"))
	tr.ExpectTip("a4")
	r.check()
	if _, err := r.Invalidate(t.Context(), chain.Hash{1}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, err := r.Invalidate(t.Context(), *r.cfg.Params.GenesisHash); err == nil {
		t.Error("genesis was invalidated")
	}
}

// At equal work the first seen is the best, also when it had to give way
// meanwhile: what was marked by mistake comes back as if nothing had been.
func TestFirstSeenComesBackAtEqualWork(t *testing.T) {
	tr, r := plant(t)
	//	genesis -> a1 -> a2 -> a3
	//	             \-> b2 -> b3 -> b4
	tr.Grow(chaintest.Genesis, "a", 3)
	tr.AcceptRow("a", 3)
	tr.Block("a1", "b2")
	tr.Block("b2", "b3")
	tr.Side("b2", "b3")
	r.invalidate(tr.Named("a3"))
	tr.ExpectTip("b3")
	r.reconsider(tr.Named("a3"))
	tr.ExpectTip("a3")
	r.check()

	tr.Block("b3", "b4")
	tr.Accept("b4")
	r.invalidate(tr.Named("b4"))
	tr.ExpectTip("a3")
	r.check()
	r.reconsider(tr.Named("b4"))
	tr.ExpectTip("b4")
}

func TestTips(t *testing.T) {
	tr, r := plant(t)
	//	genesis -> a1 -> a2 -> a3
	//	             \-> b2     \-> c4 (header only)
	//	              \-> d2!
	tr.Grow(chaintest.Genesis, "a", 3)
	tr.AcceptRow("a", 3)
	tr.Block("a1", "b2")
	tr.Side("b2")
	tr.Block("a3", "c4")
	r.AddHeaders([]*chain.HeaderNode{tr.Named("c4").Node})
	tr.Block("a1", "d2", chaintest.Tamper(func(b *wire.MsgBlock) { b.Transactions[0].TxOut[0].Value = -1 }))
	tr.Reject("d2", chain.ErrOutputNegative)
	want := map[string]string{"a3": "active", "b2": "valid-headers", "c4": "headers-only", "d2": "invalid"}
	tips := r.Tips()
	if len(tips) != len(want) {
		t.Fatalf("%d tips, want %d", len(tips), len(want))
	}
	for name, status := range want {
		found := false
		for _, tip := range tips {
			if tip.Node.Hash == tr.Named(name).Node.Hash {
				found = tip.Status == status && (tip.BranchLen > 0) == (name != "a3")
			}
		}
		if !found {
			t.Errorf("%s is not told as %s: %+v", name, status, tips)
		}
	}
}

// A body that does not belong to its header says nothing of the block.
func TestT17_MutatedBodyNeverMarksTheHeader(t *testing.T) {
	tr, r := plant(t)
	key := chaintest.NewKey(1)
	tr.Grow(chaintest.Genesis, "a", 101, chaintest.PayTo(key.P2WPKH()))
	tr.AcceptRow("a", 101)
	tx := chaintest.SpendOne(t, tr.Named("a1").Coinbase(key), key.P2WPKH(), 1000)
	tx2 := chaintest.SpendOne(t, chaintest.OutputOf(tx, 0, key), key.P2WPKH(), 1000)
	good := tr.Block("a101", "b", chaintest.With(tx, tx2))

	repeated := good.Block.MsgBlock().Copy()
	repeated.Transactions = append(repeated.Transactions, repeated.Transactions[2])
	tr.Put("repeated", chaintest.Mined{Node: good.Node, Block: chain.NewBlock(repeated)})
	tr.Reject("repeated", chain.ErrDuplicateTx)

	stripped := good.Block.MsgBlock().Copy()
	stripped.Transactions[0].TxIn[0].Witness = nil
	tr.Put("stripped", chaintest.Mined{Node: good.Node, Block: chain.NewBlock(stripped)})
	tr.Reject("stripped", chain.ErrBadWitnessNonce)

	rooted := good.Block.MsgBlock().Copy()
	rooted.Transactions[0].TxOut[0].Value--
	tr.Put("rooted", chaintest.Mined{Node: good.Node, Block: chain.NewBlock(rooted)})
	tr.Reject("rooted", chain.ErrBadMerkleRoot)

	// No header is there that nobody has a body for: getblockchaininfo would say
	// for ever that a block is missing.
	if _, _, ok := r.Lookup(good.Node.Hash); ok || r.BestHeader().Hash != tr.Named("a101").Node.Hash {
		t.Errorf("a header was taken with a body that does not fit it")
	}
	r.AddHeaders([]*chain.HeaderNode{good.Node})
	tr.Reject("rooted", chain.ErrBadMerkleRoot)
	if _, st, ok := r.Lookup(good.Node.Hash); !ok || st != 0 {
		t.Errorf("status of a known header after a mutated copy: %b, %v", st, ok)
	}
	tr.Accept("b")
	r.check()
}

// Reorganisations too large for one move go block by block, and end alike.
func TestLargeReorganisationsGoBlockByBlock(t *testing.T) {
	tr, r := plant(t, func(c *Config, _ *db.Options) { c.moveBytes = 1 })
	//	genesis -> a1 -> … -> a40
	//	             \-> b2 -> … -> b41 -> bad!
	tr.Grow(chaintest.Genesis, "a", 40)
	tr.AcceptRow("a", 40)
	tr.Block("a1", "b1")
	end := tr.Grow("b1", "c", 39)
	for _, name := range append([]string{"b1"}, names("c", 38)...) {
		tr.Side(name)
	}
	tr.Accept(end)
	r.invalidate(tr.Named("c5"))
	tr.ExpectTip("a40")
	r.invalidate(tr.Named("a3"))
	tr.ExpectTip("c4")
	r.reconsider(tr.Named("c5"))
	tr.ExpectTip(end)
	tr.Block(end, "bad", chaintest.Fees(1))
	tr.Reject("bad", chain.ErrCoinbaseAmount)
	tr.ExpectTip(end)
	r.check()
}

func names(prefix string, n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprint(prefix, i+1))
	}
	return list
}

// The mark was on disk before the node fell, the coins were not.
func TestTipThatIsMarkedIsLeftAtTheStart(t *testing.T) {
	path := t.TempDir() + "/chain.db"
	r := start(t, path)
	tr := chaintest.NewTree(t, r.cfg.Params, r)
	tr.Grow(chaintest.Genesis, "a", 5)
	tr.AcceptRow("a", 5)
	if _, err := r.CoinStats(t.Context()); err != nil { // coins stand at a5 on disk
		t.Fatal(err)
	}
	r.invalidate(tr.Named("a3"))
	if err := r.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	crash, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r.stop()
	crashed := t.TempDir() + "/crash.db"
	if err := os.WriteFile(crashed, crash, 0o600); err != nil {
		t.Fatal(err)
	}
	r = start(t, crashed)
	waitTip(t, r, tr.Named("a2"))
	r.check()
}
