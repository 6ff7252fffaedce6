package rpc

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"grapevine/cmd/rpc/jsonrpc"
)

func TestEveryRowIsThereOnceAndComplete(t *testing.T) {
	kinds := strings.Fields("text hex int long num amount bool level word any json list object")
	seen := map[string]bool{}
	for _, m := range Rows() {
		if seen[m.Name] {
			t.Errorf("%s is there twice", m.Name)
		}
		seen[m.Name] = true
		if m.Help == "" || m.Do == nil {
			t.Errorf("%s: no help or no function", m.Name)
		}
		names := map[string]bool{}
		for _, p := range append(m.Signature(), m.Options()...) {
			if p.Name == "" || names[p.Name] || names[p.Older] || !slices.Contains(kinds, string(p.Kind)) || strings.ContainsAny(p.Name+p.Older, `:*?="[]{}`) {
				t.Errorf("%s: parameter %+v", m.Name, p)
			}
			if p.Default != "" && !fits(p) {
				t.Errorf("%s: %s is no %s", m.Name, p.Default, p.Kind)
			}
			names[p.Name] = true
			if p.Older != "" {
				names[p.Older] = true
			}
		}
	}
}

// fits says whether a parameter's default is of its kind.
func fits(p jsonrpc.Param) bool {
	var v any
	if json.Unmarshal([]byte(p.Default), &v) != nil {
		return false
	}
	kinds := map[string][]string{"string": {"text", "hex", "word"}, "float64": {"int", "long", "num", "amount", "level", "word"}, "bool": {"bool"}, "[]interface {}": {"list"}}
	return slices.Contains(kinds[fmt.Sprintf("%T", v)], string(p.Kind))
}

// The methods that clients need, typed again, not taken from the rows.
const needed = `
getblockchaininfo getdeploymentinfo getnetworkinfo getpeerinfo getconnectioncount getmempoolinfo getmempoolentry getrawmempool
getbestblockhash getblockcount getblockhash getblock getblockheader getblockfilter getrawtransaction gettxout gettxspendingprevout
sendrawtransaction testmempoolaccept submitpackage estimatesmartfee decoderawtransaction validateaddress generatetoaddress
generateblock submitblock invalidateblock reconsiderblock addnode disconnectnode uptime stop help echo
createwallet loadwallet listwallets getnewaddress getbalance getbalances sendtoaddress listunspent gettransaction fundrawtransaction
signrawtransactionwithwallet getblocktemplate getblockstats getchaintips getindexinfo getzmqnotifications setmocktime setnetworkactive
listtransactions gettxoutsetinfo scantxoutset syncwithvalidationinterfacequeue lockunspent getwalletinfo
walletcreate walletrestore wallethistory dbcheck dbbackup dbinfo`

func TestMethodsOfTheClientsAreThere(t *testing.T) {
	seen := map[string]bool{}
	for _, method := range Rows() {
		seen[method.Name] = true
	}
	for _, name := range strings.Fields(needed) {
		if !seen[name] {
			t.Errorf("no method %s", name)
		}
	}
	if seen["getinfo"] {
		t.Error("getinfo must not be there: btcd's rpcclient takes a node that has it for btcd")
	}
}
