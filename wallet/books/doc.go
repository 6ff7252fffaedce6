// Package books is what a wallet knows, in memory: its scripts, its
// transactions and where it stands on the chain; what follows from these
// (balance, coins, history); and what of it a file must hold.
//
// It does no I/O, locks nothing, starts nothing and asks no clock: package
// wallet/vault guards it with a mutex, feeds it blocks and writes its Changes.
//
// Start reading at books.go, then follow.go, then look.go.
package books
