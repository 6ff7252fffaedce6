// Package gossip is the conversation between nodes as a pure state machine:
// State.Step takes an event and the time and returns actions.
//
// It owns the tree of candidate headers, an index of the pool by wtxid, what
// each peer has and what it was asked for, and the bodies and transactions
// that wait to be judged.
//
// It never touches a socket, a clock, a disk, a goroutine or a source of
// randomness of its own, decodes nothing, and judges nothing but headers
// (chain.CheckHeader): bodies and transactions go out as JudgeBlock and
// JudgeTx and come back as verdicts. The same events with the same seed give
// the same actions.
//
// Start reading at api.go (what goes in and out), then state.go (Step), then
// one file for each talk: headers.go, download.go (bodies), relay.go
// (transactions), serve.go (what others ask), self.go (our own wallet and
// miner). limits.go has every bound with its reason.
package gossip
