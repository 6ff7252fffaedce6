package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc"
	"grapevine/cmd/rpc/notify"
	"grapevine/p2p"
	"grapevine/p2p/swarm"
	"grapevine/wallet"
)

// Config is what a node is told from outside. The zero value of a field means
// what its comment says.
type Config struct {
	Params   *chain.Params
	ChainDir string // holds chain.db; "": DataDir
	DataDir  string // holds chain.db, wallet.db, peers.db, mempool.dat and .cookie; made when it is not there

	// Options are how people want the network to be.
	swarm.Options
	// Manners are how the node behaves towards its peers; zero: grapevine's own.
	Manners Manners

	Listen  string   // "host:port" for peers; "" does not listen, but at Binds
	Connect []string // if any: these peers and no others
	// DialNobody: no peer is dialled but those of AddNode and those that RPC names.
	DialNobody bool
	AddNode    []string // try these too
	MaxPeers   int      // 0: the swarm's default
	// Bootstrap are addresses for the first contact: they go into the address book.
	Bootstrap []string
	// ASMap is the file that tells which autonomous system an address belongs to, within
	// DataDir if it is relative; "": peers are spread by network groups [-asmap].
	ASMap string
	// CheckAddrs proves at every so many uses of the address book that it is whole; 0: never.
	FixedBook              bool // an address's place in the book is everywhere the same: for tests
	CheckAddrs             int64
	MaxUpload, MaxDownload int64 // bytes a second of all peers together; 0: no limit
	PeerUpload             int64 // bytes a second to each peer; 0: no limit
	PeerDownload           int64 // bytes a second from each peer; 0: no limit
	PlainTransport         bool  // no BIP324 encryption
	// Lookup finds the addresses of a name: of a DNS seed, or of a node that people
	// have asked for. nil knows no names, and asks no seeds.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)

	RPCListen   string // "host:port"; "" serves no RPC
	RPCInside   bool   // RPC is answered within this process alone, by Node.RPC.Inside: for tests
	RPCUser     string // beside the cookie; "" for the cookie only
	RPCPassword string
	REST        *bool // answer /rest/… and /metrics without a password; nil: on regtest and loopback
	Esplora     *bool // answer /api/… likewise; nil: as REST, where both indexes that it needs are kept
	// Page makes what browsers are answered by at RPC's port; nil: nothing is. Web says whether it is asked;
	// nil: as REST.
	Page func(rpc.Backend) rpc.Page
	Web  *bool
	// Electrum and ElectrumTLS are "host:port" at which Electrum's protocol is served, in the clear and by
	// TLS; "": nowhere. Both indexes, of transactions and by script, must be kept.
	Electrum, ElectrumTLS string
	ZeroMQ                []notify.Notifier // what is published where; empty: nothing
	// ZeroMQOrNot runs without ZeroMQ, and says so, where one of its addresses cannot be
	// listened at, as bitcoind does; else that is an error.
	ZeroMQOrNot bool
	rpc.Serving
	AllowHosts []string // names by which web pages may call RPC's port, beside IP addresses and localhost

	// NoExtraNonce makes coinbases as bitcoind does, so that two nodes may make one block;
	// else a random number makes each differ.
	NoExtraNonce bool
	Mine         Mine
	MineTo       []byte // script; nil pays the node's own wallet

	// Prune says whether old blocks are deleted. It does not go with TxIndex.
	Prune ledger.Prune
	// Rebuild says what is made anew from the blocks in chain.db at the start.
	Rebuild ledger.Rebuild
	// RefuseFuture: the node does not start while its tip is ahead of the clock, as bitcoind.
	RefuseFuture bool
	// StopAt is the height at which the node stops by itself; 0: none.
	StopAt int32

	DBCache     int64       // bytes of coins kept in memory; 0: the ledger's default, or a quarter of GOMEMLIMIT
	AssumeValid *chain.Hash // scripts of its ancestors are taken as good; nil checks all

	Wallet      bool
	Keypool     uint32        // scripts of each kind that the wallet watches past the last one handed out; 0: its default
	AddressKind wallet.Kind   // of new addresses where a call names none; 0: bech32
	ChangeKind  *wallet.Kind  // of change; nil: it hides among what is paid
	Wallets     Wallets       // where they are, and which are loaded at the start
	Habits      wallet.Habits // how the wallets spend; zero: as Core's
	TxIndex     bool
	FilterIndex bool
	HideFilters bool // the filter index is not served to peers (BIP157)
	// Policy are the rules of relay; zero: those of policy.Core31.
	Policy     policy.Rules
	PoolBytes  int64         // of memory that the pool takes at most; 0: its default
	PoolExpiry time.Duration // of what no block takes; 0: the pool's default
	// ForgetPool neither loads mempool.dat at the start nor writes it at the stop.
	ForgetPool bool
	// PlainPoolFile writes mempool.dat in its older form, without a key that disguises it.
	PlainPoolFile bool
	// StaleEstimates uses fee_estimates.dat however old it is.
	StaleEstimates bool
	BlockWeight    int    // of a block of ours at most; 0: as much as it may have
	BlockVersion   *int32 // of a block of ours; nil: BIP9's, without a vote
	PrintPriority  bool   // log the fee rate of each transaction chosen for a block
	// CoinStatsIndex keeps the coin set's hash and amounts at every block.
	CoinStatsIndex bool
	AddressIndex   bool // keep the history of each script, in the chain and in the pool

	// Commands are run when something has happened; zero: none.
	Commands Commands

	EachTip bool   // the log has a line for each block, not one for many that come at once
	Version string // of the program, as "0.2.0"
	// UserAgent is what peers hear (BIP14) and getnetworkinfo says; "": /grapevine:VERSION/,
	// and in getnetworkinfo what clients of Bitcoin Core look for.
	UserAgent string
	// CaptureDir is where every message of every peer is written to; "": nowhere
	// [-capturemessages].
	CaptureDir string
	// MockTime is a Unix time in seconds at which the node's clock stands still from
	// the start; 0: it goes.
	MockTime int64
	// ClockAhead is by how much the node's clock goes on ahead of the machine's.
	ClockAhead time.Duration
	// LocalNode is the node's number in its local network; "": it is of none.
	LocalNode string
	// Links shape the connections with other nodes of a local network; nil: they are as
	// they are.
	Links rpc.Links

	Net  p2p.Network      // nil: TCP
	Rand io.Reader        // of keys, seeds and nonces; nil: the system's
	Now  func() time.Time // nil: time.Now
	Log  *slog.Logger     // nil discards
	// NoSync leaves out the file system's flushes: for tests whose files die with them.
	NoSync bool
}

// TCP is the real network, for who puts something around it.
func TCP() p2p.Network { return swarm.TCP{} }

// LookupName asks this machine's resolver, for Config.Lookup. Names below invalid lead
// nowhere, and nobody is told of them (RFC 6761).
func LookupName(ctx context.Context, host string) ([]netip.Addr, error) {
	if strings.HasSuffix(strings.ToLower(strings.TrimSuffix(host, ".")), ".invalid") {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// Wallets are the wallets of a node, by name.
type Wallets struct {
	Dir  string // holds a directory for each; "": wallets in DataDir
	File string // of each, in its directory; "": wallet.db
	// Asked: no wallet is there unless somebody made it, as in bitcoind; else the one
	// without a name is there from the start.
	Asked   bool
	Names   []string                   // to be loaded at the start
	Saved   []string                   // of them those that were asked for by RPC, which Save kept
	Default bool                       // nothing was said of them: the one without a name, if it is there
	Save    func(names []string) error // keeps those to be loaded at the start; nil: in a file of Dir
	Warn    func(text string)          // tells whoever started the node; nil: the log alone
	// Warnings are said of how wallets spend whenever one is taken into use.
	Warnings []string
}

// Mine says when a node makes blocks by itself.
type Mine struct {
	OnTx  bool          // as soon as a transaction enters the pool
	Every time.Duration // at this interval; 0: not
	About time.Duration // at random, at this interval on average, as the world's miners do; 0: not
}

// Bounds of Mine.Every and Mine.About: a block takes most of the first to make, and who
// finds fewer than the second does not mine.
const (
	minPause = time.Millisecond
	maxPause = 365 * 24 * time.Hour
)

// ParseMine reads manual, on-tx, every=10s or about=10s.
func ParseMine(s string) (m Mine, err error) {
	word, rest, timed := strings.Cut(s, "=")
	switch {
	case s == "manual":
		return m, nil
	case s == "on-tx":
		return Mine{OnTx: true}, nil
	case !timed || word != "every" && word != "about":
		return m, errors.New("want manual, on-tx, every=10s or about=10s")
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < minPause || d > maxPause {
		return m, fmt.Errorf("want a time as in %s=10s, a millisecond to a year", word)
	}
	if word == "about" {
		return Mine{About: d}, nil
	}
	return Mine{Every: d}, nil
}

// String is what ParseMine reads.
func (m Mine) String() string {
	switch {
	case m.OnTx:
		return "on-tx"
	case m.Every > 0:
		return "every=" + m.Every.String()
	case m.About > 0:
		return "about=" + m.About.String()
	}
	return "manual"
}

// ListenError says which flag's address could not be listened at.
type ListenError struct {
	Flag string // "--listen" or "--rpclisten"
	Err  *net.OpError
}

func (e *ListenError) Error() string { return e.Flag + ": " + e.Err.Error() }
func (e *ListenError) Unwrap() error { return e.Err }
