package rpc_test

import (
	"encoding/json"
	"testing"

	"grapevine/cmd/rpc/client"
	"grapevine/wallet/descriptor"
)

// What was paid to a descriptor before it was imported is found, and spent with
// the private key in it.
func TestImportedKeysSpendWhatTheyWerePaid(t *testing.T) {
	w := rich(t)
	const wif = "cVpF924EspNh8KjYsfhgY96mmxvT6DgdWiTYMtMjuM74hJaU5psW"
	const addr = "mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z"
	w.must("sendtoaddress", addr, 2)
	w.must("generatetoaddress", 1, stranger)
	request := map[string]any{"desc": descriptor.WithChecksum("combo(" + wif + ")"), "timestamp": 0, "label": "brought"}
	var done []map[string]any
	if err := json.Unmarshal(w.must("importdescriptors", []any{request}), &done); err != nil {
		t.Fatal(err)
	}
	if len(done) != 1 || done[0]["success"] != true {
		t.Fatalf("import: %v", done)
	}
	info := w.object("getaddressinfo", addr)
	is(t, "imported", info, "ismine", true)
	is(t, "imported", info, "solvable", true)
	is(t, "imported", info, "ischange", false)
	var coins []map[string]any
	if err := json.Unmarshal(w.must("listunspent", 1, 999, []string{addr}), &coins); err != nil {
		t.Fatal(err)
	}
	if len(coins) != 1 || coins[0]["label"] != "brought" {
		t.Fatalf("its coins: %v", coins)
	}
	bare := w.text("createrawtransaction", []any{map[string]any{"txid": coins[0]["txid"], "vout": coins[0]["vout"]}}, map[string]any{stranger: 1.999})
	for _, kind := range []string{"ALL", "SINGLE|ANYONECANPAY", "NONE"} {
		is(t, kind, w.object("signrawtransactionwithwallet", bare, []any{}, kind), "complete", true)
	}
}

func TestImportsAreRefusedInCoresWords(t *testing.T) {
	w := rich(t)
	sum := descriptor.WithChecksum
	const wif = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA"
	const tpub = "tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp"
	for want, request := range map[string]map[string]any{
		"Descriptor not found.": {"timestamp": 0},
		"Missing checksum":      {"timestamp": 0, "desc": "combo(" + wif + ")"},
		"Range should not be specified for an un-ranged descriptor":                                        {"timestamp": 0, "desc": sum("combo(" + wif + ")"), "range": 5},
		"Active descriptors must be ranged":                                                                {"timestamp": 0, "desc": sum("wpkh(" + wif + ")"), "active": true},
		"Internal addresses should not have a label":                                                       {"timestamp": 0, "desc": sum("wpkh(" + wif + ")"), "internal": true, "label": "x"},
		"Ranged descriptors should not have a label":                                                       {"timestamp": 0, "desc": sum("wpkh(" + tpub + "/*)"), "range": 5, "label": "x"},
		"next_index is out of range":                                                                       {"timestamp": 0, "desc": sum("wpkh(" + tpub + "/*)"), "range": 5, "next_index": 6},
		"Invalid label name":                                                                               {"timestamp": 0, "desc": sum("wpkh(" + wif + ")"), "label": "*"},
		"Cannot import descriptor without private keys to a wallet with private keys enabled":              {"timestamp": 0, "desc": sum("wpkh(" + tpub + "/*)"), "range": 5},
		"Cannot expand descriptor. Probably because of hardened derivations without private keys provided": {"timestamp": 0, "desc": sum("wpkh(" + tpub + "/1h/*)"), "range": 5},
	} {
		var done []struct {
			Success bool
			Error   struct{ Message string }
		}
		if err := json.Unmarshal(w.must("importdescriptors", []any{request}), &done); err != nil {
			t.Fatal(err)
		}
		if len(done) != 1 || done[0].Success || done[0].Error.Message != want {
			t.Errorf("%v: %+v, want %s", request, done, want)
		}
	}
	w.refused(-3, "Missing required timestamp field for key", "importdescriptors", []any{map[string]any{"desc": "x"}})
	w.refused(-3, "Expected number or \"now\" timestamp value for key. got type string", "importdescriptors", []any{map[string]any{"desc": "x", "timestamp": "then"}})
}

// A wallet that is loaded sees what came into the pool before.
func TestALoadedWalletSeesThePool(t *testing.T) {
	w := rich(t)
	w.must("createwallet", "watch")
	watch, err := client.Dial(w.url+"/wallet/watch", "u", "p")
	if err != nil {
		t.Fatal(err)
	}
	var addr string
	if err := watch.Call(w.ctx, "getnewaddress", &addr); err != nil {
		t.Fatal(err)
	}
	w.must("unloadwallet", "watch")
	w.text("sendtoaddress", addr, 2)
	w.must("loadwallet", "watch")
	var balances struct {
		Mine struct {
			Pending json.Number `json:"untrusted_pending"`
		}
	}
	if err := watch.Call(w.ctx, "getbalances", &balances); err != nil || balances.Mine.Pending != "2.00000000" {
		t.Errorf("pending %s, %v", balances.Mine.Pending, err)
	}
}
