package rpc_test

import (
	"strings"
	"testing"

	"grapevine/cmd/rpc"
)

// A form made of help (btc-rpc-explorer's) has the answer of each method and says
// what a field left empty means.
func TestHelpSaysWhatIsAnsweredAndWhatCountsWhenLeftOut(t *testing.T) {
	w := start(t)
	results := map[string]string{}
	for _, r := range rpc.Rows() {
		results[r.Name] = r.Result
	}
	for method, line := range map[string]string{
		"getchaintxstats":   "1. nblocks      (numeric, optional, default=the blocks of a month) ",
		"getblockstats":     "2. stats             (json array, optional, default=all values) ",
		"getdeploymentinfo": "1. blockhash    (string, optional, default=the tip) ",
		"sendtoaddress":     "7. conf_target              (numeric, optional, default=as -txconfirmtarget says) ",
		"createpsbt":        "(boolean, optional, default=true) ",
	} {
		if text := w.text("help", method); !strings.Contains(text, line) {
			t.Errorf("help %s is without %q:\n%s", method, line, text)
		}
	}
	for method, params := range map[string][]any{
		"getblockchaininfo": nil, "getchainstates": nil, "getdeploymentinfo": nil, "getmempoolinfo": nil, "gettxoutsetinfo": nil, "dbinfo": nil, "dbprogress": nil,
		"dbcheck": nil, "getmininginfo": nil, "getprioritisedtransactions": nil, "getaddrmaninfo": nil, "getnettotals": nil, "getnetworkinfo": nil, "getindexinfo": nil,
		"getbalances": nil, "getwalletinfo": nil, "listdescriptors": nil, "listsinceblock": nil, "listwalletdir": nil, "upgradewallet": nil, "rescanblockchain": nil,
		"estimatesmartfee": {6}, "validateaddress": {"x"}, "getblockstats": {0}, "decodescript": {"51"}, "getdescriptorinfo": {"raw(51)"}, "getchaintxstats": {0},
		"getchaintips": nil, "getaddednodeinfo": nil, "getnodeaddresses": nil, "getpeerinfo": nil, "listbanned": nil, "gethdkeys": nil, "listaddressgroupings": nil,
		"listlockunspent": nil, "listreceivedbyaddress": nil, "listreceivedbylabel": nil, "listtransactions": nil, "listunspent": nil, "wallethistory": nil,
		"getzmqnotifications": nil, "traceevents": {genesis}, "gettxspendingprevout": {[]any{map[string]any{"txid": nowhere, "vout": 0}}},
		"abortrescan": nil, "settxfee": {0}, "keypoolrefill": nil, "getunconfirmedbalance": nil, "scantxoutset": {"status"}, "scanblocks": {"status"},
	} {
		kinds := map[byte]string{'{': "json object", '[': "json array", '"': "string", 't': "boolean", 'f': "boolean", 'n': "json null"}
		answer := w.must(method, params...)
		kind := kinds[answer[0]]
		if kind == "" {
			kind = "numeric"
		}
		if !strings.Contains(results[method], kind) {
			t.Errorf("%s answers a %s, and help says %s", method, kind, results[method])
		}
	}
}
