// Package notify publishes blocks and transactions by ZeroMQ [-zmqpub…], for
// programs that want to hear at once and not to ask: lnd, explorers, indexers.
//
// It owns the sockets, what each subscriber asked for and what waits for it. It
// never decides what happened: the node tells it every move of chain and pool, in
// order.
//
// What is said [CZMQNotificationInterface], each message three frames: topic, body, and a counter of
// the notifier's messages, 4 bytes little-endian:
//
//	hashblock  the new tip's hash, as people write it (last byte first)
//	rawblock   the new tip's block, with witnesses
//	hashtx     txid, likewise, of what enters the pool, and of each transaction of
//	           a block that is connected or disconnected
//	rawtx      the same transaction, with witnesses
//	sequence   hash ‖ 'C' or 'D' of a block connected or disconnected;
//	           txid ‖ 'A' or 'R' ‖ 8 bytes little-endian: added to the pool or removed from
//	           it for another reason than a block, with the pool's sequence number
//
// The wire is ZMTP 3.1 with the NULL mechanism, a publisher's half of it (zmtp.go).
// go-zeromq/zmq4 is not used for it: its PUB writes to one subscriber after the
// other under a lock, so that one who does not read holds up all, and a frame's length
// is allocated before a byte of it has come. Here a subscriber has a queue of its own,
// which ends at the high-water mark: what comes then is lost to that subscriber alone, who
// sees it by the counter. Publishing never waits for anybody.
//
// Goroutines: Run's caller; one that accepts for each address; two for each subscriber, who
// reads what it asks for and who writes. All have ended when Run returns.
//
// Start reading at Publisher.Moved, then notifier.publish.
package notify
