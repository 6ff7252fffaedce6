package msg

import (
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
)

// AddrsOf makes an addr message, or addrv2 (BIP155), of at most MaxAddrs
// addresses; nil when there is nothing to say. addr has room for those of IP alone.
func AddrsOf(addrs []p2p.Addr, v2 bool) wire.Message {
	addrs = addrs[:min(len(addrs), MaxAddrs)]
	if v2 && len(addrs) > 0 {
		return &AddrV2{slices.Clone(addrs)}
	}
	old := &wire.MsgAddr{}
	for _, a := range addrs {
		if network, _ := p2p.Overlay(a.At.Addr()); network == "" {
			seen, ip := time.Unix(a.Seen, 0), net.IP(a.At.Addr().AsSlice())
			old.AddrList = append(old.AddrList, wire.NewNetAddressTimestamp(seen, a.Services, ip, a.At.Port()))
		}
	}
	if len(old.AddrList) == 0 {
		return nil
	}
	return old
}

// Addrs reads an addr or addrv2 message.
func Addrs(m wire.Message) (addrs []p2p.Addr) {
	switch m := m.(type) {
	case *wire.MsgAddr:
		for _, a := range m.AddrList {
			if at, ok := netip.AddrFromSlice(a.IP); ok {
				addrs = append(addrs, p2p.Addr{At: netip.AddrPortFrom(at.Unmap(), a.Port), Services: a.Services, Seen: a.Timestamp.Unix()})
			}
		}
	case *AddrV2:
		addrs = m.Addrs
	}
	return addrs
}
