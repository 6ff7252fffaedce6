package msg

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"

	"github.com/btcsuite/btcd/wire/v2"
)

// Twin finds out whether two connections lead to one node. Who has dialled a node
// asks it there whether it has made a certain other connection too; the answer is
// the same message with Yes set, and no answer is a no.
//
//	nonce 8 | address 16 | port 2, big-endian | yes 1
//
// The nonce is the one that the other connection's version message said, which
// nobody knows but its two ends. The address is where that connection arrived: who
// has dialled elsewhere, and was passed on by somebody between, says no.
type Twin struct {
	Nonce uint64
	At    netip.AddrPort
	Yes   bool
}

const twinSize = 8 + 16 + 2 + 1

// BtcDecode reads the message.
func (m *Twin) BtcDecode(r io.Reader, _ uint32, _ wire.MessageEncoding) error {
	var b [twinSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return err
	}
	if b[26] > 1 {
		return fmt.Errorf("answer byte is %d", b[26])
	}
	m.Nonce, m.Yes = binary.LittleEndian.Uint64(b[:]), b[26] == 1
	m.At = netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])).Unmap(), binary.BigEndian.Uint16(b[24:]))
	return nil
}

// BtcEncode writes the message.
func (m *Twin) BtcEncode(w io.Writer, _ uint32, _ wire.MessageEncoding) error {
	b := binary.LittleEndian.AppendUint64(nil, m.Nonce)
	ip := m.At.Addr().As16()
	b = binary.BigEndian.AppendUint16(append(b, ip[:]...), m.At.Port())
	yes := byte(0)
	if m.Yes {
		yes = 1
	}
	_, err := w.Write(append(b, yes))
	return err
}

// Command is "gvtwin".
func (m *Twin) Command() string { return CmdTwin }

// MaxPayloadLength is twinSize.
func (m *Twin) MaxPayloadLength(uint32) uint32 { return twinSize }
