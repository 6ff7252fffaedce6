// Package presync takes a long chain of headers twice, as Bitcoin Core does
// (headerssync.h), before it may use memory.
//
// In the first pass only its work is added up, and one salted bit kept for
// every 600 headers. When the work is enough the same headers are asked for
// again; they must give the same bits, and are let out once so many have
// followed that a chain made to match would have cost more than it is worth.
//
// It judges only what can be judged without memory: that each header follows
// the one before and that its difficulty may. Their proof of work, and all else
// once they are let out, is the caller's to judge.
package presync
