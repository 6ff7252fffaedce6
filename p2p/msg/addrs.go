package msg

import (
	"net"
	"net/netip"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
)

// AddrsOf makes an addr message, or addrv2 (BIP155), of at most MaxAddrs
// addresses; nil when there is nothing to say.
func AddrsOf(addrs []p2p.Addr, v2 bool) wire.Message {
	addrs = addrs[:min(len(addrs), MaxAddrs)]
	old, modern := &wire.MsgAddr{}, &wire.MsgAddrV2{}
	for _, a := range addrs {
		seen, ip := time.Unix(a.Seen, 0), net.IP(a.At.Addr().AsSlice())
		old.AddrList = append(old.AddrList, wire.NewNetAddressTimestamp(seen, a.Services, ip, a.At.Port()))
		modern.AddrList = append(modern.AddrList, wire.NetAddressV2FromBytes(seen, a.Services, ip, a.At.Port()))
	}
	switch {
	case len(old.AddrList) == 0:
		return nil
	case v2:
		return modern
	}
	return old
}

// Addrs reads an addr or addrv2 message. Addresses of networks that we do not reach
// are left out.
func Addrs(m wire.Message) (addrs []p2p.Addr) {
	add := func(ip string, port uint16, a p2p.Addr) {
		if at, err := netip.ParseAddr(ip); err == nil {
			a.At = netip.AddrPortFrom(at.Unmap(), port)
			addrs = append(addrs, a)
		}
	}
	switch m := m.(type) {
	case *wire.MsgAddr:
		for _, a := range m.AddrList {
			add(a.IP.String(), a.Port, p2p.Addr{Services: a.Services, Seen: a.Timestamp.Unix()})
		}
	case *wire.MsgAddrV2:
		for _, a := range m.AddrList {
			add(a.Addr.String(), a.Port, p2p.Addr{Services: a.Services, Seen: a.Timestamp.Unix()})
		}
	}
	return addrs
}
