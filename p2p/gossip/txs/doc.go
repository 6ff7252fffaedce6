// Package txs is what the conversation knows of transactions: which are announced
// and asked for, which wait for their parents, and what is announced to whom.
//
//	requests.go   each announced transaction is asked from exactly one peer at a
//	              time, from the next when that one does not deliver [txrequest.h]
//	orphanage.go  transactions whose parents are unknown [TxOrphanage]
//	pool.go       the pool by its hashes
//	outbox.go     one peer: what it knows, and what is to be announced to it
//	set.go        the last hashes of some kind [CRollingBloomFilter]
//	timer.go      when announcements go out
//
// It is data only, bounded by count and bytes and for each peer (the pool by its
// own limit). It validates nothing, asks for parents of nobody, and has no clock:
// the conversation tells it what happened and does what Requests.Fill says.
package txs
