package rpc_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/cmd/node"
	"grapevine/cmd/rpc/notify"
)

func pruning(c *node.Config) {
	c.TxIndex, c.Prune = false, ledger.Prune{On: true, Small: true}
}

// What was pruned is said to be so, everywhere.
func TestPruneBlockchain(t *testing.T) {
	w := startIn(t, t.TempDir(), pruning)
	addr := w.text("getnewaddress")
	w.must("generatetoaddress", 90, addr)
	w.refused(-1, "Blockchain is too short for pruning.", "pruneblockchain", 10)
	w.must("generatetoaddress", 710, addr)
	w.refused(-8, "Negative block height.", "pruneblockchain", -1)
	w.refused(-8, "Blockchain is shorter than the attempted prune height.", "pruneblockchain", 801)
	w.refused(-8, "Could not find block with at least the specified timestamp.", "pruneblockchain", 2000000000)
	first := w.text("getblockhash", 1)
	before := string(w.must("getblockheader", first))
	if got := string(w.must("pruneblockchain", 10)); got != "-1" {
		t.Errorf("less than a unit: %s", got)
	}
	var to int
	if err := json.Unmarshal(w.must("pruneblockchain", 800), &to); err != nil || to < 200 || to > 512 {
		t.Fatalf("pruned to %d, %v", to, err)
	}
	var info struct {
		Pruned, Automatic_Pruning bool
		PruneHeight               int
		Prune_Target_Size         *int64
	}
	if err := json.Unmarshal(w.must("getblockchaininfo"), &info); err != nil || !info.Pruned || info.Automatic_Pruning || info.PruneHeight != to+1 || info.Prune_Target_Size != nil {
		t.Errorf("%+v, %v", info, err)
	}
	w.refused(-1, "Block not available (pruned data)", "getblock", first)
	w.refused(-1, "Can't rescan beyond pruned data. Use RPC call getblockchaininfo to determine your pruned height.", "rescanblockchain", to)
	w.must("rescanblockchain", to+1)
	w.must("getblockfilter", first)
	if after := string(w.must("getblockheader", first)); after != before {
		t.Errorf("header %s\nwas %s", after, before)
	}
	w.refused(-1, "Could not roll back to requested height since necessary block data is already pruned.", "dumptxoutset", "past", "rollback", map[string]any{"rollback": to - 1})
	w.must("dbcheck")
	if services := string(w.must("getnetworkinfo")); strings.Contains(services, `"NETWORK"`) || !strings.Contains(services, `"NETWORK_LIMITED"`) {
		t.Error(services)
	}
	w.stop()
	w = startIn(t, w.dir, pruning)
	if err := json.Unmarshal(w.must("getblockchaininfo"), &info); err != nil || info.PruneHeight != to+1 {
		t.Errorf("after a restart %+v, %v", info, err)
	}
}

func TestPruneBlockchainNeedsTheMode(t *testing.T) {
	start(t).refused(-1, "Cannot prune blocks because node is not in prune mode.", "pruneblockchain", 1)
}

// A set dumped at an earlier block is the file that was dumped when the chain stood there.
func TestDumpTxOutSet(t *testing.T) {
	w := start(t)
	addr := w.text("getnewaddress")
	w.must("generatetoaddress", 110, addr)
	var then, now, past struct {
		Coins  int    `json:"coins_written"`
		Base   string `json:"base_hash"`
		Height int    `json:"base_height"`
		Path   string
		Hash   string `json:"txoutset_hash"`
		Txs    int    `json:"nchaintx"`
	}
	dump := func(into any, params ...any) {
		t.Helper()
		if err := json.Unmarshal(w.must("dumptxoutset", params...), into); err != nil {
			t.Fatal(err)
		}
	}
	dump(&then, "then", "latest")
	if then.Coins != 110 || then.Height != 110 || then.Txs != 111 || then.Path != filepath.Join(w.dir, "then") {
		t.Errorf("%+v", then)
	}
	var set struct {
		Hash string `json:"hash_serialized_3"`
	}
	if err := json.Unmarshal(w.must("gettxoutsetinfo"), &set); err != nil || set.Hash != then.Hash {
		t.Errorf("%s, gettxoutsetinfo says %s", then.Hash, set.Hash)
	}
	w.must("sendtoaddress", addr, 120)
	w.must("generatetoaddress", 5, addr)
	dump(&now, filepath.Join(w.dir, "now"), "latest")
	if now.Height != 115 || now.Hash == then.Hash {
		t.Errorf("%+v", now)
	}
	want, err := os.ReadFile(then.Path)
	if err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]any{"by height": 110, "by hash": then.Base} {
		dump(&past, name, "rollback", map[string]any{"rollback": at})
		raw, err := os.ReadFile(past.Path)
		if err != nil || string(raw) != string(want) || past.Hash != then.Hash || past.Txs != then.Txs {
			t.Errorf("%s: %+v, %v, the same file: %v", name, past, err, string(raw) == string(want))
		}
	}
	w.refused(-8, then.Path+" already exists. If you are sure this is what you want, move it out of the way first", "dumptxoutset", "then", "latest")
	w.refused(-8, "Couldn't open file "+filepath.Join(w.dir, "no/such")+".incomplete for writing.", "dumptxoutset", "no/such", "latest")
	w.refused(-8, `Invalid snapshot type "" specified. Please specify "rollback" or "latest"`, "dumptxoutset", "x")
	w.refused(-8, `Invalid snapshot type "latest" specified with rollback option`, "dumptxoutset", "x", "latest", map[string]any{"rollback": 1})
	w.refused(-8, "Target block height 116 after current tip 115", "dumptxoutset", "x", "rollback", map[string]any{"rollback": 116})
	if left, _ := filepath.Glob(filepath.Join(w.dir, "*.incomplete")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if states := string(w.must("getchainstates")); !strings.Contains(states, `"blocks":115`) || !strings.Contains(states, `"validated":true`) {
		t.Error(states)
	}
}

func TestRebuildingKeepsWalletAndPool(t *testing.T) {
	for _, what := range []ledger.Rebuild{ledger.RebuildCoins, ledger.RebuildAll} {
		w := start(t)
		addr := w.text("getnewaddress")
		w.must("generatetoaddress", 110, addr)
		w.must("sendtoaddress", addr, 3)
		want := string(w.must("getbalances")) + string(w.must("getrawmempool"))
		w.stop()
		w = startIn(t, w.dir, func(c *node.Config) { c.Rebuild = what })
		w.loaded()
		if got := string(w.must("getbalances")) + string(w.must("getrawmempool")); got != want {
			t.Errorf("%d: %s\nwant %s", what, got, want)
		}
		w.stop()
	}
}

func TestZMQNotificationsAreListed(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) {
		c.ZeroMQ = []notify.Notifier{{Topic: "rawtx", Address: "tcp://127.0.0.1:*", HWM: 3}, {Topic: "hashblock", Address: "tcp://127.0.0.1:*", HWM: 0}}
	})
	if got, want := string(w.must("getzmqnotifications")), `[{"type":"pubhashblock","address":"tcp://127.0.0.1:*","hwm":0},{"type":"pubrawtx","address":"tcp://127.0.0.1:*","hwm":3}]`; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	w.must("generatetoaddress", 1, w.text("getnewaddress")) // nobody listens, nobody waits
	w.stop()
	// bitcoind runs without ZeroMQ where an address is bad; grapevine node does not start.
	bad := func(c *node.Config) {
		c.ZeroMQ, c.ZeroMQOrNot = []notify.Notifier{{Topic: "rawtx", Address: "foo"}}, true
	}
	w = startIn(t, t.TempDir(), bad)
	if got := string(w.must("getzmqnotifications")); got != "[]" {
		t.Error(got)
	}
	cfg := node.Config{Params: chain.RegTest(), DataDir: t.TempDir(), Version: "test", NoSync: true}
	bad(&cfg)
	cfg.ZeroMQOrNot = false
	if _, err := node.New(cfg); err == nil || !strings.Contains(err.Error(), "zmqpubrawtx") {
		t.Error(err)
	}
}
