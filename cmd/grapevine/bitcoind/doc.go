// Package bitcoind is grapevine under the name bitcoind: who starts Bitcoin
// Core's daemon finds its options, its bitcoin.conf, its directories, its
// debug.log and its exit statuses.
//
//	ln -s grapevine bitcoind; ./bitcoind -regtest -datadir=/tmp/b
//
// It turns Core's options into a node.Config and has no behaviour of its own:
// each option is one row, in a file for each room (options_*.go), and each of
// Core's log sentences too (words_*.go). It reads neither GRAPEVINE_ variables
// (GRAPEVINE_POLICY apart) nor grapevine.conf.
//
// Start reading at Run.
package bitcoind
