package rpc

import (
	"strings"
	"testing"

	"grapevine/chain"
	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/poolapi"
	"grapevine/wallet/vault"
)

// table is every method that a node with a wallet answers.
func table() []jsonrpc.Method {
	s := &Server{cfg: Config{Params: chain.RegTest(), Wallet: new(vault.Vault)}, help: newManual(helpFile)}
	return s.methods(chainapi.New(chainapi.Config{}), poolapi.New(poolapi.Config{}))
}

func TestEveryMethodIsThereOnceAndHasItsHelp(t *testing.T) {
	m := newManual(helpFile)
	seen := map[string]bool{}
	for _, method := range table() {
		if seen[method.Name] {
			t.Errorf("%s is there twice", method.Name)
		}
		seen[method.Name] = true
		text := m.byName[method.Name]
		if !strings.Contains(text, "\nExample: grapevine rpc "+method.Name) {
			t.Errorf("%s: no help with an example", method.Name)
		}
	}
	for name := range m.byName {
		if !seen[name] {
			t.Errorf("help describes %s, which is no method", name)
		}
	}
}

// The methods that clients need, typed again from RPC.md and the first issue.
const needed = `
getblockchaininfo getdeploymentinfo getnetworkinfo getpeerinfo getconnectioncount getmempoolinfo getmempoolentry getrawmempool
getbestblockhash getblockcount getblockhash getblock getblockheader getblockfilter getrawtransaction gettxout gettxspendingprevout
sendrawtransaction testmempoolaccept submitpackage estimatesmartfee decoderawtransaction validateaddress generatetoaddress
generateblock submitblock invalidateblock reconsiderblock addnode disconnectnode uptime stop help echo
createwallet loadwallet listwallets getnewaddress getbalance getbalances sendtoaddress listunspent gettransaction fundrawtransaction
signrawtransactionwithwallet getblocktemplate getblockstats getchaintips getindexinfo getzmqnotifications setmocktime setnetworkactive
listtransactions gettxoutsetinfo lockunspent getwalletinfo
walletcreate walletrestore wallethistory dbcheck dbbackup dbinfo`

func TestMethodsOfTheClientsAreThere(t *testing.T) {
	seen := map[string]bool{}
	for _, method := range table() {
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
