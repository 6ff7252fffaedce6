package rpc_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"testing"

	"grapevine/cmd/rpc/client"
)

// goWords are those by which one sees that an error is Go's and not ours.
var goWords = regexp.MustCompile(`strconv|encoding/|json:|hex:|[Uu]nmarshal|invalid syntax|runtime error|nil pointer|dial tcp|context (canceled|deadline)|` +
	`missing port in address|too many colons|no such host|netip|unexpected EOF|\bEOF\b|wire:|btcutil|chainhash|txscript|%!|<nil>|\*errors`)

// raw is JSON as it stands.
func raw(s string) json.RawMessage { return json.RawMessage(s) }

func TestUnknownOptionsAreRefused(t *testing.T) {
	w := rich(t)
	tx := w.text("createrawtransaction", []any{}, []any{map[string]any{stranger: 1}})
	for _, c := range []struct {
		code    int
		message string
		method  string
		params  []any
	}{
		{-3, "Unexpected key feerate", "fundrawtransaction", []any{tx, raw(`{"feerate":1}`)}},
		{-3, "Unexpected key Fee_rate", "fundrawtransaction", []any{tx, raw(`{"Fee_rate":1}`)}},
		{-3, "Unexpected key x", "fundrawtransaction", []any{tx, raw(`{"fee_rate":2,"x":null}`)}},
		{-3, "Unexpected key minimumamount", "listunspent", []any{0, 9, []any{}, true, raw(`{"minimumamount":1}`)}},
		{-3, "Unexpected key x", "importmempool", []any{"/nowhere", raw(`{"x":true}`)}},
		{-3, "Unexpected key x", "gettxspendingprevout", []any{raw(`[{"txid":"` + nowhere + `","vout":0,"x":1}]`)}},
		{-3, "Missing vout", "gettxspendingprevout", []any{raw(`[{"txid":"` + nowhere + `"}]`)}},
		{-3, "Missing txid", "gettxspendingprevout", []any{raw(`[{"vout":0}]`)}},
		{-3, "JSON value of type number for field txid is not of expected type string", "gettxspendingprevout", []any{raw(`[{"txid":42,"vout":0}]`)}},
		{-3, "Missing txid", "lockunspent", []any{false, raw(`[{"vout":0}]`)}},
		{-3, "JSON value of type string for field vout is not of expected type number", "lockunspent", []any{false, raw(`[{"txid":"` + nowhere + `","vout":"0"}]`)}},
		{-3, "Invalid amount", "listunspent", []any{0, 9, []any{}, true, raw(`{"minimumAmount":"x"}`)}},
		{-8, "Cannot specify both fee_rate (sat/vB) and feeRate (BTC/kvB)", "fundrawtransaction", []any{tx, raw(`{"fee_rate":2,"feeRate":0.00002}`)}},
		{-8, `Invalid estimate_mode parameter, must be one of: "unset", "economical", "conservative"`, "fundrawtransaction", []any{tx, raw(`{"estimate_mode":"x"}`)}},
		{-3, "Invalid amount", "fundrawtransaction", []any{tx, raw(`{"fee_rate":"x"}`)}},
	} {
		w.refused(c.code, c.message, c.method, c.params...)
	}
	for _, options := range []string{`{}`, `{"include_watching":true,"estimate_mode":"economical"}`, `{"change_address":"` + stranger + `"}`, `true`} {
		if funded := w.object("fundrawtransaction", tx, raw(options)); funded["hex"] == nil {
			t.Errorf("%s: %v", options, funded)
		}
	}
	funded := w.object("fundrawtransaction", tx, raw(`{"change_address":"`+stranger+`"}`))
	outs := w.object("decoderawtransaction", funded["hex"])["vout"].([]any)
	for _, out := range outs {
		is(t, "change", out, "scriptPubKey.address", stranger)
	}
}

func TestNumbersAndNullsAreRefusedInCoresWords(t *testing.T) {
	w := rich(t)
	const outOfRange = "JSON integer out of range"
	for _, c := range []struct {
		code    int
		message string
		method  string
		params  []any
	}{
		{-1, outOfRange, "getblockhash", []any{raw("4294967296")}},
		{-1, outOfRange, "getblockhash", []any{raw("0.5")}},
		{-1, outOfRange, "getblockhash", []any{raw("1e3")}},
		{-1, outOfRange, "verifychain", []any{raw("0.5")}},
		{-1, outOfRange, "verifychain", []any{1, raw("99999999999")}},
		{-1, outOfRange, "generatetoaddress", []any{0, stranger, raw("99999999999")}},
		{-1, outOfRange, "generatetodescriptor", []any{0, "raw(51)", -1}},
		{-1, outOfRange, "gettxout", []any{nowhere, -1}},
		{-3, "", "getblockhash", []any{nil}},
		{-3, "JSON value of type null is not of expected type string", "getblockstats", []any{nil}},
		{-3, "JSON value of type null is not of expected type string", "help", []any{nil}},
		{-32602, "Only one of address and nodeid should be provided.", "disconnectnode", []any{"127.0.0.1:1", raw("0.5")}},
		{-8, "Block does not exist at specified height", "getnetworkhashps", []any{10, -2}},
		{-8, "Network not recognized: zz", "getnodeaddresses", []any{1, "zz"}},
		{-8, "Invalid mode", "getblocktemplate", []any{raw(`{"mode":5,"rules":["segwit"]}`)}},
		{-3, "Missing data String key for proposal", "getblocktemplate", []any{raw(`{"mode":"proposal"}`)}},
		{-3, "Invalid amount", "sendtoaddress", []any{stranger, raw("0.000000001")}},
		{-3, "Invalid amount", "sendtoaddress", []any{stranger, "x"}},
		{-3, "Invalid amount", "sendtoaddress", []any{stranger, raw("10000000000")}},
		{-3, "Amount out of range", "sendtoaddress", []any{stranger, raw("9999999999")}},
		{-3, "Amount out of range", "sendtoaddress", []any{stranger, "-1"}},
		{-3, "Invalid amount", "sendtoaddress", []any{stranger, "-x"}},
	} {
		w.refused(c.code, c.message, c.method, c.params...)
	}
	w.must("generatetoaddress", 0, stranger, -1) // very many tries, as in Core
}

// A wait longer than a Duration counts is a wait, and ends with what it waits for.
func TestLongestWaitsWait(t *testing.T) {
	w := start(t)
	for _, timeout := range []string{"9300000000000", "9223372036854775807"} {
		done := make(chan error, 1)
		tip := w.text("getbestblockhash")
		go func() { done <- w.Call(w.ctx, "waitfornewblock", nil, raw(timeout), tip) }()
		select {
		case err := <-done:
			t.Fatalf("a wait of %s ms has ended: %v", timeout, err)
		default:
		}
		w.must("getblockcount")
		w.must("generatetoaddress", 1, stranger)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// checkWords says whether an error is told in our own words.
func checkWords(t *testing.T, method string, params any, err error) {
	t.Helper()
	if e, refused := errors.AsType[*client.Error](err); refused && goWords.MatchString(e.Message) {
		t.Errorf("%s %s: %q speaks Go", method, params, e.Message)
	}
}
