package rpc_test

import (
	"encoding/json"
	"fmt"
	"testing"
)

// foundSet is scantxoutset's answer.
type foundSet struct {
	Success  bool
	TxOuts   int64
	Height   int32
	Unspents []struct {
		Vout                  uint32
		ScriptPubKey, Desc    string
		Amount                json.Number
		Coinbase              bool
		Height, Confirmations int32
		BlockHash             string
	}
	Total json.Number `json:"total_amount"`
}

func (w *testNode) scan(objects ...any) (s foundSet) {
	w.t.Helper()
	if err := json.Unmarshal(w.must("scantxoutset", "start", append([]any{}, objects...)), &s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

const generator = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"

func TestCoinsAreFoundByTheirDescriptors(t *testing.T) {
	w := start(t)
	w.must("generatetodescriptor", 3, "raw(51)")
	w.must("generatetodescriptor", 2, "wpkh("+generator+")")
	w.must("generatetodescriptor", 1, "pk("+generator+")")
	w.must("syncwithvalidationinterfacequeue")

	found := w.scan("raw(51)", map[string]any{"desc": "addr(bcrt1qft5p2uhsdcdc3l2ua4ap5qqfg4pjaqlp250x7us7a8qqhrxrxfsqseac85)"})
	if !found.Success || found.Height != 6 || len(found.Unspents) != 3 || found.Total != "150.00000000" {
		t.Fatalf("raw(51): %+v", found)
	}
	for _, u := range found.Unspents {
		if !u.Coinbase || u.ScriptPubKey != "51" || u.Confirmations != 7-u.Height || u.BlockHash != w.text("getblockhash", u.Height) || u.Desc != "raw(51)#8lvh9jxk" {
			t.Errorf("coin %+v", u)
		}
	}
	if combo := w.scan("combo(" + generator + ")"); len(combo.Unspents) != 3 || combo.TxOuts != found.TxOuts {
		t.Errorf("combo: %+v", combo)
	}
	if none := w.scan(); none.Success != true || none.Unspents == nil || none.Total != "0.00000000" {
		t.Errorf("nothing: %+v", none)
	}
	if got := string(w.must("scantxoutset", "status")); got != "null" {
		t.Errorf("status: %s", got)
	}
	if got := string(w.must("scantxoutset", "abort")); got != "false" {
		t.Errorf("abort: %s", got)
	}
}

func TestScansAreRefusedInCoresWords(t *testing.T) {
	w := start(t)
	w.refused(-1, "scanobjects argument is required for the start action", "scantxoutset", "start")
	w.refused(-8, "Invalid action 'look'", "scantxoutset", "look")
	for _, c := range []struct {
		code   int
		want   string
		object any
	}{
		{-8, "Scan object needs to be either a string or an object", 7},
		{-8, "Descriptor needs to be provided in scan object", map[string]any{"range": 3}},
		{-8, "End of range is too high", map[string]any{"desc": "x", "range": -1}},
		{-8, "End of range is too high", map[string]any{"desc": "x", "range": int64(1 << 31)}},
		{-8, "Range should be greater or equal than 0", map[string]any{"desc": "x", "range": []int{-1, 1}}},
		{-8, "Range specified as [begin,end] must not have begin after end", map[string]any{"desc": "x", "range": []int{2, 1}}},
		{-8, "Range is too large", map[string]any{"desc": "x", "range": []int{0, 1_000_000}}},
		{-5, "'x' is not a valid descriptor function", map[string]any{"desc": "x", "range": []int{1, 1_000_000}}},
		{-8, "Range must be specified as end or as [begin,end]", map[string]any{"desc": "x", "range": "1"}},
	} {
		w.refused(c.code, c.want, "scantxoutset", "start", []any{c.object})
	}
}

func TestAHundredThousandDescriptorsAreSearchedFor(t *testing.T) {
	w := start(t)
	w.must("generatetodescriptor", 1, "raw(5151)")
	objects := make([]any, 100_000)
	for i := range objects {
		objects[i] = fmt.Sprintf("raw(%08x)", i)
	}
	objects[99_999] = "raw(5151)"
	if found := w.scan(objects...); len(found.Unspents) != 1 {
		t.Errorf("found %+v", found)
	}
}
