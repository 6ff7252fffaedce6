package rpc_test

import (
	"reflect"
	"strings"
	"testing"

	"grapevine/cmd/rpc/client"
)

// in is the node as asked at a wallet's own address.
func (w *testNode) in(name string) *testNode {
	w.t.Helper()
	c, err := client.Dial(w.url+"/wallet/"+name, "u", "p")
	if err != nil {
		w.t.Fatal(err)
	}
	one := *w
	one.Client = c
	return &one
}

// Blank is what a wallet was made as, not what it holds; it is born when what it
// watches was.
func TestWhatAWalletSaysOfItself(t *testing.T) {
	dir := t.TempDir()
	w := startIn(t, dir)
	w.must("createwallet", "miner", false, false, "", false, true, true)
	w.must("createwallet", "watch", true, false, "", false, true, true)
	w.must("createwallet", "blank", false, true, "", false, true, true)
	w.must("createwallet", "hidden", false, true, "secret", false, true, true)
	addr := w.in("miner").text("getnewaddress")
	w.must("generatetoaddress", 1, addr)
	w.must("generatetoaddress", 100, stranger)
	all := "walletname walletversion format balance unconfirmed_balance immature_balance txcount keypoolsize keypoolsize_hd_internal paytxfee private_keys_enabled avoid_reuse scanning descriptors external_signer blank lastprocessedblock.hash lastprocessedblock.height"
	for name, blank := range map[string]bool{"miner": false, "watch": false, "blank": true, "hidden": true} {
		info := w.in(name).object("getwalletinfo")
		has(t, name, info, all)
		is(t, name, info, "blank", blank)
		is(t, name, info, "scanning", false)
		_, born := info["birthtime"]
		if _, until := info["unlocked_until"]; born != (name == "miner") || until != (name == "hidden") {
			t.Errorf("%s: %v", name, info)
		}
	}
	w.in("miner").must("settxfee", 0.0002)
	is(t, "miner", w.in("miner").object("getwalletinfo"), "paytxfee", 0.0002)

	// An import leaves the mark, keys of its own take it away. What is older moves the birth.
	desc := w.in("miner").object("getaddressinfo", addr)["desc"]
	watch := w.in("watch")
	watch.must("importdescriptors", []any{map[string]any{"desc": desc, "timestamp": "now"}}) // this hour is searched too
	reward := watch.object("gettransaction", watch.list("listtransactions")[0].(map[string]any)["txid"])
	is(t, "watch", watch.object("getwalletinfo"), "birthtime", reward["time"])
	is(t, "watch", watch.object("getwalletinfo"), "blank", false)

	blank := w.in("blank")
	for _, d := range w.in("miner").object("listdescriptors", true)["descriptors"].([]any) {
		if d := d.(map[string]any); strings.HasPrefix(d["desc"].(string), "wpkh(") && d["internal"] == false {
			blank.must("importdescriptors", []any{map[string]any{"desc": d["desc"], "timestamp": 1, "active": true}})
		}
	}
	is(t, "blank", blank.object("getwalletinfo"), "blank", true)
	is(t, "blank", blank.object("getwalletinfo"), "birthtime", 1)
	blank.must("createwalletdescriptor", "bech32m")
	is(t, "blank", blank.object("getwalletinfo"), "blank", false)

	before := map[string]any{}
	names := []string{"watch", "blank", "hidden"}
	for _, name := range names {
		before[name] = w.in(name).object("getwalletinfo")
	}
	w.stop()
	w = startIn(t, dir)
	for _, name := range names {
		if after := w.in(name).object("getwalletinfo"); !reflect.DeepEqual(after, before[name]) {
			t.Errorf("%s: %v, before the start %v", name, after, before[name])
		}
	}
}

// A new wallet is born when it is made, by the node's clock, however old the tip is; one that is restored,
// which may have been paid at any time, with the chain.
func TestANewWalletIsBornWhenItIsMade(t *testing.T) {
	w := startIn(t, t.TempDir())
	now := float64(1_800_000_000)
	w.must("setmocktime", int64(now))
	w.must("createwallet", "young")
	young := w.in("young")
	is(t, "young", young.object("getwalletinfo"), "birthtime", now)
	for _, d := range young.object("listdescriptors")["descriptors"].([]any) {
		is(t, "young", d, "timestamp", now)
	}
}
