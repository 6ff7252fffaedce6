// Package orphans holds transactions whose parents are unknown, bounded by
// count and bytes and for each peer (T28 among the tests). It is data only: who asks
// for parents and judges again is the conversation.
package orphans
