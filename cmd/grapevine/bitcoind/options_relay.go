package bitcoind

// relayOptions are the rows about relay: how we talk of blocks and transactions.
var relayOptions = []option{
	{name: "blockreconstructionextratxn", arg: "=<n>", title: general,
		help: "Transactions that are kept beside the pool to put compact blocks together (default: 100).",
		idle: "blocks in short form are put together from the pool and the orphanage"},
	{name: "blocksonly", title: general,
		help: "Take no transactions from peers, except from those with the permission relay (default: 0).",
		set:  func(s *setup) error { s.cfg.Manners.BlocksOnly = s.Bool("blocksonly", false); return nil }},
	{name: "maxorphantx", arg: "=<n>", title: general,
		help: "Transactions whose parents are unknown that are kept, at most (default: 100).",
		set:  setMaxOrphans},
	{name: "peerblockfilters", title: connection,
		help: "Serve compact block filters to peers (BIP157, default: 0); needs -blockfilterindex.",
		set:  func(s *setup) error { s.cfg.HideFilters = !s.Bool("peerblockfilters", false); return nil }},
	{name: "peerbloomfilters", title: connection,
		help: "Serve blocks and transactions filtered by bloom filters (BIP37, default: 0).",
		set:  func(s *setup) error { s.cfg.Manners.Bloom = s.Bool("peerbloomfilters", false); return nil }},
	{name: "txreconciliation", title: connection, debug: true,
		help: "Reconcile transactions with peers (BIP330, default: 0).",
		idle: "BIP330 is not spoken; Core itself only agrees on it and reconciles nothing yet"},
}
