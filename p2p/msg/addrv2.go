package msg

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
)

// AddrV2 is the addrv2 message (BIP155), also with addresses of I2P and CJDNS, which wire
// leaves out. Each is
//
//	time 4 | services, compactSize | network 1 | size, compactSize | address | port 2, big-endian
//
// What is of a network that we do not know, or not an address of the one it says, is read
// and left out.
type AddrV2 struct{ Addrs []p2p.Addr }

// Numbers of the networks in BIP155. The third was Tor's second version, which is gone.
const (
	netIPv4  = 1
	netIPv6  = 2
	netOnion = 4
	netI2P   = 5
	netCJDNS = 6
)

// AddrV2Size is that of addresses of a network, by its number in BIP155 [ADDR_IPV4_SIZE and so on].
func AddrV2Size(network byte) (size int, known bool) {
	switch network {
	case netIPv4:
		return 4, true
	case netIPv6, netCJDNS:
		return 16, true
	case netOnion, netI2P:
		return 32, true
	}
	return 0, false
}

// maxAddrV2 bounds an address of whatever network [MAX_ADDRV2_SIZE].
const maxAddrV2 = 512

// BtcDecode reads all addresses.
func (m *AddrV2) BtcDecode(r io.Reader, pver uint32, _ wire.MessageEncoding) error {
	n, err := wire.ReadVarInt(r, pver)
	if err != nil {
		return err
	}
	if n > MaxAddrs {
		return tooMany(n)
	}
	m.Addrs = make([]p2p.Addr, 0, n)
	for range n {
		a, ok, err := readAddrV2(r, pver)
		if err != nil {
			return err
		}
		if ok {
			m.Addrs = append(m.Addrs, a)
		}
	}
	return nil
}

// readAddrV2 reads one; ok is false when it is of no use.
func readAddrV2(r io.Reader, pver uint32) (a p2p.Addr, ok bool, err error) {
	var seen uint32
	if err := binary.Read(r, binary.LittleEndian, &seen); err != nil {
		return a, false, err
	}
	services, err := wire.ReadVarInt(r, pver)
	if err != nil {
		return a, false, err
	}
	var network [1]byte
	if _, err := io.ReadFull(r, network[:]); err != nil {
		return a, false, err
	}
	size, err := wire.ReadVarInt(r, pver)
	if err != nil {
		return a, false, err
	}
	if size > maxAddrV2 {
		return a, false, fmt.Errorf("Address too long: %d > %d", size, maxAddrV2) //lint:ignore ST1005 Core's words
	}
	raw := make([]byte, size+2)
	if _, err := io.ReadFull(r, raw); err != nil {
		return a, false, err
	}
	id, port := raw[:size], binary.BigEndian.Uint16(raw[size:])
	if want, known := AddrV2Size(network[0]); known && want != len(id) {
		return a, false, fmt.Errorf("BIP155 network %d with address of %d bytes, should be %d", network[0], len(id), want)
	}
	at, ok := AddrV2Of(network[0], id)
	return p2p.Addr{At: netip.AddrPortFrom(at, port), Services: wire.ServiceFlag(services), Seen: int64(seen)}, ok, nil
}

// AddrV2Of makes an address of its bytes, which are as many as AddrV2Size says. IPv6 is not
// to carry those of others [IsAddrV1Compatible].
func AddrV2Of(network byte, id []byte) (netip.Addr, bool) {
	switch network {
	case netIPv4:
		return netip.AddrFromSlice(id)
	case netIPv6:
		a := netip.AddrFrom16([16]byte(id))
		return a, !a.Is4In6() && !bytes.HasPrefix(id, p2p.OnionPrefix())
	case netOnion:
		return p2p.OverlayAddr(p2p.Onion, id)
	case netI2P:
		return p2p.OverlayAddr(p2p.I2P, id)
	case netCJDNS:
		return p2p.OverlayAddr(p2p.CJDNS, id)
	}
	return netip.Addr{}, false
}

// BtcEncode writes them.
func (m *AddrV2) BtcEncode(w io.Writer, pver uint32, _ wire.MessageEncoding) error {
	if len(m.Addrs) > MaxAddrs {
		return tooMany(len(m.Addrs))
	}
	var buf bytes.Buffer
	number := func(n uint64) { _ = wire.WriteVarInt(&buf, pver, n) } // a buffer takes all
	number(uint64(len(m.Addrs)))
	for _, a := range m.Addrs {
		network, id := bip155(a.At.Addr())
		buf.Write(binary.LittleEndian.AppendUint32(nil, uint32(a.Seen)))
		number(uint64(a.Services))
		buf.WriteByte(network)
		number(uint64(len(id)))
		buf.Write(id)
		buf.Write(binary.BigEndian.AppendUint16(nil, a.At.Port()))
	}
	_, err := buf.WriteTo(w)
	return err
}

func bip155(a netip.Addr) (network byte, id []byte) {
	switch name, id := p2p.Overlay(a); name {
	case p2p.Onion:
		return netOnion, id
	case p2p.I2P:
		return netI2P, id
	case p2p.CJDNS:
		return netCJDNS, id
	}
	if a = a.Unmap(); a.Is4() {
		return netIPv4, a.AsSlice()
	}
	return netIPv6, a.AsSlice()
}

// Command is "addrv2".
func (m *AddrV2) Command() string { return wire.CmdAddrV2 }

// MaxPayloadLength is MaxPayload.
func (m *AddrV2) MaxPayloadLength(uint32) uint32 { return MaxPayload }
