// Package hostile is a peer that its owner speaks for, byte by byte, and, in its
// tests, what such peers do to a whole node of cmd/node: every row of the table
// of attacks that a node must survive, by its number.
//
// A Peer speaks the plain transport over any p2p.Network, or after Seal the
// encrypted one. What it says need be neither true nor well formed; what it hears
// is decoded as our own node would. It never checks what the other end does: that
// is the tests' business.
//
// It is a package of its own, though small, because it is a test kit: no product code
// may import it, and its tests are the largest of the project.
//
// Start reading at Peer, then at underAttack in attack_test.go (what must hold during
// and after every attack), then at any of the rows.
package hostile
