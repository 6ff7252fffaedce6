// Package wallet holds the words of the wallet and its pure parts: keys and
// addresses (BIP39, BIP32, BIP44, BIP49, BIP84, BIP86), amounts as people write them, which
// coins pay for a transaction, how it is built, what its signatures are.
//
// Nothing here reads a clock, a disk or a source of chance of its own, and
// nothing starts a goroutine. Package wallet/books is what one wallet knows, in
// memory; package wallet/vault is the worker that keeps it in wallet.db and
// follows the chain.
//
// Start reading at words.go, then build.go and select.go (coin selection), then
// packages books and vault.
package wallet
