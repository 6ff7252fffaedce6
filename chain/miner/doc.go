// Package miner assembles a block from one snapshot of tip and pool, and
// solves it.
//
// It owns the choice of transactions, the coinbase and the search for a nonce.
// It never decides what is valid: the ledger tries every block before work is
// spent on it, and a solved block enters through Config.Submit as a stranger's
// would.
//
// Start with Miner.Generate in miner.go; select.go chooses by the fee rate of a
// transaction together with its ancestors; template.go builds the block.
package miner
