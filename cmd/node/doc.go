// Package node builds every room, wires them, runs them and stops them in
// order. Nothing here decides anything: a line with a decision in it belongs
// to a room.
//
// Start reading at New (assembly in the order of dependency), then Run, then
// follower, the one goroutine that hands the ledger's moves to pool, wallet
// and swarm in their right order.
package node
