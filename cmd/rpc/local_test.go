package rpc_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/cmd/node"
)

func TestAClockAheadGoesOnAndDropsNobody(t *testing.T) {
	listen := func(c *node.Config) { c.Listen = "127.0.0.1:0" }
	a, b := startIn(t, t.TempDir(), listen), startIn(t, t.TempDir(), listen)
	b.must("addnode", a.node.Swarm.Addr().String(), "onetry")
	const day = 24 * 3600
	begun := time.Now().Unix()
	for _, w := range []*testNode{a, b} {
		is(t, "the clock", w.object("setclock", day), "ahead", day)
	}
	a.must("generatetoaddress", 1, stranger)
	b.reaches(1)
	h := a.object("getblockheader", a.text("getbestblockhash"))
	if at := int64(h["time"].(float64)); at < begun+day || at > time.Now().Unix()+day {
		t.Errorf("a block at %d, the clock is a day ahead of %d", at, begun)
	}
	if string(a.must("getconnectioncount")) == "0" { // there may be two: each dials who tells where it listens
		t.Error("the peer has gone")
	}
	// A block of two days ahead is refused while the clocks are one day ahead.
	a.must("setclock", 2*day)
	future := a.text("getblock", a.list("generatetoaddress", 1, stranger)[0], 0)
	if got := b.text("submitblock", future); got != "time-too-new" {
		t.Errorf("the block of the day after tomorrow: %s", got)
	}
	b.must("setclock", 2*day)
	a.must("generatetoaddress", 1, stranger)
	b.reaches(3)
	// setmocktime holds it, 0 lets it go on from where it would be.
	a.must("setmocktime", 2_000_000_000)
	is(t, "held", a.object("setclock"), "still", true)
	a.must("setmocktime", 0)
	is(t, "let go", a.object("setclock"), "ahead", 2*day)
	is(t, "let go", a.object("setclock", -5), "still", false)
	for _, ahead := range []int64{-1 << 40, 1 << 40, 1<<32 - 1} {
		a.refused(-8, "…The clock must stay between 1970 and 2106", "setclock", ahead)
	}
}

func TestMiningIsChangedWhileTheNodeRuns(t *testing.T) {
	w := start(t)
	is(t, "at first", w.object("setmining"), "mode", "manual")
	is(t, "every", w.object("setmining", "every=5ms"), "mode", "every=5ms")
	height := func() string { return string(w.must("getblockcount")) }
	for end := time.Now().Add(time.Minute); len(height()) < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no ten blocks")
		}
	}
	is(t, "about", w.object("setmining", "about=5ms"), "mode", "about=5ms")
	for at, end := height(), time.Now().Add(time.Minute); height() == at; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no block at random")
		}
	}
	w.must("setmining", "manual")
	w.must("getmininginfo")
	time.Sleep(50 * time.Millisecond) // for one that was under way
	at := height()
	time.Sleep(50 * time.Millisecond)
	if height() != at {
		t.Error("it mines on")
	}
	for _, mode := range []string{"sometimes", "every=", "every=-1s", "about=0s", "on-tx=1s"} {
		w.refused(-8, "…want", "setmining", mode)
	}
}

func TestAHeldNodeIsCopiedAndGoesOn(t *testing.T) {
	w := rich(t)
	id := w.text("sendtoaddress", stranger, "1.5")
	w.must("hold", 30)
	w.refused(-1, "…held already", "hold", 30)
	dir := filepath.Join(t.TempDir(), "copy")
	c := w.object("copyto", dir)
	is(t, "the copy", c, "bestblock", w.text("getbestblockhash"))
	w.refused(-1, "…file exists", "copyto", dir)
	w.refused(-1, "…absolute", "copyto", "copy")
	for _, within := range []string{w.dir, filepath.Join(w.dir, "wallets")} {
		w.refused(-1, "…within the data directory", "copyto", filepath.Join(within, "copy"))
	}
	w.refused(-1, "…no such file", "copyto", filepath.Join(dir, "no", "such", "place"))
	if string(w.must("hold", 0)) != "true" || string(w.must("hold", 0)) != "false" {
		t.Error("it was let go twice, or not at all")
	}
	w.must("generatetoaddress", 1, stranger)
	w.refused(-8, "…1 to 60 seconds", "hold", 61)
	w.refused(-8, "…1 to 60 seconds", "hold", -1)
	_ = filepath.WalkDir(dir, func(path string, _ os.DirEntry, _ error) error {
		if strings.HasSuffix(path, ".part") || strings.HasSuffix(path, ".cookie") || strings.HasSuffix(path, ".lock") {
			t.Errorf("copied %s", path)
		}
		return nil
	})
	again := startIn(t, dir)
	again.loaded()
	is(t, "what the copy knows", again.object("getmempoolentry", id), "unbroadcast", true)
	is(t, "the chain of the copy", again.object("getblockchaininfo"), "bestblockhash", c["bestblock"])
	is(t, "the wallet of the copy", again.object("gettransaction", id), "confirmations", 0)
}

// Who holds a node and dies does not hold it for ever.
func TestAHoldEndsByItself(t *testing.T) {
	w := start(t)
	w.must("hold", 1)
	w.must("generatetoaddress", 1, stranger)
	w.reaches(1)
	w.must("hold", 1)
	w.must("hold", 0)
}

func TestOnlyLocalNetworksAreShaped(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.Params = chain.TestNet4() })
	for _, call := range [][]any{{"setlinks"}, {"setclock"}, {"setmining"}, {"hold", 0}, {"copyto", "/tmp/x"}} {
		w.refused(-1, "…is for regression testing (-regtest mode) only.", call[0].(string), call[1:]...)
	}
	start(t).refused(-1, "…cannot be shaped", "setlinks")
}
