package rpc_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"grapevine/cmd/node"
)

type chainStates struct {
	Headers     int
	Chainstates []struct {
		Blocks    int
		Snapshot  string `json:"snapshot_blockhash"`
		Validated bool
	}
}

func (w *testNode) states() (s chainStates) {
	w.t.Helper()
	if err := json.Unmarshal(w.must("getchainstates"), &s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// A set that one node has dumped is another's coin set at once; getchainstates tells of both until the blocks
// below have come.
func TestLoadTxOutSet(t *testing.T) {
	w := start(t)
	w.must("generatetoaddress", 30, w.text("getnewaddress"))
	file := filepath.Join(w.dir, "utxo.dat")
	w.must("dumptxoutset", file, "latest")
	base := w.text("getbestblockhash")
	w.must("generatetoaddress", 2, w.text("getnewaddress"))

	x := startIn(t, t.TempDir(), func(c *node.Config) { c.Wallet = false })
	x.refused(-8, "Couldn't open file "+filepath.Join(x.dir, "none")+" for reading.", "loadtxoutset", "none")
	x.refused(-22, "Unable to parse metadata: Invalid UTXO set snapshot magic bytes. Please check if this is indeed a snapshot file or if you are using an outdated snapshot format.", "loadtxoutset", filepath.Join(w.dir, "chain.db"))
	x.refused(-32603, "Unable to load UTXO snapshot: The base block header ("+base+") must appear in the headers chain. Make sure all headers are syncing, and call loadtxoutset again. ("+file+")", "loadtxoutset", file)
	for h := 1; h <= 32; h++ {
		x.must("submitheader", w.text("getblockheader", w.text("getblockhash", h), false))
	}
	if got, want := string(x.must("loadtxoutset", file)), `{"coins_loaded":30,"tip_hash":"`+base+`","base_height":30,"path":"`+file+`"}`; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if s := x.states(); s.Headers != 32 || len(s.Chainstates) != 2 || s.Chainstates[0].Blocks != 0 || !s.Chainstates[0].Validated || s.Chainstates[0].Snapshot != "" ||
		s.Chainstates[1].Blocks != 30 || s.Chainstates[1].Validated || s.Chainstates[1].Snapshot != base {
		t.Errorf("%+v", s)
	}
	x.refused(-32603, "Unable to load UTXO snapshot: Can't activate a snapshot-based chainstate more than once. ("+file+")", "loadtxoutset", file)
	x.refused(-1, "Block not available (not fully downloaded)", "getblock", w.text("getblockhash", 5))
	if services := string(x.must("getnetworkinfo")); strings.Contains(services, `"NETWORK",`) || !strings.Contains(services, `"NETWORK_LIMITED"`) {
		t.Error(services)
	}
	x.must("dbcheck")
	for _, h := range []int{31, 32} {
		x.must("submitblock", w.text("getblock", w.text("getblockhash", h), 0))
	}
	if got := string(x.must("getblockcount")); got != "32" {
		t.Errorf("the chain is at %s", got)
	}
	for h := 1; h <= 30; h++ {
		x.must("submitblock", w.text("getblock", w.text("getblockhash", h), 0))
	}
	for len(x.states().Chainstates) > 1 { // the test's own limit ends it
		time.Sleep(time.Millisecond)
	}
	if s := x.states().Chainstates[0]; s.Blocks != 32 || !s.Validated || s.Snapshot != "" {
		t.Errorf("%+v", s)
	}
	if got, want := string(x.must("gettxoutsetinfo")), string(w.must("gettxoutsetinfo")); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if services := string(x.must("getnetworkinfo")); !strings.Contains(services, `"NETWORK",`) {
		t.Error(services)
	}
	x.must("dbcheck")
}
