// Package p2p holds the words of the talk between nodes: who a peer is and what its
// handshake has said (Link), the one view of it for people (PeerInfo), the way to
// other machines (Network), what an offence is, where a node can be reached.
//
// It has no goroutines and does no I/O. It is a package of its own, though small,
// because all its workers share these words and must not import each other. They
// are the folders below:
//
//	msg       what can be said: message types, guarded decoding
//	peer      one connection: framing, encryption, handshake, reading, writing
//	gossip    the conversation, as a pure state machine
//	addrbook  addresses we know
//	swarm     the running network: owns gossip, all peers, and whom to dial
//
// Start reading at swarm.Swarm.Run and gossip.State.Step.
package p2p
