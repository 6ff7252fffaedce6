// Package peer is one connection to another node: framing, handshake, a loop
// that reads and a loop that writes.
//
// What an attacker can hold of us through it is bounded: bytes received but not
// yet a message, bytes queued to be sent, and the time each of them may take.
// It never decides what a message means (package gossip) nor whom to talk to
// (package swarm).
//
//	New        nothing happens yet
//	Handshake  version, wtxidrelay, sendaddrv2, verack; at most HandshakeTime
//	Run        starts the writer, reads until the connection ends, joins both
//
// A sealed connection (sealed.go) is one of the encrypted transport, BIP324 or v2; a plain
// one (frame.go) is v1.
//
// Start reading at Peer.Run.
package peer
