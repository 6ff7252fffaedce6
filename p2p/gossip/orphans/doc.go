// Package orphans holds transactions whose parents are unknown, bounded by
// count and bytes and for each peer (ADVERSARY T28). It is data only: who asks
// for parents and judges again is the conversation.
package orphans
