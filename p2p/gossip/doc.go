// Package gossip is the conversation between nodes as a pure state machine:
// State.Step takes an event and the time and returns actions (p2p.Action).
//
// It keeps what is said to whom, and puts together what its parts decide:
//
//	headers   the tree of candidate headers; who is asked for headers, and which enter the tree
//	blocks    which body is asked from whom, and when elsewhere; gvhave and gvgiven; blocks in short form
//	txs       which transaction is asked from whom, which wait for parents, what is announced to whom
//
// and here: what waits for validation, within credits (txqueue.go, blockqueue.go),
// what others ask of us (serve.go, server.go), what we announce (announce.go,
// relay.go) and the fees that we ask for (feefilter.go).
//
// Its words in Core's: a pusher is a high-bandwidth peer (sendcmpct with 1: it sends new
// blocks as compact blocks unasked), the short form of a block is a compact block, its parts
// are what getblocktxn asks for; a have peer is a grapevine node that says what it holds.
//
// Each part is data with a Check that proves its bounds. None of it touches a
// socket, a clock, a disk, a goroutine or a source of randomness of its own,
// decodes anything, or validates anything but headers and whether a copy of a block
// is its header's: bodies and transactions go out as ValidateBlock and ValidateTx
// and come back as verdicts. The same events with the same seed give the same
// actions.
//
// Start reading at api.go (what goes in) and testdata (how nodes talk, page by
// page), then state.go (Step), and one file for each talk: headersync.go, ask.go
// (what we ask for), bodies.go, compact.go, transactions.go, relay.go, announce.go,
// serve.go, self.go (our own wallet and miner).
package gossip
