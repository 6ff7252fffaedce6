package rpc_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"grapevine/cmd/rpc/client"
)

// A wallet has one name: no other path answers from its purse, before it has
// been named nor after a restart.
func TestNoOtherNameAnswersFromTheWallet(t *testing.T) {
	dir := t.TempDir()
	w := startIn(t, dir)
	ask := func(path string) error {
		c, err := client.Dial(w.url+path, "u", "p")
		if err != nil {
			t.Fatal(err)
		}
		return c.Call(w.ctx, "getbalance", nil)
	}
	refused := func(path string) {
		t.Helper()
		if e, ok := errors.AsType[*client.Error](ask(path)); !ok || e.Code != -18 {
			t.Errorf("%s: %v", path, e)
		}
	}
	refused("/wallet/alice")
	if got := w.list("listwallets"); len(got) != 0 {
		t.Errorf("a refused call has made %v", got)
	}
	w.refused(-18, "", "loadwallet", "alice")
	w.must("createwallet", "alice", false, false, "", false, true, true) // and load it at the start
	for range 2 {
		refused("/wallet/bob")
		refused("/wallet/")
		for _, path := range []string{"/wallet/alice", ""} {
			if err := ask(path); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		if got := fmt.Sprint(w.list("listwallets")); got != "[alice]" {
			t.Errorf("listwallets: %s", got)
		}
		w.refused(-4, "…already exists", "createwallet", "alice")
		w.stop()
		w = startIn(t, dir)
	}
}

// Whoever restores a wallet restores the one of that name, which keeps it.
func TestARestoredWalletKeepsItsName(t *testing.T) {
	w := start(t)
	const words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
	w.must("createwallet", "alice")
	ask := func(path, method string, params ...any) error {
		c, err := client.Dial(w.url+path, "u", "p")
		if err != nil {
			t.Fatal(err)
		}
		return c.Call(w.ctx, method, nil, params...)
	}
	for _, method := range []string{"walletrestore", "walletcreate"} {
		if e, ok := errors.AsType[*client.Error](ask("/wallet/bob", method, words)); !ok || e.Code != -18 {
			t.Errorf("%s of another wallet: %v", method, e)
		}
	}
	if err := ask("/wallet/alice", "walletrestore", words); err != nil {
		t.Fatal(err)
	}
	if err := ask("/wallet/alice", "walletwords"); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(w.list("listwallets")); got != "[alice]" {
		t.Errorf("listwallets: %s", got)
	}
}

// A wallet that made itself and is in use keeps its name, which is none, and
// stands beside others.
func TestAWalletInUseIsNotNamedAnew(t *testing.T) {
	w := start(t)
	w.text("getnewaddress")
	w.refused(-4, "…already exists.", "createwallet", "")
	w.must("createwallet", "alice")
	if got := fmt.Sprintf("%q", w.list("listwallets")); got != `["" "alice"]` {
		t.Errorf("listwallets: %s", got)
	}
	w.must("unloadwallet", "")
	if got := fmt.Sprintf("%q", w.list("listwallets")); got != `["alice"]` {
		t.Errorf("listwallets: %s", got)
	}
	w.must("getbalance")
	w.must("unloadwallet", "alice")
	w.refused(-18, "…No wallet is loaded.", "getbalance")
	w.must("loadwallet", "")
	w.must("getbalance")
}

// What two wallets receive, and when, stays apart; a watch-only one follows
// without keys, and a restart finds what it knew.
func TestWalletsStandBesideEachOther(t *testing.T) {
	dir := t.TempDir()
	w := startIn(t, dir)
	w.must("createwallet", "miner", false, false, "", false, true, true)
	w.must("createwallet", "watch", true, false, "", false, true, true)
	in := func(name string) *testNode { return w.in(name) }
	addr := in("miner").text("getnewaddress")
	w.must("generatetoaddress", 101, addr)
	desc := in("miner").object("getaddressinfo", addr)["desc"]
	in("watch").refused(-4, "Error: This wallet has no available keys", "getnewaddress")
	in("watch").must("importdescriptors", []any{map[string]any{"desc": desc, "timestamp": 0}})
	for range 2 {
		for _, name := range []string{"miner", "watch"} {
			if got := string(in(name).must("getbalance")); got != "50.00000000" {
				t.Errorf("%s: %s", name, got)
			}
		}
		is(t, "watch", in("watch").object("getwalletinfo"), "private_keys_enabled", false)
		w.stop()
		w = startIn(t, dir)
	}
}

// A shop that has seen a payment in a block learns that the block has gone.
func TestListSinceBlockTellsWhatWasRemoved(t *testing.T) {
	w := rich(t)
	start := w.text("getbestblockhash")
	id := w.text("sendtoaddress", w.text("getnewaddress", "order 7"), 3)
	seen := fmt.Sprint(w.list("generatetoaddress", 1, stranger)[0])
	is(t, "nothing gone", w.object("listsinceblock", seen), "removed", "[]")
	w.must("invalidateblock", seen)
	w.must("generateblock", stranger, []string{})
	w.must("generateblock", stranger, []string{})
	gone := w.object("listsinceblock", seen)
	removed := gone["removed"].([]any)
	if len(removed) != 2 { // sent and received
		t.Fatalf("removed: %v", removed)
	}
	for _, line := range removed {
		is(t, "removed", line, "txid", id)
		is(t, "removed", line, "confirmations", 0)
	}
	is(t, "label", w.object("listsinceblock", seen, 1, false, true, false, "order 7")["removed"].([]any)[0], "category", "receive")
	if _, told := w.object("listsinceblock", seen, 1, false, false)["removed"]; told {
		t.Error("removed though nobody asked for it")
	}
	w.must("generatetoaddress", 1, stranger) // it comes back in another block
	again := w.object("listsinceblock", seen)
	is(t, "back", again["removed"].([]any)[0], "confirmations", 1)
	is(t, "before", w.object("listsinceblock", start), "removed", "[]")
	is(t, "empty", w.object("listsinceblock", ""), "removed", "[]")
	w.refused(-5, "Block not found", "listsinceblock", nowhere)
}

// What verbose says of the fee is where its rate came from; a rate of 0 is one.
func TestTheFeeReasonIsTrue(t *testing.T) {
	w := rich(t)
	addr := w.text("getnewaddress")
	is(t, "none named", w.object("sendtoaddress", addr, 1, "", "", false, true, nil, "unset", false, nil, true), "fee_reason", "Fallback fee")
	is(t, "named", w.object("sendtoaddress", addr, 1, "", "", false, true, nil, "unset", false, 3, true), "fee_reason", "PayTxFee set")
	is(t, "sendmany", w.object("sendmany", "", map[string]any{addr: 1}, 1, "", []any{}, true, nil, "unset", 3, true), "fee_reason", "PayTxFee set")
	w.refused(-6, "…lower than the minimum", "sendtoaddress", addr, 1, "", "", false, true, nil, "unset", false, 0)
	w.refused(-6, "…lower than the minimum", "sendtoaddress", addr, 1, "", "", false, true, nil, "unset", false, "0.999")
	w.refused(-6, "…lower than the minimum", "sendmany", "", map[string]any{addr: 1}, 1, "", []any{}, true, nil, "unset", 0)
}

// Codes and words as a running Core 28.1 gives them.
func TestTheWalletRefusesAsCoreDoes(t *testing.T) {
	w := rich(t)
	addr := w.text("getnewaddress")
	coin := w.list("listunspent")[0].(map[string]any)
	at := func(vout any) []any { return []any{map[string]any{"txid": coin["txid"], "vout": vout}} }
	w.refused(-6, "Transaction must have at least one recipient", "sendmany", "", map[string]any{})
	w.refused(-6, "…Transaction amount too small", "sendtoaddress", addr, 0)
	w.refused(-6, "…Transaction amount too small", "sendmany", "", map[string]any{addr: 0})
	w.refused(-6, "…Insufficient funds", "sendtoaddress", addr, 1000)
	w.refused(-6, "…Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)", "sendtoaddress", addr, 1, "", "", false, true, nil, "unset", false, 200_000)
	w.refused(-6, "…The transaction amount is too small to pay the fee", "sendtoaddress", addr, "0.00001", "", "", true, true, nil, "unset", false, 100)
	w.refused(-8, "…Invalid conf_target", "sendtoaddress", addr, 1, "", "", false, true, 0)
	raw := w.text("createrawtransaction", []any{}, map[string]any{addr: 1000})
	w.refused(-4, "…Insufficient funds", "fundrawtransaction", raw)
	w.refused(-4, "…Unable to find UTXO for external input", "fundrawtransaction",
		w.text("createrawtransaction", []any{map[string]any{"txid": nowhere, "vout": 0}}, map[string]any{addr: 1}))
	w.refused(-8, "Invalid parameter, expected locked output", "lockunspent", true, at(coin["vout"]))
	w.must("lockunspent", false, at(coin["vout"]))
	w.refused(-8, "Invalid parameter, output already locked", "lockunspent", false, at(coin["vout"]))
	w.must("lockunspent", true)
	w.refused(-8, "Invalid parameter, vout index out of bounds", "lockunspent", false, at(99))
	w.refused(-8, "Invalid parameter, unknown transaction", "lockunspent", false, []any{map[string]any{"txid": nowhere, "vout": 0}})
	for _, dummy := range []string{"", "x"} {
		w.refused(-32, `dummy first argument must be excluded or set to "*".`, "getbalance", dummy)
	}
	w.must("getbalance", "*")
	w.refused(-8, "…must be a known purpose", "listlabels", "notvalid")
	id := w.text("sendtoaddress", addr, 1)
	w.refused(-5, "…Transaction not eligible for abandonment", "abandontransaction", id)
	w.must("fundrawtransaction", w.text("createrawtransaction", []any{}, map[string]any{addr: 1}), true)
}

// What contradicts itself, or names nothing, is refused and not passed over.
func TestTwoAnswersToOneQuestionAreRefused(t *testing.T) {
	w := rich(t)
	addr := w.text("getnewaddress")
	const bothTarget = "…Cannot specify both conf_target and "
	w.refused(-8, "Cannot specify both estimate_mode and fee_rate", "sendtoaddress", addr, 1, "", "", false, true, nil, "economical", false, 3)
	w.refused(-8, bothTarget+"fee_rate", "sendtoaddress", addr, 1, "", "", false, true, 6, "unset", false, 3)
	w.must("sendtoaddress", addr, 1, "", "", false, true, nil, "unset", false, 3)
	w.refused(-8, "…Invalid parameter, duplicated address", "sendmany", "", map[string]any{addr: 1, strings.ToUpper(addr): 2})
	for _, kind := range []string{"", "segwit"} {
		w.refused(-5, "Unknown address type '"+kind+"'", "getnewaddress", "", kind)
		w.refused(-5, "Unknown address type '"+kind+"'", "getrawchangeaddress", kind)
	}
	tx := w.text("createrawtransaction", []any{}, map[string]any{addr: 1})
	for _, c := range []struct {
		code          int
		text, options string
	}{
		{-8, "…Invalid conf_target", `{"conf_target":0}`},
		{-8, "…Invalid conf_target", `{"conf_target":1009}`},
		{-8, bothTarget + "fee_rate", `{"conf_target":2,"fee_rate":3}`},
		{-8, bothTarget + "feeRate", `{"conf_target":2,"feeRate":0.0001}`},
		{-8, "Cannot specify both estimate_mode and fee_rate", `{"estimate_mode":"economical","fee_rate":3}`},
		{-8, "Cannot specify both estimate_mode and feeRate", `{"estimate_mode":"economical","feeRate":0.0001}`},
		{-5, "…Change address must be a valid bitcoin address", `{"changeAddress":""}`},
		{-5, "…Change address must be a valid bitcoin address", `{"change_address":"x","changeAddress":"` + addr + `"}`},
		{-8, "Cannot specify both change address and address type options", `{"change_type":"legacy","changeAddress":"` + addr + `"}`},
		{-5, "Unknown change type ''", `{"change_type":""}`},
	} {
		w.refused(c.code, c.text, "fundrawtransaction", tx, json.RawMessage(c.options))
	}
	for _, options := range []string{`{"conf_target":1008}`, `{"conf_target":1}`, `{"fee_rate":3,"estimate_mode":"unset"}`, `{"fee_rate":null}`, `{"change_type":"legacy"}`} {
		w.must("fundrawtransaction", tx, json.RawMessage(options))
	}
}
