package swarm

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/addrbook"
	"grapevine/p2p/gossip"
)

// Config is what a swarm needs from its owner.
type Config struct {
	Params      *chain.Params
	Net         p2p.Network
	Listen      string   // "host:port" to accept at; "" does not listen
	Connect     []string // if any: only these are dialled, and no others
	AddNode     []string // kept connected besides whom we choose
	MaxPeers    int      // connections in all; 0: DefaultMaxPeers
	MaxOutbound int      // connections by our own choice; 0: DefaultMaxOutbound

	State        *gossip.State
	RawBlock     func(chain.Hash) ([]byte, error) // called by the peers' writers
	JudgeTx      chan<- gossip.JudgeTx            // capacity: gossip's credits for transactions
	JudgeBlock   func(gossip.JudgeBlock)          // must not block: gossip holds credits
	StoreHeaders func([]*chain.HeaderNode)        // must not block

	Book      *addrbook.Book
	UserAgent string           // BIP14, as "/grapevine:0.1.0/"
	Rand      *rand.Rand       // the swarm's own: no one else may use it
	Now       func() time.Time // wall clock; nil: time.Now
	Log       *slog.Logger     // nil discards
}

// Swarm is the running network.
type Swarm struct{ cfg Config }

// PeerInfo is one connection as getpeerinfo shows it.
type PeerInfo struct {
	ID          p2p.PeerID
	Addr        string // "host:port" as dialled or seen
	LocalAddr   string
	Inbound     bool
	Manual      bool // by --connect, --addnode or RPC addnode
	Transport   int  // 1, or 2 for BIP324
	Version     int32
	Services    uint64
	UserAgent   string
	StartHeight int32
	Relay       bool // wants transactions
	Connected   time.Time
	TimeOffset  int64 // seconds their clock is ahead of ours

	LastSend, LastRecv time.Time
	BytesSent          uint64
	BytesRecv          uint64
	SentPerMsg         map[string]uint64 // bytes with headers, by command
	RecvPerMsg         map[string]uint64 // unknown commands under "*other*"

	Ping    time.Duration // last round trip; 0: not measured yet
	MinPing time.Duration
	Waiting time.Duration // since a ping that has not been answered; 0: none

	Gossip gossip.PeerStats
}

// Totals are the bytes of all connections since the start, ended ones too.
type Totals struct{ BytesSent, BytesRecv uint64 }

var errNotBuilt = errors.New("not built yet")

// New makes a swarm; Run starts it.
func New(cfg Config) (*Swarm, error) { return nil, errNotBuilt }

// Run listens, dials and talks until ctx ends or something of ours fails. It
// returns when every goroutine it started has ended.
func (s *Swarm) Run(ctx context.Context) error { return errNotBuilt }

// Ready is closed when the swarm listens and takes calls.
func (s *Swarm) Ready() <-chan struct{} { return nil }

// Addr is where we listen, nil before Ready and without a listener.
func (s *Swarm) Addr() net.Addr { return nil }

// Deliver hands gossip verdicts and changes, in order.
func (s *Swarm) Deliver(ctx context.Context, evs ...gossip.Event) error { return errNotBuilt }

// SubmitTx enters a transaction by the one door and waits for its verdict.
func (s *Swarm) SubmitTx(ctx context.Context, tx *chain.Tx) error { return errNotBuilt }

// SubmitBlock enters a block by the one door and waits for its verdict.
func (s *Swarm) SubmitBlock(ctx context.Context, b *chain.Block) error { return errNotBuilt }

// Peers lists the connections whose handshake is done, oldest first.
func (s *Swarm) Peers() []PeerInfo { return nil }

// Totals counts all bytes since the start.
func (s *Swarm) Totals() Totals { return Totals{} }

// Status is what gossip says of headers and sync.
func (s *Swarm) Status() gossip.Status { return gossip.Status{} }

// Connect dials addr once (addnode onetry) and returns when the handshake is done.
func (s *Swarm) Connect(ctx context.Context, addr string) error { return errNotBuilt }

// AddNode keeps addr connected from now on (addnode add).
func (s *Swarm) AddNode(addr string) error { return errNotBuilt }

// RemoveNode forgets an AddNode; a connection that stands is left alone.
func (s *Swarm) RemoveNode(addr string) error { return errNotBuilt }

// AddedNodes lists what AddNode and Config.AddNode asked for.
func (s *Swarm) AddedNodes() []string { return nil }

// Disconnect ends the connection with this address.
func (s *Swarm) Disconnect(addr string) error { return errNotBuilt }

// DisconnectID ends the connection with this id.
func (s *Swarm) DisconnectID(id p2p.PeerID) error { return errNotBuilt }

// TCP is the real network.
type TCP struct{}

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
