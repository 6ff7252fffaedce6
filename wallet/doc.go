// Package wallet holds the words of the wallet and its pure parts: keys and
// addresses (BIP39, BIP32, BIP44, BIP49, BIP84, BIP86), amounts as people write them, which
// coins pay for a transaction, how it is built, what its signatures are.
//
// Nothing here reads a clock, a disk or a source of chance of its own, and
// nothing starts a goroutine. Package wallet/service owns the state of one
// wallet and its file, and follows the chain.
//
// Start reading at words.go, then address.go (the one reader of addresses),
// build.go and select.go (coin selection), then package service.
package wallet
