package swarm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/addrbook"
	"grapevine/p2p/gossip"
)

// Defaults of Config, Bitcoin Core's.
const (
	DefaultMaxPeers    = 125
	DefaultMaxOutbound = 8
)

// needed is what those we choose ourselves must offer: all blocks, with witnesses.
const needed = wire.SFNodeNetwork | wire.SFNodeWitness

// Config is what a swarm needs from its owner.
type Config struct {
	Params       *chain.Params
	Net          p2p.Network
	Listen       string   // "host:port" to accept at; "" does not listen
	Connect      []string // if any: only these are dialled, and no others
	AddNode      []string // kept connected besides whom we choose
	Bootstrap    []string // put into the address book at the start
	MaxPeers     int      // connections in all; 0: DefaultMaxPeers
	MaxOutbound  int      // connections by our own choice; 0: DefaultMaxOutbound
	MaxUpload    int64    // bytes a second over all connections; 0: no limit
	MaxDownload  int64
	PeerUpload   int64 // bytes a second for each connection; 0: no limit
	PeerDownload int64
	Have         bool // share the work of a sync with other grapevine nodes (gvhave)
	Encrypt      bool // BIP324 with who knows it (--v2transport)

	// Lookup asks DNS for a seed's addresses; nil asks no seeds.
	Lookup func(ctx context.Context, host string) ([]string, error)

	State         *gossip.State
	RawBlock      func(chain.Hash) ([]byte, error) // called by the peers' writers
	ValidateTx    chan<- p2p.ValidateTx            // capacity: gossip's credits for transactions
	ValidateBlock func(p2p.ValidateBlock)          // must not block: gossip holds credits
	StoreHeaders  func([]*chain.HeaderNode)        // must not block
	TxSent        func(txid chain.Hash)            // a peer had asked for it; must not block; nil: nobody wants to know

	Book      *addrbook.Book
	UserAgent string           // BIP14, as "/grapevine:0.1.0/"
	Rand      *rand.Rand       // the swarm's own: no one else may use it
	Now       func() time.Time // wall clock; nil: time.Now
	Log       *slog.Logger     // nil discards
}

func (c *Config) check() error {
	switch {
	case c.Params == nil, c.State == nil, c.Rand == nil, c.Net == nil:
		return errors.New("swarm: Params, Net, State and Rand are needed")
	case c.RawBlock == nil, c.ValidateTx == nil, c.ValidateBlock == nil, c.StoreHeaders == nil:
		return errors.New("swarm: RawBlock, ValidateTx, ValidateBlock and StoreHeaders are needed")
	case c.Book == nil:
		return errors.New("swarm: an address book is needed")
	case c.MaxPeers < 0 || c.MaxOutbound < 0:
		return fmt.Errorf("swarm: limits of %d and %d peers", c.MaxPeers, c.MaxOutbound)
	}
	if c.MaxPeers == 0 {
		c.MaxPeers = DefaultMaxPeers
	}
	if c.MaxOutbound == 0 {
		c.MaxOutbound = DefaultMaxOutbound
	}
	c.MaxOutbound = min(c.MaxOutbound, c.MaxPeers)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// local: loopback and private addresses are the network, and nobody is hurried.
func (c *Config) local() bool { return c.Params.Local() }

// services are what we offer. Like Core we say too that the last blocks are here
// (BIP159): those who need no more look for that.
func (c *Config) services() wire.ServiceFlag {
	s := needed | wire.SFNodeNetworkLimited
	if c.Encrypt {
		s |= wire.SFNodeP2PV2
	}
	return s
}

// withPort adds the network's own port to an address without one.
func (c *Config) withPort(addr string) string {
	if _, _, err := net.SplitHostPort(addr); err == nil {
		return addr
	}
	return net.JoinHostPort(addr, c.Params.DefaultPort)
}

// TCP is the real network.
type TCP struct{}

var _ p2p.Network = TCP{}

// Dial connects to "host:port".
func (TCP) Dial(ctx context.Context, addr string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

// Listen accepts at "host:port".
func (TCP) Listen(ctx context.Context, addr string) (net.Listener, error) {
	var l net.ListenConfig
	return l.Listen(ctx, "tcp", addr)
}
