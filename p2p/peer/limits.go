package peer

import "time"

// What one connection may take of us. They hold under testing/synctest too.
const (
	// HandshakeTime from the first byte to verack (Core: 60 s by default, -peertimeout).
	HandshakeTime = 60 * time.Second
	// idleTime between two messages: far above pingEvery, so an honest peer is never near it.
	idleTime = 20 * time.Minute
	// paceTime is how long paceBytes of a message, or its end, may take: 273 bytes
	// a second. Lower than any link in use, so that the only holder of a block is
	// never dropped for slowness; an attacker who drips bytes loses its slot.
	paceTime  = 60 * time.Second
	paceBytes = 16 << 10
	// pingEvery as in Core; pongTime is Core's TIMEOUT_INTERVAL [PING_INTERVAL].
	pingEvery = 2 * time.Minute
	pongTime  = 20 * time.Minute

	// MaxQueue bounds the send buffer, the bytes that wait to be sent to a peer; one who asks for
	// more than it reads is dropped.
	MaxQueue = 8 << 20
	// pauseQueue: above this nothing more is read from the peer, so that what it
	// asks for cannot pile up faster than it takes the answers (Core's
	// DEFAULT_MAXSENDBUFFER). Blocks count as handles only, so two nodes that send
	// each other blocks do not both stop reading.
	pauseQueue = 1 << 20
	// maxQueued bounds the queues of all peers together; above half of it
	// pauseShort holds instead: whoever has answers waiting asks for no more.
	maxQueued  = 32 << 20
	pauseShort = 64 << 10
	pauseCheck = 100 * time.Millisecond // how often a paused reader looks at the others
	// itemCost is what a queued item costs at least, a block's handle included.
	itemCost = 100
	// maxEarly bounds the messages before verack that are kept until after it.
	maxEarly = 8

	// minVersion: older ones lack the relay flag and the ping nonce [MIN_PEER_PROTO_VERSION].
	minVersion = 70001
	// buffer is for small messages only: larger reads and writes go past it.
	buffer = 16 << 10
)
