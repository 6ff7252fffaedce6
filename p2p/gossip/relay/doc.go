// Package relay is what is announced to whom: an index of the pool, what each
// peer knows already, and what waits to be told to it.
//
// It is data only. The pool's own limit bounds the index; sets and outboxes
// have bounds of their own.
package relay
