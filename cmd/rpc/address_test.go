package rpc_test

import (
	"fmt"
	"strings"
	"testing"
)

// Every method that reads an address pays what the address says, also where the
// witness version has no meaning yet.
func TestAllThatReadAddressesPayFutureWitnessVersions(t *testing.T) {
	w := rich(t)
	for text, script := range map[string]string{
		"bcrt1pzyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3p2vsj3": "5114" + strings.Repeat("11", 20),
		"bcrt1zw508d6qejxtdg4y5r3zarvaryv2wuatf":       "5210751e76e8199196d454941c45d1b3a323",
		"bcrt1pfeesnyr2tx":                             "51024e73",
	} {
		info := w.object("validateaddress", text)
		is(t, text, info, "isvalid", true)
		is(t, text, info, "scriptPubKey", script)
		is(t, text, info, "address", text)
		is(t, text, w.object("getaddressinfo", text), "scriptPubKey", script)

		made := w.object("decoderawtransaction", w.text("createrawtransaction", []any{}, map[string]any{text: 1}))
		is(t, "createrawtransaction", made["vout"].([]any)[0], "scriptPubKey.hex", script)

		sent := w.text("sendtoaddress", text, 1)
		many := w.text("sendmany", "", map[string]any{text: 1})
		for _, id := range []string{sent, many} {
			if hex := fmt.Sprint(w.object("getrawtransaction", id, 1)["vout"]); !strings.Contains(hex, script) {
				t.Errorf("%s: payment has %s", text, hex)
			}
		}
		for method, args := range map[string][]any{
			"generatetoaddress":    {1, text},
			"generatetodescriptor": {1, "addr(" + text + ")"},
		} {
			hash := w.list(method, args...)[0]
			block := w.object("getblock", hash, 2)
			is(t, method, block["tx"].([]any)[0].(map[string]any)["vout"].([]any)[0], "scriptPubKey.hex", script)
		}
	}
}

func TestValidateAddressNamesTheCauseAndThePlaces(t *testing.T) {
	w := start(t)
	bad := w.object("validateaddress", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt0q0")
	is(t, "one error", bad, "isvalid", false)
	is(t, "one error", bad, "error", "Invalid Bech32 checksum")
	is(t, "one error", bad, "error_locations", "[42]")
	other := w.object("validateaddress", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")
	is(t, "other network", other, "error", "Invalid or unsupported Segwit (Bech32) or Base58 encoding.")
	is(t, "other network", other, "error_locations", "[]")
	anchor := w.object("validateaddress", "bcrt1pfeesnyr2tx")
	is(t, "anchor", anchor, "isscript", true)
	if _, told := anchor["witness_program"]; told {
		t.Errorf("anchor: %v", anchor)
	}
	if _, told := w.object("validateaddress", "bcrt1zw508d6qejxtdg4y5r3zarvaryv2wuatf")["isscript"]; told {
		t.Error("nobody knows whether a future version is a script")
	}
}
