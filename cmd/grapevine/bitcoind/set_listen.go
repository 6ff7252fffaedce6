package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"grapevine/cmd/grapevine/args"
	"grapevine/p2p"
)

// addresses decides where the node listens for peers, what they may do, and what the
// network is like.
func (s *setup) addresses() error {
	s.cfg.Public = true
	if s.Bool("forcednsseed", false) && !s.Bool("dnsseed", true) {
		return errors.New("Cannot set -forcednsseed to true when setting -dnsseed to false.")
	}
	s.cfg.NoDNSSeeds, s.cfg.ForceDNSSeeds = !s.Bool("dnsseed", true), s.Bool("forcednsseed", false)
	s.seeding()
	s.cfg.NoFixedSeeds = !s.Bool("fixedseeds", true)
	s.cfg.Discover = s.Bool("discover", true)
	s.later(s.roads())
	port, err := s.port()
	s.later(cmp.Or(err, s.checkTorPort()))
	binds := len(s.List("bind")) + len(s.List("whitebind"))
	if binds == 0 && s.Has("port") {
		s.warnPort("port", port)
	}
	listens := s.Bool("listen", true)
	switch {
	case binds > 0 && !listens:
		return errors.New("Cannot set -bind or -whitebind together with -listen=0")
	case !listens && s.Bool("listenonion", true):
		return errors.New("Cannot set -listen=0 together with -listenonion=1")
	case listens:
		s.later(cmp.Or(s.binds(port), s.tor()))
	}
	s.later(s.whitelist())
	return nil
}

// seeding notes what -connect makes of the seeds. Regtest has one, whose name leads nowhere.
func (s *setup) seeding() {
	s.cfg.SeedsBesideConnect = true
	if s.chain == "regtest" {
		s.cfg.Params.DNSSeeds = []chaincfg.DNSSeed{{Host: "dummySeed.invalid."}}
	}
	if len(s.cfg.Connect) > 0 && len(s.cfg.SeedNodes) > 0 {
		s.Notes = append(s.Notes, "-seednode is ignored when -connect is used")
	}
	if s.Has("connect") && s.Has("dnsseed") && s.Bool("dnsseed", true) && s.Has("proxy") {
		s.Notes = append(s.Notes, "-dnsseed is ignored when -connect is used and -proxy is specified")
	}
}

// threads says what begins with the node, as Core's threads do by their names [CConnman::Start].
func (p *program) threads(s *setup) {
	if s.cfg.NoDNSSeeds {
		p.say(slog.LevelInfo, "DNS seeding disabled")
	}
	p.say(slog.LevelInfo, "addcon thread start")
	if !s.cfg.DialNobody || len(s.cfg.Connect) > 0 {
		p.say(slog.LevelInfo, "opencon thread start")
	}
}

// port is the one to listen at where none is named.
func (s *setup) port() (uint16, error) {
	if !s.Has("port") {
		return p2p.DefaultPort(s.cfg.Params), nil
	}
	n, err := strconv.ParseUint(s.String("port", ""), 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("Invalid port specified in -port: '%s'", s.String("port", ""))
	}
	return uint16(n), nil
}

// binds are the addresses of -bind and -whitebind, or all of this machine. Who comes
// through Tor has a listener of its own, unless -bind names others [InitBinds, BindListenPort].
func (s *setup) binds(port uint16) error {
	add := func(at netip.AddrPort, may p2p.Permissions, onion bool) {
		s.cfg.Binds = append(s.cfg.Binds, p2p.Bind{At: at.String(), Permissions: may, Onion: onion})
	}
	for _, text := range s.List("bind") {
		where, kind, tagged := text, "", false
		if i := strings.LastIndex(text, "="); i >= 0 {
			where, kind, tagged = text[:i], text[i+1:], true
		}
		own := port
		if tagged {
			own++
		}
		to, err := p2p.ParseHostPort(where, own)
		at, ok := to.AddrPort()
		switch {
		case badPort(where):
			return fmt.Errorf("Invalid port specified in -bind: '%s'", text)
		case err != nil || !ok || tagged && kind != "onion":
			return fmt.Errorf("Cannot resolve -bind address: '%s'", text)
		case !tagged:
			s.warnPort("bind", at.Port())
		}
		add(at, 0, tagged)
	}
	for _, text := range s.List("whitebind") {
		if _, where, _ := strings.Cut(text, "@"); badPort(where) {
			return fmt.Errorf("Invalid port specified in -whitebind: '%s'", text)
		}
		at, may, err := p2p.ParseWhitebind(text, s.implicit())
		if err != nil {
			return err
		}
		add(at, may, false)
	}
	if len(s.cfg.Binds) == 0 {
		s.cfg.Binds = append(s.cfg.Binds, p2p.Bind{At: net.JoinHostPort("::", strconv.Itoa(int(port))), Any: true})
	}
	if len(s.List("bind")) == 0 {
		add(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port+1), 0, true)
	}
	return nil
}

// apart checks that peers and RPC have no address in common: the listener for Tor's peers stands at
// -port's next, where Core finds RPC's, which listens first, and ends.
func (s *setup) apart() {
	for _, rpc := range append([]string{s.cfg.RPCListen}, s.cfg.RPCBind...) {
		if slices.ContainsFunc(s.cfg.Binds, func(b p2p.Bind) bool { return b.At == rpc }) {
			s.Notes = append(s.Notes, "RPC and peers would both be listened for at "+rpc+": choose another -rpcport, or name addresses by -bind")
			s.later(fmt.Errorf("Unable to bind to %s on this computer. Bitcoin Core is probably already running.\nError: Failed to listen on any port. Use -listen=0 if you want this.", rpc))
			return
		}
	}
}

// badPort: what stands behind the host is no port.
func badPort(text string) bool {
	_, _, ok := args.SplitHostPort(text)
	return !ok
}

// implicit is what a grant without names gives.
func (s *setup) implicit() p2p.Permissions {
	return p2p.Implicit(s.Bool("whitelistrelay", true), s.Bool("whitelistforcerelay", false))
}

func (s *setup) whitelist() error {
	for _, text := range s.List("whitelist") {
		g, err := p2p.ParseGrant(text, s.implicit())
		if err != nil {
			return err
		}
		s.cfg.Whitelist = append(s.cfg.Whitelist, g)
	}
	return nil
}

func setExternalIP(s *setup) error {
	for _, text := range s.List("externalip") {
		to, err := p2p.ParseHostPort(text, 0)
		at, ok := to.AddrPort()
		if err != nil || !ok {
			s.later(fmt.Errorf("Cannot resolve -externalip address: '%s'", text))
			continue
		}
		s.cfg.External = append(s.cfg.External, at)
	}
	return nil
}

// defaultASMap is the file of -asmap without a name [DEFAULT_ASMAP_FILENAME].
const defaultASMap = "ip_asn.map"

func setASMap(s *setup) error {
	if !s.off("asmap") {
		s.cfg.ASMap = cmp.Or(s.String("asmap", ""), defaultASMap)
	}
	return nil
}

func setCheckAddrman(s *setup) error {
	s.cfg.CheckAddrs = s.Int("checkaddrman", 0)
	return nil
}

func setPeerTimeout(s *setup) error {
	n := s.Int("peertimeout", 60)
	if n <= 0 {
		return errors.New("peertimeout must be a positive integer.")
	}
	const most = 100 * 365 * 24 * 60 * 60 // a hundred years: more would not fit a Duration some day
	s.cfg.PeerTimeout = time.Duration(min(n, most)) * time.Second
	return nil
}

func setTimeout(s *setup) error {
	n := s.Int("timeout", 5000)
	if n <= 0 {
		n = 5000 // [DEFAULT_CONNECT_TIMEOUT]
	}
	const most = 24 * 60 * 60 * 1000 // a day
	s.cfg.DialTimeout = time.Duration(min(n, most)) * time.Millisecond
	return nil
}

func setNetworkActive(s *setup) error {
	s.cfg.StartsIdle = !s.Bool("networkactive", true)
	return nil
}

func setSeedNode(s *setup) error {
	s.seedNodes("seednode")
	return nil
}

// seedNodes names the first contacts that an option lists.
func (s *setup) seedNodes(option string) {
	for _, at := range s.List(option) {
		if s.address(option, at) {
			s.cfg.SeedNodes = append(s.cfg.SeedNodes, at)
		}
	}
}

// setSignetSeedNode names the first contacts of a signet, in place of its seeds [SigNetParams].
func setSignetSeedNode(s *setup) error {
	if s.chain != "signet" {
		return nil
	}
	s.cfg.Params.DNSSeeds = nil
	s.seedNodes("signetseednode")
	return nil
}

func setDNS(s *setup) error {
	if !s.Bool("dns", true) {
		s.cfg.Lookup = nil
	}
	return nil
}

// setBanTime takes how long a ban lasts when setban does not say.
func setBanTime(s *setup) error {
	const most = 100 * 365 * 24 * 60 * 60                                                               // seconds; many more would not fit a Duration
	s.cfg.BanTime = time.Duration(max(min(cmp.Or(s.Int("bantime", 0), -1), most), -most)) * time.Second // 0 is over at once
	return nil
}
