package swarm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/addrbook"
	"grapevine/p2p/gossip"
)

// Defaults of Config, Bitcoin Core's.
const (
	defaultMaxPeers    = 125
	defaultMaxOutbound = 8 // [MAX_OUTBOUND_FULL_RELAY_CONNECTIONS]
)

// needed is what those we choose ourselves must offer: all blocks, with witnesses [HasAllDesirableServiceFlags].
const needed = wire.SFNodeNetwork | wire.SFNodeWitness

// Config is what a swarm needs from its owner.
type Config struct {
	Options
	Params       *chain.Params
	Net          p2p.Network
	Listen       string   // HOST[:PORT] to accept at; "" does not listen
	Connect      []string // HOST[:PORT]; if any: only these are dialled, and no others
	DialNobody   bool     // nobody is dialled by our own choice
	AddNode      []string // HOST[:PORT], kept connected besides whom we choose
	Bootstrap    []string // HOST[:PORT], put into the address book at the start
	MaxPeers     int      // connections in all; 0: defaultMaxPeers
	MaxOutbound  int      // connections by our own choice; 0: defaultMaxOutbound
	MaxUpload    int64    // bytes a second over all connections; 0: no limit
	MaxDownload  int64
	PeerUpload   int64 // bytes a second for each connection; 0: no limit
	PeerDownload int64
	Limited      bool // old bodies are deleted: the last ones are offered, not all (BIP159)
	// Partial says whether old bodies have yet to come: as long as they have, the last ones are offered alone.
	Partial func() bool // nil: they never have
	Have    bool        // share the work of a sync with other grapevine nodes (gvhave)
	Encrypt bool        // BIP324 with who knows it (--v2transport)

	// Lookup finds the addresses of a name: of a DNS seed, or of a node that people
	// have asked for. nil knows no names, and asks no seeds.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)

	BlocksOnly bool // no transactions are asked for (gossip.Manners says the same)
	Bloom      bool // bloom filters are offered (BIP37); gossip.Manners too

	State *gossip.State
	// RawBlock appends a block's bytes to a buffer; called by the peers' writers.
	RawBlock func(to []byte, h chain.Hash) ([]byte, error)
	// Filter is a block's BIP158 filter and its BIP157 header, called by the peers'
	// writers; nil: we do not offer filters (gossip.Config.Filters says the same).
	Filter        func(chain.Hash) (filter []byte, header chain.Hash, ok bool, err error)
	ValidateTx    chan<- p2p.ValidateTx     // capacity: gossip's credits for transactions
	ValidateBlock func(p2p.ValidateBlock)   // must not block: gossip holds credits
	StoreHeaders  func([]*chain.HeaderNode) // must not block
	TxSent        func(txid chain.Hash)     // a peer had asked for it; must not block; nil: nobody wants to know

	Watch Watcher // is shown what happens; nil: nobody looks

	Book      *addrbook.Book
	UserAgent string           // BIP14, as "/grapevine:0.2.0/"
	Rand      *rand.Rand       // the swarm's own: no one else may use it
	Now       func() time.Time // wall clock; nil: time.Now
	Clock     func() time.Time // as people see the time (setmocktime); nil: Now
	// Ahead is by how much Clock goes on ahead of Now, where people have put it forward:
	// no timer follows that; nil: it does not.
	Ahead func() time.Duration
	Log   *slog.Logger // nil discards

	wanted  []p2p.HostPort // Connect and AddNode
	fetches []p2p.HostPort // SeedNodes
}

// Watcher is shown what happens, by the loop, which waits for it.
type Watcher interface {
	// Peer says what is known of a peer that has greeted, and again when more is known.
	Peer(p2p.PeerID, p2p.PeerInfo)
	Left(id p2p.PeerID, why error)
	// Step shows what gossip was told, and what it wants done for it.
	Step(gossip.Event, []p2p.Action)
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
		c.MaxPeers = defaultMaxPeers
	}
	if c.MaxOutbound == 0 {
		c.MaxOutbound = defaultMaxOutbound
	}
	var err error
	if c.wanted, err = c.hostPorts(slices.Concat(c.Connect, c.AddNode)); err != nil {
		return err
	}
	if c.fetches, err = c.hostPorts(c.SeedNodes); err != nil {
		return err
	}
	c.MaxOutbound = min(c.MaxOutbound, c.MaxPeers)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Clock == nil {
		c.Clock = c.Now
	}
	if c.Ahead == nil {
		c.Ahead = func() time.Duration { return 0 }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// hostPort reads HOST[:PORT]; the port is else the network's own.
func (c *Config) hostPort(text string) (p2p.HostPort, error) {
	return p2p.ParseHostPort(text, p2p.DefaultPort(c.Params))
}

// addrOf is the address of HOST:PORT, false when the host is a name.
func (c *Config) addrOf(to p2p.HostPort) (netip.AddrPort, bool) {
	at, ok := to.AddrPort()
	return c.Place(at), ok
}

func (c *Config) hostPorts(texts []string) (list []p2p.HostPort, err error) {
	for _, text := range texts {
		to, err := c.hostPort(text)
		if err != nil {
			return nil, fmt.Errorf("swarm: %w", err)
		}
		list = append(list, to)
	}
	return list, nil
}

// local: loopback and private addresses are the network, and nobody is hurried.
func (c *Config) local() bool { return c.Params.Local() && !c.Public }

// services are what we offer. Like Core we say too that the last blocks are here
// (BIP159): those who need no more look for that.
func (c *Config) services() wire.ServiceFlag {
	s := needed | wire.SFNodeNetworkLimited
	if c.Limited || c.Partial != nil && c.Partial() {
		s &^= wire.SFNodeNetwork
	}
	if c.Filter != nil {
		s |= wire.SFNodeCF // [NODE_COMPACT_FILTERS]
	}
	if c.Bloom {
		s |= wire.SFNodeBloom
	}
	if c.Encrypt {
		s |= wire.SFNodeP2PV2
	}
	return s
}

// servicesTo are what we offer a peer: bloom filters also to whom people grant them.
func (c *Config) servicesTo(l p2p.Link) wire.ServiceFlag {
	s := c.services()
	if l.May(p2p.MayBloom) {
		s |= wire.SFNodeBloom
	}
	return s
}

var errNoNames = errors.New("names are not looked up here")

// lookUp finds the addresses of a name, at least one.
func (c *Config) lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	if c.Lookup == nil {
		return nil, fmt.Errorf("%s: %w", host, errNoNames)
	}
	ctx, cancel := context.WithTimeout(ctx, c.dialTimeout())
	defer cancel()
	ips, err := c.Lookup(ctx, host)
	if err == nil && len(ips) == 0 {
		err = fmt.Errorf("%s has no address", host)
	}
	return ips, err
}

// TCP is the real network.
type TCP struct{}

var _ p2p.Network = TCP{}

// Dial connects.
func (TCP) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", to.String())
}

// Listen accepts.
func (TCP) Listen(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	var l net.ListenConfig
	return l.Listen(ctx, "tcp", at.String())
}
