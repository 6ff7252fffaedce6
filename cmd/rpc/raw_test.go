package rpc_test

import (
	"fmt"
	"testing"
)

func TestOutputsAndInputsOfATransactionByHand(t *testing.T) {
	w := start(t)
	in := func(more map[string]any) []any {
		o := map[string]any{"txid": nowhere, "vout": 0}
		for k, v := range more {
			o[k] = v
		}
		return []any{o}
	}
	other := "bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6"
	pay := map[string]any{stranger: 1}
	for _, c := range []struct {
		code    int
		message string
		args    []any
	}{
		{-8, "Invalid parameter, key-value pair must contain exactly one key", []any{[]any{}, []any{map[string]any{stranger: 1, other: 2}}}},
		{-8, "Invalid parameter, key-value pair must contain exactly one key", []any{[]any{}, []any{map[string]any{}}}},
		{-8, "Invalid parameter, key-value pair not an object as expected", []any{[]any{}, []any{"x"}}},
		{-8, "Invalid parameter, output argument must be non-null", []any{[]any{}, nil}},
		{-8, "Invalid parameter, duplicate key: data", []any{[]any{}, []any{map[string]any{"data": "00"}, map[string]any{"data": "01"}}}},
		{-8, "Invalid parameter, duplicated address: " + stranger, []any{[]any{}, []any{pay, pay}}},
		{-3, "JSON value of type number is not of expected type array", []any{[]any{}, 1}},
		{-3, "JSON value of type null is not of expected type string", []any{[]any{map[string]any{"vout": 0}}, pay}},
		{-3, "JSON value of type number is not of expected type string", []any{in(map[string]any{"txid": 1}), pay}},
		{-3, "JSON value of type string is not of expected type object", []any{[]any{"x"}, pay}},
		{-8, "Invalid parameter, missing vout key", []any{[]any{map[string]any{"txid": nowhere}}, pay}},
		{-8, "Invalid parameter, missing vout key", []any{in(map[string]any{"vout": "0"}), pay}},
		{-8, "Invalid parameter, vout cannot be negative", []any{in(map[string]any{"vout": -1}), pay}},
		{-1, "JSON integer out of range", []any{in(map[string]any{"vout": int64(2147483648)}), pay}},
		{-8, "Invalid parameter, sequence number is out of range", []any{in(map[string]any{"sequence": int64(4294967296)}), pay}},
		{-8, "Invalid parameter, sequence number is out of range", []any{in(map[string]any{"sequence": -1}), pay}},
		{-8, "Invalid parameter combination: Sequence number(s) contradict replaceable option", []any{in(map[string]any{"sequence": int64(4294967294)}), pay, 0, true}},
		{-3, "Wrong type passed:\n{\n    \"Position 4 (replaceable)\": \"JSON value of type number is not of expected type bool\"\n}", []any{in(nil), pay, 0, 1}},
	} {
		w.refused(c.code, c.message, "createrawtransaction", c.args...)
	}
	for _, args := range [][]any{
		{in(map[string]any{"sequence": "x", "memo": 1}), pay}, // what is no number is no sequence, and other members pass
		{in(map[string]any{"sequence": int64(4294967294)}), pay},
		{in(map[string]any{"sequence": int64(4294967295)}), pay, 0, false},
		{in(map[string]any{"sequence": int64(4294967293)}), pay, 0, true},
		{[]any{}, map[string]any{stranger: 1, other: 2}, 0, true},
	} {
		w.text("createrawtransaction", args...)
	}
}

func TestSpendingPrevoutsAreAskedForExactly(t *testing.T) {
	w := start(t)
	for _, c := range []struct {
		code    int
		message string
		arg     any
	}{
		{-3, "Unexpected key unknown", []any{map[string]any{"txid": nowhere, "vout": 3, "unknown": 42}}},
		{-3, "Missing vout", []any{map[string]any{"txid": nowhere}}},
		{-3, "Missing txid", []any{map[string]any{"vout": 3}}},
		{-3, "JSON value of type number for field txid is not of expected type string", []any{map[string]any{"txid": 42, "vout": 0}}},
		{-3, "JSON value of type string for field vout is not of expected type number", []any{map[string]any{"txid": nowhere, "vout": "0"}}},
		{-8, "Invalid parameter, vout cannot be negative", []any{map[string]any{"txid": nowhere, "vout": -1}}},
		{-8, "Invalid parameter, outputs are missing", []any{}},
	} {
		w.refused(c.code, c.message, "gettxspendingprevout", c.arg)
	}
}

func TestTheFirstCoinbaseIsNoTransaction(t *testing.T) {
	w := start(t)
	id := fmt.Sprint(w.object("getblock", genesis)["tx"].([]any)[0])
	const why = "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved"
	w.refused(-5, why, "getrawtransaction", id)
	w.refused(-5, why, "getrawtransaction", id, 1, genesis)
	w.refused(-8, "parameter 1 must be of length 64 (not 2, for '00')", "getrawtransaction", "00")
	w.refused(-8, "parameter 3 must be of length 64 (not 2, for '00')", "getrawtransaction", nowhere, 1, "00")
}

func TestASegWitTransactionIsNoneWithoutWitness(t *testing.T) {
	w := rich(t)
	raw := w.text("getrawtransaction", w.text("sendtoaddress", stranger, 1))
	w.object("decoderawtransaction", raw)
	w.object("decoderawtransaction", raw, true)
	w.refused(-22, "TX decode failed", "decoderawtransaction", raw, false)
	w.refused(-8, "argument must be hexadecimal string (not 'zz')", "decodescript", "zz")
}
