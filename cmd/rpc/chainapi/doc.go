// Package chainapi answers the methods about the chain: blocks, headers, the
// coin set, mining, and the chain's file. It asks the ledger and the miner,
// hands blocks in as a peer's, and decides nothing.
//
// Start reading at API.Methods.
package chainapi
