//go:build race

package testnet_test

// slower is how much less is thrown at a node when the race detector watches.
const slower = 8
