// Package ledger is the record: the header tree, the blocks' bodies, and the
// coins that the chain with the most work leaves unspent.
//
// It owns the verified tip and is the only writer of the chain's file. It never
// talks to peers, knows no pool and no wallet, and makes no rules: those come
// from package chain and chain/script.
package ledger
