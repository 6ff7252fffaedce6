package rpc

// results are what help says of answers: the shape, then the kind and meaning in
// brackets.
var results = map[string]string{
	"getblockcount":                    "n    (numeric) The height.",
	"getbestblockhash":                 `"hex"    (string) The hash.`,
	"getblockhash":                     `"hex"    (string) The hash.`,
	"getdifficulty":                    "n    (numeric) The difficulty, 1 at its lowest on mainnet.",
	"getconnectioncount":               "n    (numeric) The number of connections.",
	"getnetworkhashps":                 "n    (numeric) Hashes a second.",
	"generatetoaddress":                hashList,
	"generatetodescriptor":             hashList,
	"invalidateblock":                  null,
	"reconsiderblock":                  null,
	"preciousblock":                    null,
	"setmocktime":                      null,
	"mockscheduler":                    null,
	"syncwithvalidationinterfacequeue": null,
	"addnode":                          null,
	"disconnectnode":                   null,
	"setban":                           null,
	"clearbanned":                      null,
	"ping":                             null,
	"submitheader":                     null,
	"lockunspent":                      done,
	"prioritisetransaction":            done,
	"setlabel":                         null,
	"abandontransaction":               null,
	"backupwallet":                     null,
	"submitblock":                      `null or "str"    (json null or string) null is the new tip; else the word for why it is not.`,
	"setnetworkactive":                 "bool    (boolean) What it is now.",
	"verifychain":                      "bool    (boolean) Whether all that was looked at is sound; the log says why not.",
	"verifymessage":                    "bool    (boolean) Whether the signature is the address's.",
	"signmessagewithprivkey":           `"str"    (string) The signature, in base64.`,
	"pruneblockchain":                  "n    (numeric) Height of the last block whose body is gone.",
	"sendrawtransaction":               `"hex"    (string) The id of the transaction.`,
	"createrawtransaction":             `"hex"    (string) The transaction.`,
	"combinerawtransaction":            `"hex"    (string) The transaction.`,
	"gettxoutproof":                    `"hex"    (string) The proof.`,
	"verifytxoutproof":                 idList,
	"deriveaddresses": `[            (json array)
  "str",     (string) An address
  ...
]`,
	"createpsbt":           psbt,
	"converttopsbt":        psbt,
	"combinepsbt":          psbt,
	"joinpsbts":            psbt,
	"utxoupdatepsbt":       psbt,
	"getnewaddress":        `"str"    (string) The address.`,
	"getrawchangeaddress":  `"str"    (string) The address.`,
	"getbalance":           amountIs,
	"getreceivedbyaddress": amountIs,
	"sendtoaddress":        `"hex"    (string) The id of the transaction.`,
	"sendmany":             `"hex"    (string) The id of the transaction.`,
	"listwallets": `[            (json array)
  "str",     (string) The name of a wallet
  ...
]`,
	"listlabels": `[            (json array)
  "str",     (string) A label
  ...
]`,
	"help":   `"text"    (string) The help.`,
	"stop":   `"grapevine stopping"    (string)`,
	"uptime": "n    (numeric) The seconds.",
	"getrpcinfo": `{                           (json object)
  "active_commands": [      (json array) The calls that run, the oldest first
    {
      "method": "str",      (string) The method
      "duration": n         (numeric) The microseconds that it has run
    },
    ...
  ],
  "logpath": "str"          (string) The file of the log; empty: there is none
}`,
	"getmemoryinfo": `{                      (json object)
  "locked": {          (json object)
    "used": n,         (numeric) Bytes in use
    "free": n,         (numeric) Bytes free in what the process has
    "total": n,        (numeric) Both
    "locked": n,       (numeric) Bytes locked in memory: 0
    "chunks_used": n,  (numeric) Objects in use
    "chunks_free": n   (numeric) Free spans of 8 KiB
  }
}`,
	"logging": `{                    (json object)
  "category": bool,  (boolean) Whether the category is logged
  ...
}`,
	"echo":                  `[...]    (json array) The parameters.`,
	"echojson":              `[...]    (json array) The parameters.`,
	"echoipc":               `"str"    (string) The text.`,
	"getblock":              `"hex" or {...}    (string or json object) The block.`,
	"getblockheader":        `"hex" or {...}    (string or json object) The header.`,
	"getrawtransaction":     `"hex" or {...}    (string or json object) The transaction.`,
	"getrawmempool":         `[...] or {...}    (json array or json object) Ids, or what is known of each.`,
	"getmempoolancestors":   `[...] or {...}    (json array or json object) Ids, or what is known of each.`,
	"getmempooldescendants": `[...] or {...}    (json array or json object) Ids, or what is known of each.`,
	"gettxout":              `null or {...}    (json null or json object) The coin; null: it is spent, or never was.`,
	"getblocktemplate":      `null, "str" or {...}    (json null, string or json object) The template, or the verdict on a proposal.`,

	"abortrescan":                  "bool    (boolean) Whether one was ended.",
	"addmultisigaddress":           refused,
	"analyzepsbt":                  "{...}    (json object) What each input lacks, the fee, and whose turn it is.",
	"bumpfee":                      "{...}    (json object) The id of the new transaction, its fee and the old one.",
	"createmultisig":               "{...}    (json object) The address, its script and its descriptor.",
	"createwallet":                 "{...}    (json object) The name of the wallet, and warnings.",
	"createwalletdescriptor":       "{...}    (json object) The descriptors that were made.",
	"dbbackup":                     "{...}    (json object) The file that is written, and its bytes.",
	"dbcheck":                      "{...}    (json object) Whether all is sound, and how much was looked at.",
	"dbinfo":                       "{...}    (json object) The chain file in numbers.",
	"dbprogress":                   "{...}    (json object) How much is done of how much.",
	"decodepsbt":                   "{...}    (json object) All that the PSBT says.",
	"decoderawtransaction":         "{...}    (json object) The transaction.",
	"decodescript":                 "{...}    (json object) The script, its kind and the addresses of its hash.",
	"descriptorprocesspsbt":        "{...}    (json object) The PSBT, whether it is complete, and the transaction if it is.",
	"dumpprivkey":                  refused,
	"dumptxoutset":                 "{...}    (json object) The file, its block, the number of coins and their hash.",
	"dumpwallet":                   refused,
	"encryptwallet":                `"str"    (string) What has been done, and what to do next.`,
	"enumeratesigners":             "{...}    (json object) The signers: none.",
	"estimatesmartfee":             "{...}    (json object) The fee rate in BTC/kvB, or what hinders an estimate.",
	"finalizepsbt":                 "{...}    (json object) The transaction or the PSBT, and whether it is complete.",
	"fundrawtransaction":           "{...}    (json object) The transaction, its fee and the place of its change.",
	"generateblock":                "{...}    (json object) The hash of the block, and its bytes if it was not to be submitted.",
	"getaddednodeinfo":             "[...]    (json array) The nodes that were added.",
	"getaddressesbylabel":          "{...}    (json object) The purpose of each address, by address.",
	"getaddressinfo":               "{...}    (json object) What is known of the address.",
	"getaddrmaninfo":               "{...}    (json object) The numbers of addresses, by network.",
	"getbalances":                  "{...}    (json object) The sums in BTC.",
	"getblockchaininfo":            "{...}    (json object) The state of the chain.",
	"getblockfilter":               "{...}    (json object) The filter, and the header of filters up to it.",
	"getblockfrompeer":             "{...}    (json object) Empty: the block is asked for.",
	"getblockstats":                "{...}    (json object) The values, by name.",
	"getchainstates":               "{...}    (json object) The coin sets, and the height of the headers.",
	"getchaintips":                 "[...]    (json array) The ends of branches, the highest first.",
	"getchaintxstats":              "{...}    (json object) Transactions in all, in the window and a second.",
	"getdeploymentinfo":            "{...}    (json object) The soft forks, by name, and the block they are seen from.",
	"getdescriptorinfo":            "{...}    (json object) The descriptor, its checksum and what it can do.",
	"gethdkeys":                    "[...]    (json array) The extended keys, each with its descriptors.",
	"getindexinfo":                 "{...}    (json object) How far each index is, by its name.",
	"getmempoolentry":              "{...}    (json object) What is known of the transaction.",
	"getmempoolinfo":               "{...}    (json object) The state of the pool.",
	"getmininginfo":                "{...}    (json object) The state of mining.",
	"getnettotals":                 "{...}    (json object) The bytes, and what is left of a limit.",
	"getnetworkinfo":               "{...}    (json object) The state of the network; networks has a row for each there is (ipv4, ipv6, onion, i2p, cjdns).",
	"getnodeaddresses":             "[...]    (json array) The addresses.",
	"getpeerinfo":                  "[...]    (json array) The peers, in the order of their numbers; network is how each is connected (ipv4, ipv6, onion, i2p, cjdns, not_publicly_routable).",
	"getprioritisedtransactions":   "{...}    (json object) What was added, by txid.",
	"getreceivedbylabel":           amountIs,
	"gettransaction":               "{...}    (json object) The transaction, as the wallet has it.",
	"gettxoutsetinfo":              "{...}    (json object) The coin set in numbers.",
	"gettxspendingprevout":         "[...]    (json array) The outputs, each with what spends it.",
	"getunconfirmedbalance":        amountIs,
	"getwalletinfo":                "{...}    (json object) The state of the wallet.",
	"getzmqnotifications":          "[...]    (json array) The topics, each with its address.",
	"importaddress":                refused,
	"importdescriptors":            "[...]    (json array) Whether each is imported, and what hindered.",
	"importmempool":                "{...}    (json object) Empty: it is done.",
	"importmulti":                  refused,
	"importprivkey":                refused,
	"importprunedfunds":            null,
	"importpubkey":                 refused,
	"importwallet":                 refused,
	"keypoolrefill":                null,
	"listaddressgroupings":         "[...]    (json array) Groups of addresses, each with its amount and label.",
	"listbanned":                   "[...]    (json array) The bans.",
	"listdescriptors":              "{...}    (json object) The name of the wallet, and its descriptors.",
	"listlockunspent":              "[...]    (json array) The outpoints.",
	"listreceivedbyaddress":        "[...]    (json array) The addresses, each with its sum.",
	"listreceivedbylabel":          "[...]    (json array) The labels, each with its sum.",
	"listsinceblock":               "{...}    (json object) The transactions, those of blocks that are gone, and the block to ask from next time.",
	"listtransactions":             "[...]    (json array) The transactions, the last one at the end.",
	"listunspent":                  "[...]    (json array) The coins.",
	"listwalletdir":                "{...}    (json object) The names of the wallets.",
	"loadtxoutset":                 "{...}    (json object) The number of coins, and the block they are of.",
	"loadwallet":                   "{...}    (json object) The name of the wallet, and warnings.",
	"migratewallet":                refused,
	"newkeypool":                   refused,
	"psbtbumpfee":                  "{...}    (json object) The PSBT, its fee and the old one.",
	"removeprunedfunds":            null,
	"rescanblockchain":             "{...}    (json object) The heights of the first and the last block.",
	"restorewallet":                "{...}    (json object) The name of the wallet, and warnings.",
	"savemempool":                  "{...}    (json object) The file, by the name filename.",
	"scanblocks":                   "null, bool or {...}    (json null, boolean or json object) null: none is under way; whether one was ended; how far it is, or what was found.",
	"scantxoutset":                 "null, bool or {...}    (json null, boolean or json object) null: none is under way; whether one was ended; how far it is, or what was found.",
	"send":                         "{...}    (json object) Whether it is complete, and the id of the transaction or a PSBT.",
	"sendall":                      "{...}    (json object) Whether it is complete, and the id of the transaction or a PSBT.",
	"sethdseed":                    refused,
	"settxfee":                     "true    (boolean)",
	"setwalletflag":                "{...}    (json object) The flag and its state now.",
	"signmessage":                  `"str"    (string) The signature, in base64.`,
	"signrawtransactionwithkey":    "{...}    (json object) The transaction, whether it is complete, and what hindered.",
	"signrawtransactionwithwallet": "{...}    (json object) The transaction, whether it is complete, and what hindered.",
	"simulaterawtransaction":       "{...}    (json object) The change of the balance in BTC.",
	"submitpackage":                "{...}    (json object) The verdict on the package, and on each transaction by wtxid.",
	"testmempoolaccept":            "[...]    (json array) The verdict on each transaction.",
	"traceevents":                  "[...]    (json array) What happened, the oldest first.",
	"unloadwallet":                 "{...}    (json object) Warnings, if there are any.",
	"upgradewallet":                "{...}    (json object) The name of the wallet, its version and what was done.",
	"validateaddress":              "{...}    (json object) Whether it is valid, what kind it is, or where it is wrong.",
	"waitforblock":                 "{...}    (json object) The tip: its hash and height.",
	"waitforblockheight":           "{...}    (json object) The tip: its hash and height.",
	"waitfornewblock":              "{...}    (json object) The tip: its hash and height.",
	"walletcreate":                 "{...}    (json object) The words, and a warning where they lie in plain.",
	"walletcreatefundedpsbt":       "{...}    (json object) The PSBT, its fee and the place of its change.",
	"walletdisplayaddress":         refused,
	"wallethistory":                "[...]    (json array) The transactions, the newest first.",
	"walletlock":                   null,
	"walletpassphrase":             null,
	"walletpassphrasechange":       null,
	"walletprocesspsbt":            "{...}    (json object) The PSBT, whether it is complete, and the transaction if it is.",
	"walletrestore":                "{...}    (json object) What was made, and how far the chain is read.",
	"walletwords":                  "{...}    (json object) The words.",
	"addconnection":                "{...}    (json object) The address, and the kind of connection.",
	"addpeeraddress":               "{...}    (json object) Whether it is in the book, or why not.",
	"copyto":                       "{...}    (json object) What was copied, and the state of the node at that moment.",
	"estimaterawfee":               "{...}    (json object) What each of the three memories says, by its name: short, medium and long.",
	"getdescriptoractivity":        "{...}    (json object) The list activity: what was spent and what was received, each with its amount, transaction and script.",
	"getorphantxs":                 "[...]    (json array) The txids; from verbosity 1 on an object of each, with its sizes and the peers that it is from.",
	"getrawaddrman":                "{...}    (json object) The addresses by table, new and tried, and by place.",
	"hold":                         "bool    (boolean) true; with 0 whether it was not over yet.",
	"sendmsgtopeer":                "{...}    (json object) Empty: it is sent.",
	"setclock":                     "{...}    (json object) What the clock says, and how far it is ahead.",
	"setlinks":                     "[...]    (json array) What holds.",
	"setmining":                    "{...}    (json object) How it mines.",
}

const (
	refused  = "...    (an error) It is refused."
	null     = "null    (json null)"
	done     = "true    (boolean)"
	psbt     = `"str"    (string) The PSBT, in base64.`
	amountIs = "n    (numeric) The amount in BTC."
	hashList = `[            (json array)
  "hex",     (string) The hash of a block
  ...
]`
	idList = `[            (json array)
  "hex",     (string) The id of a transaction
  ...
]`
)
