// Command grapevine is a Bitcoin node without a server, and the command line
// to it: run a node, start a local network, pay, inspect, mine.
//
// It owns flags, the configuration file, exit statuses, signals and how things
// look on a terminal. It decides nothing about blocks, transactions or peers:
// what it shows it asks a node by RPC (cmd/rpc/client), and the node it runs is
// built by cmd/node.
//
// Start reading at main.go, then app.go (the table of commands); every command
// group has a file of its own, and the local network a package, testnetcmd. How a
// command line behaves is package cli, what bitcoin-cli says package bitcoincli.
package main
