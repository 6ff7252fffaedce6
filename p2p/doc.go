// Package p2p holds the words of the talk between nodes: who a peer is and what its
// handshake has said (Link), the one view of it for people (PeerInfo), the way to
// other machines (Network), what an offence is, where a node can be reached.
//
// A peer is one thing, and these are all types of it:
//
//	Hello           what its handshake has said
//	Link            which connection it is, what for, by whose leave, and its Hello; others embed it or point to it
//	PeerInfo        what people see of it: getpeerinfo's row, /metrics, events, pages; clients read it again
//	peer.Peer       the connection itself: the bytes, two goroutines
//	swarm.remote    what the running network keeps of it, from the dialling on
//	gossip.peer     what the conversation keeps of it, with a part for each subject:
//	headers.Talk      of headers
//	blocks.Source     of bodies
//	txs.Peer          of transactions
//
// They are not fewer because the conversation is pure and must not hold a socket, because who
// asks for bodies need not know how transactions are told, and because people see a copy.
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
