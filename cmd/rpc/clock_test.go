package rpc_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"grapevine/cmd/node"
)

// blockTime is the header's time of the tip.
func (w *testNode) blockTime() string {
	w.t.Helper()
	return fmt.Sprint(int64(w.object("getblockheader", w.text("getbestblockhash"))["time"].(float64)))
}

func TestBlocksHaveTheTimeThatWasSet(t *testing.T) {
	w := rich(t)
	later := time.Now().Unix() + 3600*24*365
	for _, at := range []int64{later, later, later - 5000, later + 7} {
		w.must("setmocktime", at)
		w.must("generatetoaddress", 1, stranger)
		if got := w.blockTime(); got != fmt.Sprint(at) {
			t.Errorf("block at %s, the clock stands at %d", got, at)
		}
	}
	w.must("setmocktime", 0)
	w.must("generatetoaddress", 1, stranger)
	// Most of the last eleven blocks are older, so the machine's time is good again.
	if got := w.blockTime(); len(got) != 10 || got >= fmt.Sprint(later) {
		t.Errorf("block at %s with the machine's clock", got)
	}
	for _, at := range []int64{-1, 9223372037, math.MaxInt64} {
		w.refused(-8, fmt.Sprintf("Mocktime must be in the range [0, 9223372036], not %d.", at), "setmocktime", at)
	}
	for _, at := range []int64{1 << 32, 9223372036} {
		w.refused(-8, fmt.Sprintf("Mocktime must be in the range [0, 4294967295], not %d: a block's time has 32 bits.", at), "setmocktime", at)
	}
	w.must("setmocktime", int64(1<<32-1))
	w.must("generatetoaddress", 1, stranger)
	if got := w.blockTime(); got != "4294967295" {
		t.Errorf("block at %s in the last second", got)
	}
}

func TestUptimeFollowsTheClock(t *testing.T) {
	w := start(t)
	now := time.Now().Unix()
	uptime := func(at int64) (up int) {
		w.must("setmocktime", at)
		if err := json.Unmarshal(w.must("uptime"), &up); err != nil {
			t.Fatal(err)
		}
		return up
	}
	if up := uptime(now + 10_000); up < 10_000 {
		t.Errorf("uptime %d, 10,000 s later", up)
	}
	if up := uptime(now - 10_000); up != 0 {
		t.Errorf("uptime %d before the start", up)
	}
}

// At the last second that a header can say blocks are made until the median of
// eleven is there too; then none is, instead of one that nobody else would take.
func TestNoBlockIsLaterThanAHeaderCanSay(t *testing.T) {
	w := start(t)
	w.must("generatetoaddress", 20, stranger)
	w.must("setmocktime", int64(1<<32-1))
	for made := 1; made <= 6; made++ {
		w.must("generatetoaddress", 1, stranger)
		if got := w.blockTime(); got != "4294967295" {
			t.Errorf("block %d at %s", made, got)
		}
	}
	var made json.RawMessage
	if err := w.Call(w.ctx, "generatetoaddress", &made, 1, stranger); err == nil || !strings.Contains(err.Error(), "time-too-old") {
		t.Errorf("one more: %v", err)
	}
	is(t, "height", w.object("getblockchaininfo"), "blocks", 26)
}

func TestLockTimeIsOverWhenTheClockIsSetAfterIt(t *testing.T) {
	w := rich(t)
	lock := time.Now().Unix() + 3600*24
	bare := w.text("createrawtransaction", []any{}, map[string]any{stranger: 1}, lock)
	signed := w.object("signrawtransactionwithwallet", w.object("fundrawtransaction", bare)["hex"])["hex"]
	w.refused(-26, "non-final", "sendrawtransaction", signed)
	w.must("setmocktime", lock+1)
	w.must("generatetoaddress", 6, stranger) // the median of eleven is after it
	id := w.text("sendrawtransaction", signed)
	block := fmt.Sprint(w.list("generatetoaddress", 1, stranger)[0])
	is(t, "mined", w.object("getrawtransaction", id, 1), "blockhash", block)
}

// A block of tomorrow is taken once the clock says tomorrow, and nobody hangs
// up over a year that passed in one step.
func TestBlockFromTheFutureIsTakenAfterTheJump(t *testing.T) {
	listen := func(c *node.Config) { c.Listen = "127.0.0.1:0" }
	a, b := startIn(t, t.TempDir(), listen), startIn(t, t.TempDir(), listen)
	b.must("addnode", a.node.Swarm.Addr().String(), "onetry")
	a.must("generatetoaddress", 1, stranger)
	b.reaches(1)

	year := time.Now().Unix() + 3600*24*365
	a.must("setmocktime", year)
	future := a.text("getblock", fmt.Sprint(a.list("generatetoaddress", 1, stranger)[0]), 0)
	if got := b.text("submitblock", future); got != "time-too-new" {
		t.Errorf("the block of next year: %s", got)
	}
	b.must("setmocktime", year)
	a.must("generatetoaddress", 1, stranger)
	b.reaches(3)
	for _, w := range []*testNode{a, b} {
		for end := time.Now().Add(time.Minute); string(w.must("getconnectioncount")) != "1"; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) { // a second one, made to see who the first is, ends by itself
				t.Fatalf("%s connections after the jump", w.must("getconnectioncount"))
			}
		}
	}
}

// reaches waits for a height.
func (w *testNode) reaches(height int) {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		got := string(w.must("getblockcount"))
		if got == fmt.Sprint(height) {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("height %s, want %d", got, height)
		}
	}
}
