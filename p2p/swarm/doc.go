// Package swarm is the running network: it listens and dials, and one
// goroutine owns the conversation (gossip.State) and performs its actions.
//
// It decides nothing about blocks and transactions: gossip does.
package swarm
