package rpc_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"grapevine/cmd/node"
)

const (
	keyOne   = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	keyTwo   = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8" // the same, uncompressed
	hashOne  = "0014751e76e8199196d454941c45d1b3a323f1433bd6"
	hashTwo  = "76a91491b24bf9f5288532960ac687abb035127b1d28a588ac"
	replaced = "generate\n\nhas been replaced by the -generate cli option. Refer to -help for more information.\n"
)

func TestBlocksPayDescriptors(t *testing.T) {
	w := start(t)
	for desc, script := range map[string]string{
		"combo(" + keyOne + ")": hashOne, "combo(" + keyTwo + ")": hashTwo, "wpkh(" + keyOne + ")": hashOne, "raw(51)": "51",
	} {
		for _, hash := range []any{w.object("generateblock", desc, []any{})["hash"], w.list("generatetodescriptor", 1, desc)[0]} {
			coinbase := w.object("getblock", hash, 2)["tx"].([]any)[0].(map[string]any)
			is(t, desc, coinbase["vout"].([]any)[0], "scriptPubKey.hex", script)
		}
	}
	is(t, "address", w.object("getblock", w.object("generateblock", stranger, []any{})["hash"]), "nTx", 1)
	w.refused(-5, "Error: Invalid address or descriptor", "generateblock", "1234", []any{})
	w.refused(-5, "'1234' is not a valid descriptor function", "generatetodescriptor", 1, "1234")
	w.refused(-32601, replaced, "generate")
	if got := w.text("help", "generate"); got != replaced {
		t.Errorf("help generate: %q", got)
	}
	if strings.Contains(w.text("help"), "\ngenerate\n") {
		t.Error("help lists generate")
	}
}

func TestBlockTemplateReadsItsRequestByTypes(t *testing.T) {
	w := start(t)
	const segwit = `getblocktemplate must be called with the segwit rule set (call with {"rules": ["segwit"]})`
	for _, c := range []struct {
		code    int
		message string
		request map[string]any
	}{
		{-8, "Invalid mode", map[string]any{"mode": 1}},
		{-8, "Invalid mode", map[string]any{"mode": "gold"}},
		{-3, "Missing data String key for proposal", map[string]any{"mode": "proposal"}},
		{-3, "Missing data String key for proposal", map[string]any{"mode": "proposal", "data": 1}},
		{-22, "Block decode failed", map[string]any{"mode": "proposal", "data": "00"}},
		{-8, segwit, map[string]any{"rules": "segwit"}},
		{-8, segwit, map[string]any{"mode": "template", "rules": []string{"csv"}}},
		{-3, "JSON value of type number is not of expected type string", map[string]any{"rules": []any{1}}},
	} {
		w.refused(c.code, c.message, "getblocktemplate", c.request)
	}
	w.object("getblocktemplate", map[string]any{"mode": nil, "rules": []string{"segwit"}, "more": 1})
	w.refused(-8, "Block does not exist at specified height", "getnetworkhashps", 10, -2)
	w.refused(-8, "hash must be of length 64 (not 2, for 'zz')", "getblockheader", "zz")
}

// A block that a reorganisation has left behind still has its numbers.
func TestStaleBlocksHaveTheirStatistics(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.CoinStatsIndex = true })
	hashes := w.list("generatetoaddress", 3, stranger)
	stale := fmt.Sprint(hashes[2])
	at := w.object("gettxoutsetinfo", "muhash", stale)
	w.must("invalidateblock", stale)
	w.must("generatetodescriptor", 2, "raw(51)")
	w.must("reconsiderblock", stale)
	is(t, "the other branch", w.object("getblockheader", stale), "confirmations", -1)
	is(t, "getblockstats", w.object("getblockstats", stale), "height", 3)
	is(t, "gettxoutsetinfo", w.object("gettxoutsetinfo", "muhash", stale), "muhash", at["muhash"])
	w.refused(-3, "JSON value of type null is not of expected type string", "getblockstats", nil)
	w.refused(-3, "JSON value of type bool is not of expected type string", "getblockstats", true)
	w.refused(-5, "Block not found", "getblockstats", nowhere)
}

func TestKeysOfTheCallerSignWithoutAWallet(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.Wallet = false })
	const wif = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA" // of key 1
	w.must("generatetodescriptor", 1, "wpkh("+keyOne+")")
	w.must("generatetoaddress", 100, stranger)
	coin := w.object("getblock", w.text("getblockhash", 1))["tx"].([]any)[0]
	bare := w.text("createrawtransaction", []any{map[string]any{"txid": coin, "vout": 0}}, map[string]any{stranger: 49.999})
	signed := w.object("signrawtransactionwithkey", bare, []string{wif})
	is(t, "signed", signed, "complete", true)
	w.text("sendrawtransaction", signed["hex"])
	w.refused(-32601, "", "getbalance")
}

func TestMiningInfoKnowsTheLastTemplate(t *testing.T) {
	w := rich(t)
	w.must("generatetoaddress", 1, stranger)
	is(t, "no payment", w.object("getmininginfo"), "currentblocktx", 0)
	id := w.text("sendtoaddress", stranger, 1)
	is(t, "no template yet", w.object("getmininginfo"), "currentblocktx", 0)
	w.object("getblocktemplate", map[string]any{"rules": []string{"segwit"}})
	info := w.object("getmininginfo")
	is(t, "one payment", info, "currentblocktx", 1)
	weight := w.object("getmempoolentry", id)["weight"].(float64)
	is(t, "one payment", info, "currentblockweight", 8000+weight)
}

func TestANodeThatMadeNoTemplateHasNoNumbersOfIt(t *testing.T) {
	if info := start(t).object("getmininginfo"); info["currentblocktx"] != nil || info["currentblockweight"] != nil {
		t.Errorf("%v", info)
	}
}

// Before segwit holds (BIP141) a template counts bytes and whole signature
// operations, and asks for no witness rules.
func TestTemplatesBeforeSegwit(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.Params.SegwitHeight, c.Params.CSVHeight = 3, 2 })
	for _, want := range [][]any{
		{[]any{"taproot"}, 1e6, nil, 2e4},
		{[]any{"csv", "taproot"}, 1e6, nil, 2e4},
		{[]any{"csv", "!segwit", "taproot"}, 4e6, 4e6, 8e4},
	} {
		bt := w.object("getblocktemplate", map[string]any{"rules": []string{"segwit"}})
		if got := []any{bt["rules"], bt["sizelimit"], bt["weightlimit"], bt["sigoplimit"]}; !reflect.DeepEqual(got, want) {
			t.Errorf("block %v: %v, want %v", bt["height"], got, want)
		}
		w.must("generatetoaddress", 1, stranger)
	}
}

// The call that makes the block at which the node stops answers what it has made, and so
// does one that would have made more.
func TestTheCallThatStopsTheNodeAnswersItsBlocks(t *testing.T) {
	for range 5 {
		w := startIn(t, t.TempDir(), func(c *node.Config) { c.StopAt = 3 })
		w.must("generatetoaddress", 2, stranger)
		if made := w.list("generatetoaddress", 1, stranger); len(made) != 1 || made[0] != w.node.Ledger.Tip().Hash.String() {
			t.Errorf("answers %v", made)
		}
		w.stop()
		many := startIn(t, t.TempDir(), func(c *node.Config) { c.StopAt = 2 })
		if made := many.list("generatetodescriptor", 100, "raw(51)"); len(made) < 2 || made[1] != many.node.Ledger.Tip().Hash.String() {
			t.Errorf("of a hundred answers %v", made)
		}
		many.stop()
		one := startIn(t, t.TempDir(), func(c *node.Config) { c.StopAt = 1 })
		one.object("generateblock", "raw(51)", []any{})
		one.stop()
	}
}
