package rpc_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"grapevine/cmd/node"
)

func TestWhatDescriptorsSpendAndReceiveIsTold(t *testing.T) {
	w := start(t)
	mine := w.text("getnewaddress")
	first := w.list("generatetoaddress", 1, mine)[0]
	w.must("generatetodescriptor", 100, "raw(51)")
	id := w.text("sendtoaddress", stranger, 1)
	scripts := []any{"addr(" + mine + ")", map[string]any{"desc": "addr(" + stranger + ")"}}
	find := func(params ...any) []any { return w.object("getdescriptoractivity", params...)["activity"].([]any) }
	check := func(what string, found []any, want ...map[string]any) {
		t.Helper()
		if len(found) != len(want) {
			t.Fatalf("%s: %v", what, found)
		}
		for i, fields := range want {
			for path, value := range fields {
				is(t, fmt.Sprint(what, " ", i), found[i], path, value)
			}
		}
	}
	coinbase := w.object("getblock", first)["tx"].([]any)[0]
	reward := map[string]any{"type": "receive", "amount": 50, "blockhash": first, "height": 1, "txid": coinbase, "vout": 0, "output_spk.address": mine}
	spends := map[string]any{"type": "spend", "amount": 50, "blockhash": nil, "height": nil, "spend_txid": id, "spend_vin": 0,
		"prevout_txid": coinbase, "prevout_vout": 0, "prevout_spk.address": mine}
	pays := map[string]any{"type": "receive", "amount": 1, "blockhash": nil, "height": nil, "txid": id, "output_spk.address": stranger}
	check("with the pool", find([]any{first}, scripts), reward, spends, pays)
	check("without the pool", find([]any{first}, scripts, false), reward)
	check("another's", find([]any{first}, scripts[1:]), pays)
	check("nothing", find([]any{genesis}, []any{"raw(52)"}))

	last := w.list("generatetodescriptor", 1, "raw(51)")[0]
	w.must("syncwithvalidationinterfacequeue")
	for _, in := range []map[string]any{spends, pays} {
		in["blockhash"], in["height"] = last, 102
	}
	check("in order of height", find([]any{last, first, genesis, last}, scripts), reward, spends, pays)

	w.refused(-5, "Block not found", "getdescriptoractivity", []any{first, nowhere}, scripts)
	w.refused(-8, "blockhash must be of length 64 (not 2, for 'ff')", "getdescriptoractivity", []any{"ff"}, scripts)
	w.refused(-3, "JSON value of type number is not of expected type string", "getdescriptoractivity", []any{1}, scripts)
	w.refused(-5, "'x' is not a valid descriptor function", "getdescriptoractivity", []any{}, []any{map[string]any{"desc": "x", "range": 1}})
	w.refused(-8, "Scan object needs to be either a string or an object", "getdescriptoractivity", []any{}, []any{7})
	w.refused(-1, "…getdescriptoractivity [\"blockhash\",...] [scanobjects,...] ( include_mempool )", "getdescriptoractivity", []any{first})
	w.must("invalidateblock", last)
	w.refused(-8, "Block is not in main chain", "getdescriptoractivity", []any{last}, scripts)
}

// A transaction whose parent nobody has is shown with who it is from.
func TestOrphansAreShownWithTheirPeers(t *testing.T) {
	a := startIn(t, t.TempDir(), func(c *node.Config) { c.Listen = "127.0.0.1:0" })
	b := start(t)
	if got := string(a.must("getorphantxs")); got != "[]" {
		t.Errorf("none waits: %s", got)
	}
	a.must("generatetodescriptor", 1, "raw(51)")
	b.must("addnode", a.node.Swarm.Addr().String(), "onetry")
	b.reaches(1)
	raw := b.text("createrawtransaction", []any{map[string]any{"txid": nowhere, "vout": 0}}, map[string]any{stranger: 1})
	b.must("sendmsgtopeer", b.greeted()["id"], "tx", raw)
	for end := time.Now().Add(time.Minute); len(a.list("getorphantxs")) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the orphan does not come")
		}
	}
	tx, from := a.object("decoderawtransaction", raw), a.greeted()["id"]
	if got := a.list("getorphantxs", 0); len(got) != 1 || got[0] != tx["txid"] {
		t.Errorf("txids %v, want %v", got, tx["txid"])
	}
	for verbosity, hex := range map[int]any{1: nil, 2: raw} {
		got := a.list("getorphantxs", verbosity)[0].(map[string]any)
		if keys := slices.Sorted(maps.Keys(got)); len(keys) != 5+verbosity {
			t.Errorf("verbosity %d has %v", verbosity, keys)
		}
		for path, want := range map[string]any{"txid": tx["txid"], "wtxid": tx["hash"], "bytes": tx["size"], "vsize": tx["vsize"], "weight": tx["weight"],
			"from": []any{from}, "hex": hex} {
			is(t, fmt.Sprint("verbosity ", verbosity), got, path, want)
		}
	}
	for _, n := range []int{-1, 3} {
		a.refused(-8, fmt.Sprintf("Invalid verbosity value %d", n), "getorphantxs", n)
	}
	for _, verbose := range []bool{false, true} {
		a.refused(-3, "Verbosity was boolean but only integer allowed", "getorphantxs", verbose)
	}
}
