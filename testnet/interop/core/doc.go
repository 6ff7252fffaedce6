// Package core holds grapevine's wallet against Bitcoin Core's: each signs what the
// other made. A bitcoind is named by BITCOIND; without one the other side is
// grapevine itself under that name, which at least proves the road.
//
// It has tests only; `make interop` runs them, with BITCOIND=/path/to/bitcoind against Core.
//
// Start reading at psbt_test.go; nodes_test.go starts both sides.
package core
