// Package simulatecmd is `grapevine testnet simulate`: thousands of nodes in virtual time.
//
// It owns the command's flags, what they take from a network.yaml, and how a run is told, as
// tables for people, as JSON for programs and as CSV of every arrival. The run itself is
// testnet/model's, its picture testnet/model/picture's. It stands apart from the other testnet
// commands because it shares nothing with them: it starts no process and asks no node.
//
// Start reading at simulate.go.
package simulatecmd
