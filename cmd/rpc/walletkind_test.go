package rpc_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"

	"grapevine/chain"
)

// Each kind of address is paid to, shown for what it is, and spent from.
func TestEveryKindOfAddressIsOurs(t *testing.T) {
	w := rich(t)
	for kind, want := range map[string]struct {
		begins, desc, path string
		isScript, witness  bool
		class              string
	}{
		"legacy":      {"m n", "pkh([", "m/44h/1h/0h/0/0", false, false, "pubkeyhash"},
		"p2sh-segwit": {"2", "sh(wpkh([", "m/49h/1h/0h/0/0", true, false, "scripthash"},
		"bech32m":     {"bcrt1p", "tr([", "m/86h/1h/0h/0/0", true, true, "witness_v1_taproot"},
	} {
		addr := w.text("getnewaddress", "", kind)
		if !strings.ContainsAny(addr[:1], want.begins) {
			t.Errorf("%s: %s", kind, addr)
		}
		info := w.object("getaddressinfo", addr)
		has(t, kind, info, "hdmasterfingerprint desc parent_desc timestamp")
		if _, there := info["pubkey"]; there == (kind == "bech32m") { // Core shows none behind a taproot output
			t.Errorf("%s: pubkey shown: %v", kind, there)
		}
		if kind == "p2sh-segwit" {
			is(t, kind, info, "embedded.pubkey", info["pubkey"])
			is(t, kind, info, "script", "witness_v0_keyhash")
		}
		for path, v := range map[string]any{"ismine": true, "solvable": true, "hdkeypath": want.path, "isscript": want.isScript, "iswitness": want.witness} {
			is(t, kind, info, path, v)
		}
		if d := fmt.Sprint(info["desc"]); !strings.HasPrefix(d, want.desc) {
			t.Errorf("%s: desc %s", kind, d)
		}

		w.must("sendtoaddress", addr, 10)
		w.must("generatetoaddress", 1, stranger)
		coins := w.list("listunspent", 1, 9999, []string{addr})
		if len(coins) != 1 {
			t.Fatalf("%s: coins %v", kind, coins)
		}
		coin := coins[0].(map[string]any)
		is(t, kind, coin, "parent_descs", "["+fmt.Sprint(info["parent_desc"])+"]")
		for _, l := range w.object("listsinceblock")["transactions"].([]any) {
			if valueAt(l, "address") == addr && valueAt(l, "category") == "receive" {
				is(t, kind, l, "parent_descs", "["+fmt.Sprint(info["parent_desc"])+"]")
			}
		}
		if kind == "p2sh-segwit" {
			is(t, kind, info, "script", "witness_v0_keyhash")
			is(t, kind, info, "embedded.iswitness", true)
			is(t, kind, info, "hex", fmt.Sprint(coin["redeemScript"]))
		}
		input := []any{map[string]any{"txid": coin["txid"], "vout": coin["vout"]}}
		bare := w.text("createrawtransaction", input, map[string]any{stranger: 1})
		funded := w.object("fundrawtransaction", bare, map[string]any{"add_inputs": false, "change_type": kind, "fee_rate": 2})
		signed := w.object("signrawtransactionwithwallet", funded["hex"])
		is(t, kind, signed, "complete", true)
		id := w.text("sendrawtransaction", signed["hex"])
		tx := w.object("getrawtransaction", id, 1)
		change := tx["vout"].([]any)[int(funded["changepos"].(float64))]
		is(t, kind+" change", change, "scriptPubKey.type", want.class)
		is(t, kind+" change", w.object("getaddressinfo", fmt.Sprint(valueAt(change, "scriptPubKey.address"))), "ischange", true)
		w.must("generatetoaddress", 1, stranger)
		is(t, kind, w.object("gettransaction", id), "confirmations", 1)
	}
	w.refused(-5, "Unknown address type 'x'", "getrawchangeaddress", "x")
}

func valueAt(v any, path string) any {
	got, _ := at(v, path)
	return got
}

func TestDescriptorsOfAllRows(t *testing.T) {
	w := start(t)
	w.text("getnewaddress", "", "legacy")
	d := w.object("listdescriptors")
	rows := d["descriptors"].([]any)
	if len(rows) != 8 {
		t.Fatalf("%d rows", len(rows))
	}
	seen := map[string]bool{}
	for _, r := range rows {
		desc := fmt.Sprint(r.(map[string]any)["desc"])
		has(t, desc, r.(map[string]any), "timestamp active internal range next next_index")
		body, sum, _ := strings.Cut(desc, "#")
		if len(sum) != 8 || strings.Contains(body, "tprv") || seen[body] {
			t.Errorf("descriptor %s", desc)
		}
		seen[body] = true
		if strings.HasPrefix(desc, "pkh(") && strings.Contains(desc, "/0/*") {
			is(t, desc, r, "next", 1)
		}
	}
	for _, r := range w.object("listdescriptors", true)["descriptors"].([]any) {
		if desc := fmt.Sprint(r.(map[string]any)["desc"]); !strings.Contains(desc, "(tprv") {
			t.Errorf("with private keys: %s", desc)
		}
	}
}

// A key that is in no wallet signs what was paid to it, whatever the kind.
func TestForeignKeySignsForEveryKind(t *testing.T) {
	w := rich(t)
	// The first key of Bitcoin Core's functional tests, and its addresses.
	const key, pub = "cVpF924EspNh8KjYsfhgY96mmxvT6DgdWiTYMtMjuM74hJaU5psW", "0227d85ba011276cf25b51df6a188b75e604b38770a462b2d0e9fb2fc839ef5d3f"
	raw, err := hex.DecodeString(pub)
	if err != nil {
		t.Fatal(err)
	}
	hash := address.Hash160(raw)
	p2wpkh, err := address.NewAddressWitnessPubKeyHash(hash, chain.RegTest().Params)
	if err != nil {
		t.Fatal(err)
	}
	nested, err := address.NewAddressScriptHash(append([]byte{0, 20}, hash...), chain.RegTest().Params)
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range []string{"mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z", p2wpkh.EncodeAddress(), nested.EncodeAddress()} {
		paid := w.text("sendtoaddress", addr, 1)
		w.must("generatetoaddress", 1, stranger)
		vout := 0
		for i, o := range w.object("getrawtransaction", paid, 1)["vout"].([]any) {
			if valueAt(o, "scriptPubKey.address") == addr {
				vout = i
			}
		}
		bare := w.text("createrawtransaction", []any{map[string]any{"txid": paid, "vout": vout}}, map[string]any{stranger: 0.999})
		is(t, addr+" by the wallet", w.object("signrawtransactionwithwallet", bare), "complete", false)
		signed := w.object("signrawtransactionwithkey", bare, []string{key})
		is(t, addr, signed, "complete", true)
		w.text("sendrawtransaction", signed["hex"])
	}
	empty := w.text("createrawtransaction", []any{}, map[string]any{"data": "00"})
	w.refused(-5, "Invalid private key", "signrawtransactionwithkey", empty, []string{"5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"})
}

func TestRescanBlockchain(t *testing.T) {
	w := rich(t)
	tip := string(w.must("getblockcount"))
	is(t, "whole", w.object("rescanblockchain"), "start_height", 0)
	is(t, "whole", w.object("rescanblockchain"), "stop_height", tip)
	is(t, "part", w.object("rescanblockchain", 5, 7), "stop_height", 7)
	w.refused(-8, "Invalid start_height", "rescanblockchain", -1)
	w.refused(-8, "Invalid start_height", "rescanblockchain", 100000)
	w.refused(-8, "Invalid stop_height", "rescanblockchain", 0, 100000)
	w.refused(-8, "stop_height must be greater than start_height", "rescanblockchain", 7, 6)
	is(t, "keys", w.object("getwalletinfo"), "keypoolsize", 4*keypool-1) // one was handed out
	is(t, "keys", w.object("getwalletinfo"), "keypoolsize_hd_internal", 4*keypool)
}

// The key behind a script behind a script is shown with each of the three.
func TestTheKeyBehindTwoScriptsIsShown(t *testing.T) {
	w := start(t)
	const key = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA" // the private key 1
	pub := "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	desc := w.object("getdescriptorinfo", "sh(wsh(pkh("+key+")))")
	desc["desc"] = "sh(wsh(pkh(" + key + ")))#" + fmt.Sprint(desc["checksum"])
	w.must("createwallet", "w", false, true)
	w.must("importdescriptors", []any{map[string]any{"desc": desc["desc"], "timestamp": "now"}})
	info := w.object("getaddressinfo", w.list("deriveaddresses", desc["desc"])[0])
	for _, path := range []string{"pubkey", "embedded.pubkey", "embedded.embedded.pubkey"} {
		is(t, "sh(wsh(pkh))", info, path, pub)
	}
	if info["hdkeypath"] != nil {
		t.Errorf("a place in the key tree: %v", info["hdkeypath"])
	}
}
