package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"grapevine/p2p"
	"grapevine/p2p/swarm"
)

const samPort = 7656 // where an I2P router's SAM bridge usually listens

// roads decides which networks are dialled, and through what.
func (s *setup) roads() (err error) {
	r := &s.cfg.Roads
	if r.OnlyNets, err = p2p.ParseNetworks(s.List("onlynet")); err != nil {
		return err
	}
	r.CJDNS = s.Bool("cjdnsreachable", false)
	if !r.Internet() && s.Bool("dnsseed", false) {
		return errors.New("Incompatible options: -dnsseed=1 was explicitly specified, but -onlynet forbids connections to IPv4/IPv6")
	}
	if r.Proxy, err = s.proxy("proxy", p2p.TorPort); err != nil {
		return err
	}
	r.Onion = r.Proxy
	if text := s.String("onion", ""); s.Negated("onion") || text != "" {
		if r.Onion, err = s.proxy("onion", p2p.TorPort); err != nil {
			return err
		}
	}
	if r.SAM, err = s.proxy("i2psam", samPort); err != nil {
		return err
	}
	r.SAM.Isolate = false
	if r.SAM.IsValid() && s.Bool("i2pacceptincoming", true) {
		s.cfg.I2PKey = filepath.Join(s.NetDir(), "i2p_private_key")
	}
	return s.restricted()
}

// restricted checks that -onlynet names no network to which there is no road.
func (s *setup) restricted() error {
	r := s.cfg.Roads
	only := func(network string) bool { return slices.Contains(r.OnlyNets, network) }
	switch {
	case only(p2p.CJDNS) && !r.CJDNS:
		return errors.New("Outbound connections restricted to CJDNS (-onlynet=cjdns) but -cjdnsreachable is not provided")
	case only(p2p.I2P) && !r.SAM.IsValid():
		return errors.New("Outbound connections restricted to i2p (-onlynet=i2p) but -i2psam is not provided")
	case !only(p2p.Onion) || r.Onion.IsValid():
	case s.off("onion"):
		return errors.New("Outbound connections restricted to Tor (-onlynet=onion) but the proxy for reaching the Tor network is explicitly forbidden: -onion=0")
	case !s.Bool("listenonion", true):
		return errors.New("Outbound connections restricted to Tor (-onlynet=onion) but the proxy for reaching the Tor network is not provided: none of -proxy, -onion or -listenonion is given")
	default:
		s.Notes = append(s.Notes, "Warning: outbound connections are restricted to Tor (-onlynet=onion), and no proxy leads there; name it by -onion, for Tor is not asked where its own is")
	}
	return nil
}

// proxy reads where a proxy is: HOST[:PORT] or unix:PATH; none when the option is off or empty [SetProxy].
func (s *setup) proxy(option string, port uint16) (p2p.Proxy, error) {
	text := s.String(option, "")
	if text == "" || s.off(option) {
		return p2p.Proxy{}, nil
	}
	if !strings.HasPrefix(text, "unix:") && badPort(text) {
		return p2p.Proxy{}, fmt.Errorf("Invalid port specified in -%s: '%s'", option, text)
	}
	p, err := p2p.ParseProxy(text, port, s.cfg.Lookup)
	if err != nil || option == "i2psam" && p.Socket != "" {
		return p2p.Proxy{}, fmt.Errorf("Invalid -%s address or hostname: '%s'", option, text)
	}
	p.Isolate = s.Bool("proxyrandomize", true)
	return p, nil
}

// torControlPort is where Tor's control port usually is [DEFAULT_TOR_CONTROL_PORT].
const torControlPort = 9051

// tor has Tor make an onion service that leads to us [-listenonion].
func (s *setup) tor() error {
	at := p2p.Proxy{At: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), torControlPort)}
	if !s.Bool("listenonion", true) {
		return nil
	}
	if s.String("torcontrol", "") != "" {
		var err error
		if at, err = s.proxy("torcontrol", torControlPort); err != nil {
			return err
		}
	}
	s.cfg.Tor = swarm.TorControl{At: at, Password: s.String("torpassword", ""), KeyFile: filepath.Join(s.NetDir(), "onion_v3_private_key")}
	return nil
}

// checkTorPort refuses a -torcontrol whose port is none, as a socket's, also where Tor is not asked
// [CheckHostPortOptions].
func (s *setup) checkTorPort() error {
	if text := s.String("torcontrol", ""); text != "" && badPort(text) {
		return fmt.Errorf("Invalid port specified in -torcontrol: '%s'", text)
	}
	return nil
}
