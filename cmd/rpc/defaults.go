package rpc

// defaults are what help says counts where a parameter is left out, for those whose
// row has no value that would: by name, or by METHOD.NAME where a name means something
// else in another method. Readers of help (btc-rpc-explorer shows a form of it) look
// for it behind "default=".
var defaults = map[string]string{
	// Chain.
	"getdeploymentinfo.blockhash":    "the tip",
	"getchaintxstats.blockhash":      "the tip",
	"getchaintxstats.nblocks":        "the blocks of a month",
	"gettxoutsetinfo.hash_or_height": "the tip",
	"stats":                          "all values",
	"index_name":                     "all indexes",
	"stop_height":                    "the tip",
	"submitblock.dummy":              "ignored",

	// Peers and the process.
	"help.command":             "all methods",
	"v2transport":              "as -v2transport says",
	"disconnectnode.address":   "the address of nodeid",
	"disconnectnode.nodeid":    "the peer of address",
	"getaddednodeinfo.node":    "all nodes",
	"getnodeaddresses.network": "all networks",

	// Transactions.
	"iswitness":                        "both ways are tried",
	"createrawtransaction.replaceable": "true",
	"createpsbt.replaceable":           "true",

	// Wallet.
	"getnewaddress.label":              `""`,
	"getnewaddress.address_type":       "as -addresstype says",
	"getrawchangeaddress.address_type": "as -changetype says",
	"getbalance.avoid_reuse":           "true",
	"sendtoaddress.avoid_reuse":        "true",
	"sendtoaddress.replaceable":        "as -walletrbf says",
	"sendmany.replaceable":             "as -walletrbf says",
	"conf_target":                      "as -txconfirmtarget says",
	"sendtoaddress.fee_rate":           "by estimation",
	"sendmany.fee_rate":                "by estimation",
	"send.fee_rate":                    "by estimation",
	"sendall.fee_rate":                 "by estimation",
	"changePosition":                   "by chance",
	"change_position":                  "by chance",
	"unloadwallet.wallet_name":         "the wallet of the path",
	"listunspent.addresses":            "all addresses",
	"lockunspent.transactions":         "all coins",
}
