// Package targets keeps the list of addresses that are to be connected always
// (--connect, --addnode, RPC addnode), and when each is tried again.
//
// It has no goroutines, no clock and no I/O: package swarm's loop owns it. Start
// reading at List.Due.
package targets
