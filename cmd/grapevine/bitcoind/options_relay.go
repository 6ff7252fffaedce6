package bitcoind

// relayOptions are the rows about relay: how we talk of blocks and transactions.
var relayOptions = []option{
	{name: "blockreconstructionextratxn", arg: "=<n>", title: general,
		help: "Transactions that are kept beside the pool to put compact blocks together (default: 100)."},
	{name: "blocksonly", title: general,
		help: "Take no transactions from peers, except from those with the permission relay (default: 0)."},
	{name: "maxorphantx", arg: "=<n>", title: general,
		help: "Transactions whose parents are unknown that are kept, at most (default: 100)."},
	{name: "peerblockfilters", title: connection,
		help: "Serve compact block filters to peers (BIP157, default: 0); needs -blockfilterindex."},
	{name: "peerbloomfilters", title: connection,
		help: "Serve blocks and transactions filtered by bloom filters (BIP37, default: 0)."},
	{name: "txreconciliation", title: connection, debug: true,
		help: "Reconcile transactions with peers (BIP330, default: 0)."},
}
