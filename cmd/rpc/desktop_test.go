package rpc_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"grapevine/wallet/descriptor"
)

// descOf are the descriptors of a wallet's active row of that kind, for receipts and
// for change, without private keys.
func (w *testNode) descOf(kind string) (receive, change string) {
	w.t.Helper()
	for _, d := range w.object("listdescriptors")["descriptors"].([]any) {
		row := d.(map[string]any)
		switch desc := fmt.Sprint(row["desc"]); {
		case !strings.HasPrefix(desc, kind+"("):
		case row["internal"] == true:
			change = desc
		default:
			receive = desc
		}
	}
	return receive, change
}

// A desktop wallet that keeps its keys elsewhere, as Sparrow and Specter do: it makes a
// watch-only wallet by eight parameters, imports descriptors, follows by listsinceblock,
// has a PSBT signed by a device that the node never hears of, and sends it. The device is
// a second node without peers.
func TestADesktopWalletWatchesThroughTheNode(t *testing.T) {
	w, device := rich(t), start(t)
	device.must("createwallet", "cold")
	cold := device.of("cold")
	receive, change := cold.descOf("wpkh")

	w.must("createwallet", "cormorant", true, true, "", true, true, true, false)
	if have := fmt.Sprint(w.list("listwallets")); !strings.Contains(have, "cormorant") {
		t.Fatalf("wallets: %s", have)
	}
	watch := w.of("cormorant")
	for i, r := range watch.list("importdescriptors", []any{
		map[string]any{"desc": receive, "timestamp": "now", "active": true, "internal": false, "range": 999},
		map[string]any{"desc": change, "timestamp": "now", "active": true, "internal": true, "range": []any{0, 999}},
	}) {
		is(t, fmt.Sprint("import ", i), r.(map[string]any), "success", true)
	}
	info := watch.object("getwalletinfo")
	for _, want := range []struct {
		key  string
		want any
	}{{"private_keys_enabled", false}, {"avoid_reuse", true}, {"descriptors", true}, {"scanning", false}, {"external_signer", false}} {
		is(t, "getwalletinfo", info, want.key, want.want)
	}
	if got := watch.object("listdescriptors")["descriptors"].([]any); len(got) != 2 {
		t.Errorf("descriptors: %v", got)
	}
	watch.refused(-4, "Error: Private keys are disabled for this wallet", "sendtoaddress", stranger, 1)

	// Its own addresses are those of the device, and receipts are told at once.
	addr := fmt.Sprint(w.list("deriveaddresses", receive, 3)[3])
	is(t, "the device", cold.object("getaddressinfo", addr), "ismine", true)
	is(t, "the watcher", watch.object("getaddressinfo", addr), "hdkeypath", "m/84h/1h/0h/0/3")
	mark := w.text("getbestblockhash")
	paid := w.of("").text("sendtoaddress", addr, 2)
	told := watch.object("listsinceblock", mark, 1, true, true, true)
	entry := watch.only(told, paid, addr)
	is(t, "receipt", entry, "confirmations", 0)
	is(t, "receipt", entry, "category", "receive")
	is(t, "receipt", entry, "address", addr)
	is(t, "receipt", entry, "parent_descs", []any{receive})
	w.must("generatetoaddress", 1, stranger)
	told = watch.object("listsinceblock", mark, 1, true, true, true)
	is(t, "confirmed receipt", watch.only(told, paid, addr), "confirmations", 1)
	is(t, "listsinceblock", told, "lastblock", w.text("getbestblockhash"))
	has(t, "gettransaction", watch.object("gettransaction", paid, true, true), "blockhash hex decoded details")

	// The PSBT goes to the device and comes back signed.
	made := watch.object("walletcreatefundedpsbt", []any{}, []any{map[string]any{stranger: 1}}, 0, map[string]any{"fee_rate": 3, "includeWatching": true}, true)
	signed := cold.object("walletprocesspsbt", made["psbt"])
	is(t, "signed elsewhere", signed, "complete", true)
	fin := w.object("finalizepsbt", signed["psbt"])
	mark = w.text("getbestblockhash")
	id := w.text("sendrawtransaction", fin["hex"])
	sent := watch.only(watch.object("listsinceblock", mark, 1, true, true, true), id, stranger)
	is(t, "payment", sent, "category", "send")
	is(t, "payment", sent, "amount", -1.0)
	block := fmt.Sprint(w.list("generatetoaddress", 1, stranger)[0])

	// What a reorganisation takes back is told as removed, and stays a payment under way.
	w.must("invalidateblock", block)
	w.must("generateblock", stranger, []any{})
	told = watch.object("listsinceblock", block, 1, true, true, true)
	if got := told["removed"].([]any); len(got) == 0 || got[0].(map[string]any)["txid"] != id {
		t.Errorf("removed: %v", got)
	}
	is(t, "taken back", watch.only(told, id, stranger), "confirmations", 0)

	// It is there again after a start, as was asked.
	w.must("reconsiderblock", block)
	w.stop()
	w = startIn(t, w.dir)
	is(t, "after a start", w.of("cormorant").object("getaddressinfo", addr), "ismine", true)
	w.of("cormorant").must("backupwallet", filepath.Join(w.dir, "copy"))
	if desc := descriptor.WithChecksum(receive[:strings.IndexByte(receive, '#')]); desc != receive {
		t.Errorf("%s has a wrong checksum: %s", receive, desc)
	}
}

// only is the one entry of a transaction's with that address in what listsinceblock told.
func (w *testNode) only(told map[string]any, id, address string) map[string]any {
	w.t.Helper()
	var found []map[string]any
	for _, e := range told["transactions"].([]any) {
		if e := e.(map[string]any); e["txid"] == id && e["address"] == address {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		w.t.Fatalf("%s is told %d times: %v", id, len(found), told)
	}
	return found[0]
}
