// Package blocks decides which body is asked from which peer, and when it is
// asked elsewhere; it puts bodies together from their short form (BIP152) and
// keeps the last ones so that others can do the same.
//
// Bodies come from everybody who has them, in and out, in the order of the
// chain: each peer with space in its pipe takes the lowest blocks that nobody
// was asked for (way.go, plan.go, capacity.go). What is late may be asked once
// more elsewhere, and who is idle takes over what would come last (flight.go).
// Between grapevine nodes, newcomers tell each other what they hold and are
// fetching, and each fetches from who has all what no other newcomer does
// (have.go); from who knows nothing of newcomers they fetch one after the other (turns.go).
//
// It validates nothing but whether parts make the block that its header commits to
// (partial.go), and has no clock: the conversation tells it what happened and
// does what Plan and Late say. Requests are bounded for each peer by maxFlights
// and maxPipe, for each block by maxCopies, and over all by maxHeld; of blocks
// only the last few are kept (recent.go).
//
// Its words in Core's: a flight is a block in transit from one peer (mapBlocksInFlight), a
// late one a stalled download; the short form of a block is a compact block (cmpctblock), its
// parts are the transactions that were missing (getblocktxn, blocktxn), and a Partial is one
// that waits for them. A source is a peer, as far as its blocks go.
//
// Start reading at Fetcher.Plan.
package blocks
