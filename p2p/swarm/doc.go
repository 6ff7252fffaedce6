// Package swarm is the running network: it listens and dials, and one
// goroutine, the loop, owns the conversation (gossip.State), all peers and whom
// to dial, and performs what gossip says.
//
// The loop never waits for anybody: it queues to peers without blocking, hands
// what is to be validated over without blocking, and leaves dialling, handshakes, reading and
// writing to a goroutine of each connection. So neither a slow peer nor a slow
// ledger can hold it, and there is no lock around what it owns.
//
// Goroutines, all joined before Run returns:
//
//	loop      one; owns State, remotes, dialer, tickets
//	accept    one, if we listen
//	save      one; writes the address book now and then
//	seeds     one for a moment; asks DNS seeds
//	serve     one for each connection: dials, greets, reads
//	writer    one for each connection (package peer)
//
// Who misbehaves is dropped and discouraged (remote.go, discouraged.go); who makes
// room for a newcomer is in accept.go and evict.go; whom we dial in dial.go and
// choose.go; whether two connections lead to one node in twins.go.
//
// It decides nothing about blocks and transactions: gossip does. Start reading
// at Swarm.Run, then loop.run.
package swarm
