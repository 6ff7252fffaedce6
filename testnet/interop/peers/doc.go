// Package peers measures what users wait for, of grapevine and of a Bitcoin Core whose bitcoind is at hand,
// side by side: on one machine, in turn, on the same chain.
//
// `make bench-peers BITCOIND=/path/to/bitcoind` prints two tables in Markdown: requests, by one client and by
// many, and longer things such as a start or a rescan. Nothing of Bitcoin Core is part of this; without a
// bitcoind there is nothing to measure.
//
// A machine that others use makes wall times worthless; seconds of CPU stay comparable. What decides is the
// smallest wall time of several rounds (ROUNDS), and the ratio beside it.
//
// Start reading at peers_test.go, then rows_test.go (what is measured).
package peers
