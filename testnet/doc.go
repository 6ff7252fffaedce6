// Package testnet holds the words of a local network: a Node one can call, a Member
// of the network with its addresses, a Launcher that starts and kills members,
// the file that names them (net.json), the bytes on their way along a shaped link
// (Flight), and what must hold at the end of every scenario.
//
// It starts nothing and opens no socket: that is the work of its sub-packages
// (process starts real OS processes; demo tells the story of `make demo`).
// It never imports cmd: package main injects the client that calls a node.
//
// Start reading at testnet.go, then invariants.go.
package testnet
