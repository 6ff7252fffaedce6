// Package model runs thousands of nodes in one process and in virtual time:
// the very gossip code that talks to the real network, on an event heap.
//
// It owns the events, the lines between nodes (latency, bandwidth, breaks,
// partitions), nodes that leave and come back, liars, and stand-ins for ledger
// and pool whose validation takes a given time. A run is exact by its seed. At its
// end, and on request after each step, it proves what must hold: one tip, every
// transaction everywhere, no request without an owner, nothing that only grows.
//
// It never opens a socket or a file, reads no clock and has no goroutine for a
// node. Scripts, signatures and coins do not exist here; blocks and
// transactions do, with real ids, made once and shared by pointer.
//
// Start reading at config.go (what can be asked), then run.go (the heap and the
// story), node.go (one node with its backend: ledger and pool), net.go (lines), faults.go, miners.go, watch.go
// (what must hold), result.go (what was measured). world.go has what nodes share, liars.go
// those who break the rules, spread.go the reckoning; picture draws it.
package model
