package rpc_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"grapevine/chain"
	"grapevine/cmd/node"
)

// A body that does not fit its header leaves nothing behind: no header without a
// block, and who waits for blocks to reach headers goes on.
func TestSubmitblockOfAWrongRootLeavesNoHeader(t *testing.T) {
	w := rich(t)
	made := w.object("generateblock", stranger, []any{}, false)
	raw := mustBlock(t, made["hex"].(string))
	good := hex.EncodeToString(raw)
	raw[len(raw)-1] ^= 1 // the lock time of the coinbase
	if got := string(w.must("submitblock", hex.EncodeToString(raw))); got != `"bad-txnmrklroot"` {
		t.Errorf("a wrong root: %s", got)
	}
	info := w.object("getblockchaininfo")
	is(t, "after a wrong root", info, "headers", 101)
	is(t, "after a wrong root", info, "blocks", 101)
	is(t, "after a wrong root", info, "verificationprogress", json.Number("1"))
	if tips := w.list("getchaintips"); len(tips) != 1 {
		t.Errorf("tips: %v", tips)
	}
	w.refused(-5, "Block not found", "getblockheader", made["hash"])
	if got := string(w.must("submitblock", good)); got != "null" {
		t.Errorf("the right copy: %s", got)
	}
	is(t, "after the right copy", w.object("getblockchaininfo"), "blocks", 102)
}

// Miners who know only the template's commitment leave the coinbase's 32 zero
// bytes out, and some send bytes behind the block: both are taken, as Core does.
func TestSubmitblockFillsInTheReservedValue(t *testing.T) {
	w := rich(t)
	w.text("sendtoaddress", stranger, 1)
	made := w.object("generateblock", stranger, w.list("getrawmempool"), false)
	b, err := chain.DecodeBlock(mustBlock(t, made["hex"].(string)))
	if err != nil {
		t.Fatal(err)
	}
	bare := b.MsgBlock().Copy()
	bare.Transactions[0].TxIn[0].Witness = nil
	raw := hex.EncodeToString(chain.NewBlock(bare).Raw)
	if raw == made["hex"] {
		t.Fatal("the coinbase had no witness")
	}
	if got := string(w.must("submitblock", raw+"00ff")); got != "null" {
		t.Errorf("without the reserved value, and with bytes behind it: %s", got)
	}
	if tip := w.text("getbestblockhash"); tip != made["hash"] || w.text("getblock", tip, 0) != made["hex"] {
		t.Errorf("tip is %s, want %s with its reserved value", tip, made["hash"])
	}
	// One that carries another value is not mended.
	made = w.object("generateblock", stranger, []any{}, false)
	b, err = chain.DecodeBlock(mustBlock(t, made["hex"].(string)))
	if err != nil {
		t.Fatal(err)
	}
	short := b.MsgBlock().Copy()
	short.Transactions[0].TxIn[0].Witness = [][]byte{make([]byte, 31)}
	if got := string(w.must("submitblock", hex.EncodeToString(chain.NewBlock(short).Raw))); got != `"bad-witness-nonce-size"` {
		t.Errorf("with 31 bytes: %s", got)
	}
	headless := b.MsgBlock().Copy()
	headless.Transactions = headless.Transactions[:0]
	w.refused(-22, "Block does not start with a coinbase", "submitblock", hex.EncodeToString(chain.NewBlock(headless).Raw))
	w.refused(-22, "Block decode failed", "submitblock", made["hex"].(string)[:400])
}

// getmininginfo tells of the last block assembled, if there was one.
func TestMiningInfoTellsOfTheLastBlockAssembled(t *testing.T) {
	w := start(t)
	if info := w.object("getmininginfo"); info["currentblocktx"] != nil || info["currentblockweight"] != nil {
		t.Errorf("before any block: %v", info)
	}
	w.must("generatetoaddress", 101, w.text("getnewaddress"))
	info := w.object("getmininginfo")
	is(t, "an empty block", info, "currentblocktx", 0)
	empty := info["currentblockweight"]
	id := w.text("sendtoaddress", stranger, 1)
	weight := w.object("getrawtransaction", id, true)["weight"]
	w.must("getblocktemplate", map[string]any{"rules": []string{"segwit"}})
	info = w.object("getmininginfo")
	is(t, "a template with a payment", info, "currentblocktx", 1)
	if got, want := number(t, info["currentblockweight"]), number(t, empty)+number(t, weight); got != want {
		t.Errorf("weight %v, want %v", got, want)
	}
}

// What a stale block was is still known: statistics of it are answered.
func TestStaleBlocksHaveStatistics(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.CoinStatsIndex = true })
	addr := w.text("getnewaddress")
	w.must("generatetoaddress", 103, addr)
	w.must("sendtoaddress", addr, 1.5)
	stale := w.list("generatetoaddress", 1, addr)[0].(string)
	set, stats := w.setInfo("muhash", stale), string(w.must("getblockstats", stale))
	w.must("invalidateblock", stale)
	w.must("generatetoaddress", 2, stranger)
	if now := w.setInfo("muhash", stale); now.counted() != set.counted() || now.Best != stale {
		t.Errorf("the stale block's set is %+v, was %+v", now, set)
	}
	if now := string(w.must("getblockstats", stale)); now != stats {
		t.Errorf("the stale block's statistics are %s, were %s", now, stats)
	}
	w.refused(-5, "Block not found", "gettxoutsetinfo", "muhash", strings.Repeat("1", 64))
	w.refused(-5, "Block not found", "getblockstats", strings.Repeat("1", 64))

	// A block that was never connected has a body, and no more.
	side := w.object("generateblock", stranger, []any{}, false)
	w.must("generatetoaddress", 2, stranger)
	if got := string(w.must("submitblock", side["hex"])); got != `"inconclusive"` {
		t.Fatalf("a block beside the chain: %s", got)
	}
	w.refused(-32603, "Unable to read UTXO set", "gettxoutsetinfo", "muhash", side["hash"])
	w.refused(-1, "Can't read undo data from disk", "getblockstats", side["hash"])
}

func number(t *testing.T, v any) int64 {
	t.Helper()
	n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
