// Package mempool holds transactions that were heard, are valid on top of the
// tip, and are in no block yet. Relay policy lives here.
//
// It owns the set of such transactions, their graph (who spends whom), the fee
// floor and the size limit. It knows no sockets, no files and no clock: coins
// come from Config.View, the time from Config.Now. It never decides what is
// consensus; that is package chain and the Scripts it is given.
//
// One goroutine writes (Add, Restore, Apply); any number read at the same time. The
// writer judges without the lock, because nobody else changes what it reads,
// and takes it only to change the graph: coins are never read from disk and
// scripts never run under the lock.
//
// Start with Pool.Add in pool.go, then accept.go (the order of the questions)
// and package graph (ancestors and descendants); apply.go follows the chain, floor.go
// says what entry costs when the pool is full. Each rule of relay that needs the
// graph has a file: chains.go, replace.go, truc.go, pair.go. What a transaction
// must be by itself is package policy. check.go says what always holds.
package mempool
