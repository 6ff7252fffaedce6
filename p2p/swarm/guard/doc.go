// Package guard judges strangers: how much each may say, who is not let in
// again, who is ourselves, and who makes room for a newcomer.
//
// It has no goroutines, no clock and no I/O: package swarm's loop owns its
// values, but for Nonces, which every connection asks. Start reading at Evict.
package guard
