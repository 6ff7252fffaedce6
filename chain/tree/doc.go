// Package tree is all headers that were ever taken and what the ledger thinks
// of each: whether its body is stored, whether it is marked invalid, which of
// them are the verified chain, and which block that chain should reach next.
//
// It knows no bodies and no coins, does no I/O and judges nothing: the ledger
// tells it what came out. One goroutine, the ledger's writer, changes a Tree;
// the methods that only read may be called by any.
//
// Start reading at Tree and Entry.
package tree
