package rpc_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const (
	genesis = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"
	// stranger is an address of BIP173's test key, nobody's here.
	stranger = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
	nowhere  = "00000000000000000000000000000000000000000000000000000000000000ff"
)

// has reports the fields that are missing from an object.
func has(t *testing.T, what string, m map[string]any, fields string) {
	t.Helper()
	for _, f := range strings.Fields(fields) {
		if _, ok := at(m, f); !ok {
			t.Errorf("%s: no field %s", what, f)
		}
	}
}

// at follows a dotted path.
func at(v any, path string) (any, bool) {
	for _, name := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[name]; !ok {
			return nil, false
		}
	}
	return v, true
}

// is compares a value at a dotted path, printed.
func is(t *testing.T, what string, m any, path string, want any) {
	t.Helper()
	if got, _ := at(m, path); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %s is %v, want %v", what, path, got, want)
	}
}

func TestEmptyChainAnswersAsCore(t *testing.T) {
	w := start(t)
	for _, c := range []struct {
		method string
		params []any
		want   string
	}{
		{"getblockcount", nil, `0`},
		{"getbestblockhash", nil, `"` + genesis + `"`},
		{"getblockhash", []any{0}, `"` + genesis + `"`},
		{"getdifficulty", nil, `4.656542373906925e-10`},
		{"getconnectioncount", nil, `0`},
		{"getpeerinfo", nil, `[]`},
		{"getrawmempool", nil, `[]`},
		{"getrawmempool", []any{true}, `{}`},
		{"getzmqnotifications", nil, `[]`},
		{"getblockheader", []any{genesis, false}, `"0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000"`},
		{"gettxout", []any{nowhere, 0}, `null`},
		{"echo", []any{"a", nil, 3}, `["a",null,3]`},
		{"getchaintips", nil, `[{"height":0,"hash":"` + genesis + `","branchlen":0,"status":"active"}]`},
		{"getblockheader", []any{genesis}, `{"hash":"` + genesis + `","confirmations":1,"height":0,"version":1,"versionHex":"00000001",` +
			`"merkleroot":"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b","time":1296688602,"mediantime":1296688602,` +
			`"nonce":2,"bits":"207fffff","target":"7fffff0000000000000000000000000000000000000000000000000000000000","difficulty":4.656542373906925e-10,` +
			`"chainwork":"0000000000000000000000000000000000000000000000000000000000000002","nTx":1}`},
	} {
		if got := string(w.must(c.method, c.params...)); got != c.want {
			t.Errorf("%s %v:\ngot  %s\nwant %s", c.method, c.params, got, c.want)
		}
	}
	b := w.object("getblock", genesis, 2)
	is(t, "genesis", b, "size", 285)
	is(t, "genesis", b, "strippedsize", 285)
	is(t, "genesis", b, "weight", 1140)
	tx := b["tx"].([]any)[0]
	has(t, "genesis tx", tx.(map[string]any), "txid hash version size vsize weight locktime vin vout hex")
	is(t, "genesis tx", tx.(map[string]any)["vout"].([]any)[0], "value", 50)
	is(t, "genesis tx", tx.(map[string]any)["vout"].([]any)[0], "scriptPubKey.type", "pubkey")
}

func TestInfosHaveTheFieldsThatClientsRead(t *testing.T) {
	w := start(t)
	w.must("generatetoaddress", 3, stranger)

	chain := w.object("getblockchaininfo")
	has(t, "getblockchaininfo", chain, "chain blocks headers bestblockhash bits target difficulty time mediantime verificationprogress initialblockdownload chainwork size_on_disk pruned warnings")
	for path, want := range map[string]any{"chain": "regtest", "blocks": 3, "headers": 3, "initialblockdownload": false, "pruned": false, "verificationprogress": 1} {
		is(t, "getblockchaininfo", chain, path, want)
	}

	net := w.object("getnetworkinfo")
	has(t, "getnetworkinfo", net, "version subversion protocolversion localservices localservicesnames localrelay timeoffset networkactive connections connections_in connections_out networks relayfee incrementalfee localaddresses warnings")
	for path, want := range map[string]any{"version": 310000, "subversion": "/Satoshi:31.0.0/grapevine:0.1.0/", "localrelay": true, "networkactive": true, "protocolversion": 70016} {
		is(t, "getnetworkinfo", net, path, want)
	}

	pool := w.object("getmempoolinfo")
	has(t, "getmempoolinfo", pool, "loaded size bytes usage total_fee maxmempool mempoolminfee minrelaytxfee incrementalrelayfee unbroadcastcount fullrbf")
	is(t, "getmempoolinfo", pool, "loaded", true)

	forks := w.object("getdeploymentinfo")
	has(t, "getdeploymentinfo", forks, "hash height script_flags deployments.taproot.active deployments.segwit.active deployments.csv deployments.bip34 deployments.bip65 deployments.bip66")
	is(t, "getdeploymentinfo", forks, "deployments.taproot.active", true)
	if !strings.Contains(fmt.Sprint(forks["script_flags"]), "TAPROOT") {
		t.Errorf("script_flags: %v", forks["script_flags"])
	}

	has(t, "getindexinfo", w.object("getindexinfo"), "txindex")
	has(t, "getmininginfo", w.object("getmininginfo"), "blocks bits difficulty target networkhashps pooledtx chain next.height next.bits warnings")
	has(t, "getnettotals", w.object("getnettotals"), "totalbytesrecv totalbytessent timemillis uploadtarget.target")
	has(t, "gettxoutsetinfo", w.object("gettxoutsetinfo"), "height bestblock txouts bogosize hash_serialized_3 total_amount transactions disk_size")
	has(t, "gettxoutsetinfo muhash", w.object("gettxoutsetinfo", "muhash"), "muhash")
	is(t, "gettxoutsetinfo", w.object("gettxoutsetinfo", "none"), "total_amount", 150)
	has(t, "estimatesmartfee", w.object("estimatesmartfee", 6, "CONSERVATIVE"), "errors blocks")
	is(t, "estimatesmartfee", w.object("estimatesmartfee", 6), "blocks", 0) // for which nothing is known, as for no other
	has(t, "getblockfilter", w.object("getblockfilter", w.text("getbestblockhash")), "filter header")
	has(t, "getwalletinfo", w.object("getwalletinfo"), "walletname scanning txcount lastprocessedblock.height")
	has(t, "getbalances", w.object("getbalances"), "mine.trusted mine.untrusted_pending mine.immature")
	is(t, "dbinfo", w.object("dbinfo"), "height", 3)
	check := w.object("dbcheck")
	is(t, "dbcheck", check, "ok", true)
	if n, _ := at(check, "checked"); fmt.Sprint(n) == "0" {
		t.Error("dbcheck has checked nothing")
	}
	is(t, "dbprogress", w.object("dbprogress"), "running", false)
}

func TestAmountsInAnswersHaveEightDecimals(t *testing.T) {
	w := start(t)
	for method, want := range map[string]string{"getmempoolinfo": `"mempoolminfee":0.00000100`, "getnetworkinfo": `"relayfee":0.00000100`, "getbalances": `"trusted":0.00000000`} {
		if raw := string(w.must(method)); !strings.Contains(raw, want) {
			t.Errorf("%s: no %s in %s", method, want, raw)
		}
	}
	if raw := string(w.must("getbalance")); raw != "0.00000000" {
		t.Errorf("getbalance: %s", raw)
	}
}

func TestErrorsHaveCoresCodesAndWords(t *testing.T) {
	w := start(t)
	w.must("generatetoaddress", 1, stranger)
	for _, c := range []struct {
		code    int
		message string
		method  string
		params  []any
	}{
		{-32601, "Method not found", "getinfo", nil},
		{-8, "Block height out of range", "getblockhash", []any{2}},
		{-8, "Block height out of range", "getblockhash", []any{-1}},
		{-5, "Block not found", "getblock", []any{nowhere}},
		{-5, "Block not found", "getblockheader", []any{nowhere}},
		{-5, "Block not found", "invalidateblock", []any{nowhere}},
		{-8, "blockhash must be of length 64 (not 2, for 'ab')", "getblock", []any{"ab"}},
		{-22, "Block decode failed", "submitblock", []any{"00"}},
		{-22, "Block decode failed", "submitblock", []any{"xy"}},
		{-22, "TX decode failed. Make sure the tx has at least one input.", "sendrawtransaction", []any{"00"}},
		{-22, "TX decode failed", "decoderawtransaction", []any{"0"}},
		{-5, "No such mempool or blockchain transaction. Use gettransaction for wallet transactions.", "getrawtransaction", []any{nowhere}},
		{-5, "Block hash not found", "getrawtransaction", []any{nowhere, 0, nowhere}},
		{-5, "No such transaction found in the provided block. Use gettransaction for wallet transactions.", "getrawtransaction", []any{nowhere, 0, genesis}},
		{-5, "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved", "getrawtransaction",
			[]any{"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"}},
		{-5, "Transaction not in mempool", "getmempoolentry", []any{nowhere}},
		{-8, "Array must contain between 1 and 25 transactions.", "testmempoolaccept", []any{[]string{}}},
		{-8, "Invalid conf_target, must be between 1 and 1008", "estimatesmartfee", []any{0}},
		{-8, "'x' is not a valid hash_type", "gettxoutsetinfo", []any{"x"}},
		{-5, "", "generatetoaddress", []any{1, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"}},
		{-5, "", "sendtoaddress", []any{"nonsense", 1}},
		{-3, "", "sendtoaddress", []any{stranger, json.RawMessage("0.000000001")}},
		{-6, "…Transaction amount too small", "sendtoaddress", []any{stranger, 0}},
		{-3, "Amount out of range", "sendtoaddress", []any{stranger, -1}},
		{-6, "", "sendtoaddress", []any{stranger, 1}},
		{-5, "Invalid or non-wallet transaction id", "gettransaction", []any{nowhere}},
		{-5, "Unknown address type 'x'", "getnewaddress", []any{"", "x"}},
		{-24, "Error: Node could not be removed. It has not been added previously.", "addnode", []any{"127.0.0.1:1", "remove"}},
		{-29, "Node not found in connected nodes", "disconnectnode", []any{"127.0.0.1:1"}},
		{-8, `getblocktemplate must be called with the segwit rule set (call with {"rules": ["segwit"]})`, "getblocktemplate", []any{map[string]any{}}},
		{-1, "", "getblockhash", nil},
	} {
		w.refused(c.code, c.message, c.method, c.params...)
	}
}

func TestHelpDescribesEveryMethodAndNoOther(t *testing.T) {
	w := start(t)
	list := w.text("help")
	for _, name := range []string{"getblockchaininfo", "sendtoaddress", "dbcheck"} {
		if !strings.Contains(list, "\n"+name) {
			t.Errorf("help does not list %s", name)
		}
	}
	for line := range strings.Lines(list) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "" || name == "==" {
			continue
		}
		text := w.text("help", name)
		if !strings.HasPrefix(text, name) || !strings.Contains(text, "\nResult:\n") || !strings.Contains(text, "\nExamples:\n> bitcoin-cli "+name) || !strings.Contains(text, "\n> grapevine rpc "+name) {
			t.Errorf("help %s: %q", name, text)
		}
	}
	if got := w.text("help", "foo"); got != "help: unknown command: foo" {
		t.Errorf("help foo: %q", got)
	}
}
