package p2p

import (
	"context"
	"net"
	"net/netip"
)

// PeerID names one connection of this node. It is never used twice.
type PeerID uint64

// Self is who our own wallet, miner and RPC are in the conversation: exempt
// from limits, orphan waiting and offences, and otherwise a peer like any other.
const Self PeerID = 0

// Network is the way to other machines: TCP in life, simnet in tests.
type Network interface {
	Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error)
	// Listen accepts at an address; port 0 takes a free one.
	Listen(ctx context.Context, at netip.AddrPort) (net.Listener, error)
}

// Offence is what a misbehaving peer has done [Core: Misbehaving]: it is dropped, and
// its address is discouraged. The text goes to the log. It is an error, so that
// errors.As finds it in what a connection ended with.
type Offence string

func (o Offence) Error() string { return string(o) }
