package rpc_test

import (
	"encoding/json"
	"fmt"
	"testing"
)

// pays makes and signs a transaction of version 3: one coin to one output.
func (w *testNode) pays(coin map[string]any, to, amount string) (id, raw string) {
	w.t.Helper()
	bare := w.text("createrawtransaction", []any{map[string]any{"txid": coin["txid"], "vout": coin["vout"]}}, map[string]any{to: json.RawMessage(amount)}, 0, true, 3)
	signed := w.object("signrawtransactionwithwallet", bare, []any{coin})
	is(w.t, "signed", signed, "complete", true)
	raw = fmt.Sprint(signed["hex"])
	tx := w.object("decoderawtransaction", raw)
	return fmt.Sprint(tx["txid"]), raw
}

// result of one transaction of a package.
func (w *testNode) resultOf(answer map[string]any, raw string) map[string]any {
	w.t.Helper()
	one, ok := answer["tx-results"].(map[string]any)[fmt.Sprint(w.object("decoderawtransaction", raw)["hash"])].(map[string]any)
	if !ok {
		w.t.Fatalf("no result in %v", answer)
	}
	return one
}

// As lnd closes a channel: the parent pays nothing, its child for both.
func TestChildPaysForItsParentInAPackage(t *testing.T) {
	w := rich(t)
	addr := w.text("getnewaddress")
	script := fmt.Sprint(w.object("getaddressinfo", addr)["scriptPubKey"])
	coin := w.list("listunspent")[0].(map[string]any)
	id, parent := w.pays(coin, addr, "50.00000000")
	out := map[string]any{"txid": id, "vout": 0, "scriptPubKey": script, "amount": 50}
	_, child := w.pays(out, stranger, "49.99990000")

	alone := w.list("testmempoolaccept", []any{parent})[0]
	is(t, "the parent alone", alone, "reject-reason", "min relay fee not met")
	both := w.object("submitpackage", []any{parent, child})
	is(t, "both", both, "package_msg", "success")
	for _, raw := range []string{parent, child} {
		one := w.resultOf(both, raw)
		if one["error"] != nil || len(one["fees"].(map[string]any)["effective-includes"].([]any)) != 2 {
			t.Errorf("both: %v", one)
		}
		is(t, "rate", one, "fees.effective-feerate", valueAt(w.resultOf(both, child), "fees.effective-feerate"))
	}
	if n := len(w.list("getrawmempool")); n != 2 {
		t.Errorf("%d transactions in the pool", n)
	}

	dearer, again := w.pays(out, stranger, "49.99900000")
	replaced := w.object("submitpackage", []any{parent, again})
	is(t, "replaced", replaced, "package_msg", "success")
	is(t, "replaced", replaced, "replaced-transactions", "["+fmt.Sprint(w.resultOf(both, child)["txid"])+"]")
	is(t, "pool", w.object("getmempoolentry", dearer), "ancestorcount", 2)
}
