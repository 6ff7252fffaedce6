// Package testnetcmd is `grapevine testnet`: the commands that start a local
// network of real processes, look at it, shape it and end it. The simulator is simulatecmd's.
//
// It owns what these commands are called, what they ask and how they tell what
// happened, as a table for people and as JSON for programs. Processes are started
// and stopped by testnet/process; what a node knows it says by RPC. It runs no node
// itself: the processes are this program again.
//
// Start reading at Command in testnet.go; every subject has a file of its own.
package testnetcmd
