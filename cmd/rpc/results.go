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
}

const (
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
