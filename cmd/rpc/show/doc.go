// Package show gives transactions, scripts, headers and blocks the JSON form
// that bitcoind prints: its names, its order, its numbers. It is words only:
// pure functions of what they are handed, asking nobody and checking nothing.
//
// Start reading at Tx in tx.go and Block in block.go.
package show
