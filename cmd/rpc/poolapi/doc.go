// Package poolapi answers the methods about transactions: those in the pool,
// those in blocks, those being made by hand. It asks the pool and the ledger,
// hands transactions in as a peer's, and decides nothing.
//
// Start reading at API.Methods.
package poolapi
