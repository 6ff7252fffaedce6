// Package chainapi answers the methods about the chain: blocks, headers, the
// coin set, mining, and the chain's file. It asks the ledger and the miner,
// hands blocks in by the one door, and decides nothing.
//
// Start reading at API.Methods.
package chainapi
