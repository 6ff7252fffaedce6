package swarm

import (
	"net/netip"
	"time"

	"grapevine/p2p"
)

// Options are how people want the network to be; bitcoind's names for them stand in
// brackets. The zero value is what `grapevine node` does without flags.
type Options struct {
	Binds     []p2p.Bind  // where peers are accepted, beside Config.Listen [-bind, -whitebind]
	Whitelist []p2p.Grant // permissions by address [-whitelist]

	p2p.Roads // to other networks, and through proxies

	StartsIdle bool // the network is switched off until setnetworkactive [-networkactive=0]
	// Public makes a local network like a public one: addresses that the internet does
	// not route are not told, network groups count, getaddr is answered by a sample. So
	// bitcoind is on regtest.
	Public bool

	// UploadTarget is how many bytes a day are to be sent at most: beyond them, and a
	// reserve for new blocks, old blocks are not served; 0: no limit [-maxuploadtarget].
	UploadTarget uint64

	PeerTimeout time.Duration // for a handshake, and from when on silence counts; 0: a minute [-peertimeout]
	DialTimeout time.Duration // 0: ten seconds [-timeout]

	BanTime time.Duration // of a ban by hand when nobody says; 0: a day [-bantime]

	SeedNodes     []string // HOST[:PORT], asked for addresses at the start and left [-seednode]
	NoDNSSeeds    bool     // [-dnsseed=0]
	NoFixedSeeds  bool     // [-fixedseeds=0]
	ForceDNSSeeds bool     // asked however many addresses are known [-forcednsseed]
	// SeedsBesideConnect: DNS seeds are asked though only certain peers are dialled [-connect -dnsseed=1].
	SeedsBesideConnect bool
	External           []netip.AddrPort // our addresses, as people say; port 0: the one we listen at [-externalip]
	// Capture is told every message of every peer, by the peers' own goroutines; nil:
	// nobody wants them [-capturemessages].
	Capture func(peer string, received bool, command string, payload []byte)

	// I2PKey is the file with the private key of the I2P destination at which peers come in;
	// "": none do [-i2pacceptincoming].
	I2PKey string

	Tor TorControl // makes an onion service that leads to us [-listenonion]

	Discover bool // our addresses are those of this machine [-discover]
}

func (o *Options) peerTimeout() time.Duration {
	if o.PeerTimeout > 0 {
		return o.PeerTimeout
	}
	return time.Minute // [DEFAULT_PEER_CONNECT_TIMEOUT]
}

func (o *Options) banTime() time.Duration {
	if o.BanTime != 0 {
		return o.BanTime
	}
	return 24 * time.Hour // [DEFAULT_MISBEHAVING_BANTIME]
}

func (o *Options) dialTimeout() time.Duration {
	if o.DialTimeout > 0 {
		return o.DialTimeout
	}
	return dialTime
}
