package msg

import (
	"net"
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
		ip := net.ParseIP(a.Host)
		if ip == nil {
			continue
		}
		seen, flags := time.Unix(a.Seen, 0), wire.ServiceFlag(a.Services)
		old.AddrList = append(old.AddrList, wire.NewNetAddressTimestamp(seen, flags, ip, a.Port))
		modern.AddrList = append(modern.AddrList, wire.NetAddressV2FromBytes(seen, flags, ip, a.Port))
	}
	switch {
	case len(old.AddrList) == 0:
		return nil
	case v2:
		return modern
	}
	return old
}

// Addrs reads an addr or addrv2 message. Of networks that we do not reach the
// host is no IP address.
func Addrs(m wire.Message) (addrs []p2p.Addr) {
	switch m := m.(type) {
	case *wire.MsgAddr:
		for _, a := range m.AddrList {
			addrs = append(addrs, p2p.Addr{
				Host: a.IP.String(), Port: a.Port, Services: uint64(a.Services), Seen: a.Timestamp.Unix(),
			})
		}
	case *wire.MsgAddrV2:
		for _, a := range m.AddrList {
			addrs = append(addrs, p2p.Addr{
				Host: a.Addr.String(), Port: a.Port, Services: uint64(a.Services), Seen: a.Timestamp.Unix(),
			})
		}
	}
	return addrs
}
