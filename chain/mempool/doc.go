// Package mempool holds transactions that were heard, are valid on top of the
// tip, and are in no block yet. Relay policy lives here.
//
// It owns the set of such transactions, their graph (who spends whom), the fee
// floor and the size limit. It knows no sockets, no files and no clock: coins
// come from Config.View, the time from Config.Now. It never decides what is
// consensus; that is package chain and the Scripts it is given.
//
// One goroutine writes (Add, AddPackage, Restore, Apply, Prioritise); any number
// read at the same time. The writer checks without the lock, because nobody else changes
// what it reads, and takes it only to change the graph: coins are never read
// from disk and scripts never run under the lock.
//
// Start with Pool.Add in pool.go, then accept.go (the order of the questions,
// which is that of Core's MemPoolAccept) and entry.go and graph.go (ancestors and
// descendants). Each rule of relay that needs the graph has a file:
//
//	chains.go      ancestor and descendant limits, CPFP carve-out
//	replace.go     replacement (RBF, BIP125)
//	truc.go        version 3 (TRUC, BIP431), sibling eviction
//	dust.go        ephemeral dust
//	package.go     packages as a whole (testmempoolaccept)
//	submit.go      packages on their way in (submitpackage)
//	packagerbf.go  package RBF
//	pair.go        a parent and the child that pays for it over P2P (1p1c)
//
// What a transaction must be by itself, all limits and all words of refusal are
// package policy. apply.go follows the chain, floor.go says what entry costs when
// the pool is full, check.go and graphcheck.go say what always holds.
package mempool
