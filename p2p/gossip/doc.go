// Package gossip is the conversation between nodes as a pure state machine:
// State.Step takes an event and the time and returns actions.
//
// It keeps what is said to whom, and puts together what its parts decide:
//
//	tree      candidate headers, which are best and which are bad
//	headers   who is asked for headers, and which enter the tree (presync: the long, poor ones)
//	lag       who of those that we have dialled does not follow our chain
//	fetch     which body is asked from whom, and when elsewhere; gvhave
//	compact   blocks in short form
//	track     which transaction is asked from whom, and when elsewhere
//	orphans   transactions that wait for their parents
//	relay     what is announced to whom
//	judge     what waits for judgement, within credits
//	serve     what others ask of us
//
// Each part is data with a Check that proves its bounds. None of it touches a
// socket, a clock, a disk, a goroutine or a source of randomness of its own,
// decodes anything, or judges anything but headers: bodies and transactions go
// out as ValidateBlock and ValidateTx and come back as verdicts. The same events with
// the same seed give the same actions.
//
// Start reading at api.go (what goes in and out) and testdata (how nodes talk,
// page by page), then state.go (Step), and one file for each talk: headers.go,
// ask.go (what we ask for), bodies.go, compact.go, txs.go, relay.go,
// announce.go, serve.go, self.go (our own wallet and miner).
package gossip
