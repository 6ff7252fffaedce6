// Package simnet is a network in memory: hosts with addresses of their own,
// links with latency and bandwidth, and partitions.
//
// It works under testing/synctest, where a day passes in no time, and outside it.
// Connections behave as TCP does: bytes arrive in order or not at all, a writer
// waits while the reader does not read, deadlines hold.
//
// Start reading at Net.Host and pipe.read.
package simnet
