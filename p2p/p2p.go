package p2p

import (
	"context"
	"net"
)

// PeerID names one connection of this node. It is never used twice.
type PeerID uint64

// Self is who our own wallet, miner and RPC are in the conversation: exempt
// from limits, orphan waiting and offences, and otherwise a peer like any other.
const Self PeerID = 0

// Network is the door to other machines: TCP in life, simnet in tests.
type Network interface {
	// Dial connects to "host:port".
	Dial(ctx context.Context, addr string) (net.Conn, error)
	// Listen accepts at "host:port"; port 0 takes a free one.
	Listen(ctx context.Context, addr string) (net.Listener, error)
}

// Offence is a fault of a peer for which it is dropped; its text goes to the
// log. It is an error, so that errors.As finds it in what a connection ended with.
type Offence string

func (o Offence) Error() string { return string(o) }

// Addr is where a node says it can be reached.
type Addr struct {
	Host     string // IP literal, or a name for address-book entries given by hand
	Port     uint16
	Services uint64
	Seen     int64 // Unix seconds when somebody last claimed it was alive
}
