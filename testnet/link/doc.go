// Package link is a p2p.Network around another one whose connections with other nodes
// of a local network can be cut, slowed and broken by command, while they stand: real
// sockets with the words of testnet/simnet and of the simulator.
//
// A node is known by where it listens. Who has dialled us comes from a port that tells
// nothing, so the end that has dialled does all the work, for both directions: each
// connection between two nodes has one such end, and both nodes hold the same rules.
//
//	cut both ways   connections end, and none is made
//	cut one way     what goes that way waits in connections that stand, none is made
//	latency         added to the way of each byte, also to dialling
//	rate            of one connection, each way by itself
//	loss            connections end now and then
//
// It decides nothing by itself: rules come from a file in the data directory, at the
// start, and by RPC (setlinks).
//
// Start reading at Gate, then line.go for what happens to bytes on their way.
package link
