package p2p

import (
	"cmp"
	"net/netip"
	"time"
)

// PeerInfo is one connection as people see it: getpeerinfo (whose row is its JSON), /metrics,
// the events and the pages read it, and who asks a node for its peers has it again. Whoever
// keeps a part of it fills that part in [CNodeStats, CNodeStateStats].
type PeerInfo struct {
	Link

	// By the swarm.
	Greeted   bool           // the handshake is done
	Addr      string         // HOST:PORT as dialled or seen
	At        netip.AddrPort // where that is
	LocalAddr string
	Network   string        // of the other end, by Core's name; who has come through Tor is of that
	MappedAS  uint32        // its autonomous system, by the map (mapped_as); 0: not known
	Connected time.Time     // as people see the time
	TimeSkew  time.Duration // their clock ahead of ours
	Listens   string        // HOST:PORT where an inbound peer listens, as it says; "": unknown
	Proven    bool          // the node that we have reached there says so too

	AddrRelay                bool // it takes part in telling addresses
	AddrsTaken, AddrsLimited uint64

	// By the connection.
	BytesSent, BytesRecv   uint64
	SentPerMsg, RecvPerMsg map[string]uint64 // with headers; unknown ones under "*other*"
	LastSend, LastRecv     time.Time
	Ping, MinPing          time.Duration // round trip; 0: not measured yet
	PingWait               time.Duration // since a ping was sent that has no answer, as people see the time; 0: none
	Queued                 int           // bytes that wait to be sent

	// By gossip.
	Height              int32   // of the last block that it and we both have (synced_blocks); -1: not known
	Headers             int32   // of the best header it is known to have; -1: not known
	Presynced           int32   // of the headers that it has shown the work of, before any is kept; -1: it does not (presynced_headers)
	InFlight            []int32 // heights of the blocks asked from it, in order of asking
	LastBlock, LastTx   time.Time
	BlocksFrom, TxsFrom int64
	BlocksTo, TxsTo     int64
	HBTo                bool  // we have asked it to push new blocks to us (bip152_hb_to)
	HBFrom              bool  // it has asked us to
	FeeFilter           int64 // satoshis per 1000 vbytes

	// By who knows a local network.
	Node string // which of its nodes it is; "": not known
}

// Where is where the peer can be reached, as far as we know, or else where it came from.
func (p *PeerInfo) Where() string { return cmp.Or(p.Listens, p.Addr) }
