// Package mainnet validates what mainnet's miners really made: its first 14,131
// blocks with every rule on, over P2P into a whole node and into a naive
// connector; single later blocks; and its first 100,000 headers with their
// changes of difficulty.
//
// It has tests only. The data comes with the modules of btcd, wire and
// neutrino, which the Go command fetches and checks against the checksum
// database; nothing of it is kept here.
package mainnet
