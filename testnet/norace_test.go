//go:build !race

package testnet_test

// slower: without the race detector everything is thrown.
const slower = 1
