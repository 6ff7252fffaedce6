package msg

import (
	"encoding/binary"
	"io"

	"github.com/btcsuite/btcd/wire/v2"
)

// Names of messages that wire does not have.
const (
	CmdSendCmpct   = "sendcmpct"   // BIP152
	CmdCmpctBlock  = "cmpctblock"  // BIP152
	CmdGetBlockTxn = "getblocktxn" // BIP152
	CmdBlockTxn    = "blocktxn"    // BIP152
)

// SendCmpct says how a peer wants new blocks announced (BIP152): announce byte
// 0 or another, then the version of the compact format, 8 bytes little-endian.
type SendCmpct struct {
	Announce bool
	Version  uint64
}

const sendCmpctSize = 9

// BtcDecode reads the nine bytes.
func (m *SendCmpct) BtcDecode(r io.Reader, _ uint32, _ wire.MessageEncoding) error {
	var b [sendCmpctSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return err
	}
	m.Announce, m.Version = b[0] != 0, binary.LittleEndian.Uint64(b[1:])
	return nil
}

// BtcEncode writes the nine bytes.
func (m *SendCmpct) BtcEncode(w io.Writer, _ uint32, _ wire.MessageEncoding) error {
	var b [sendCmpctSize]byte
	if m.Announce {
		b[0] = 1
	}
	binary.LittleEndian.PutUint64(b[1:], m.Version)
	_, err := w.Write(b[:])
	return err
}

// Command is "sendcmpct".
func (m *SendCmpct) Command() string { return CmdSendCmpct }

// MaxPayloadLength is nine bytes.
func (m *SendCmpct) MaxPayloadLength(uint32) uint32 { return sendCmpctSize }

// Opaque is a message that is known by its name but that we do not read:
// filtered blocks and compact filters served to us, rejects.
type Opaque struct {
	Name    string
	Payload []byte
}

// BtcDecode takes the rest of r as the payload.
func (m *Opaque) BtcDecode(r io.Reader, _ uint32, _ wire.MessageEncoding) (err error) {
	m.Payload, err = io.ReadAll(io.LimitReader(r, MaxPayload))
	return err
}

// BtcEncode writes the payload as it came.
func (m *Opaque) BtcEncode(w io.Writer, _ uint32, _ wire.MessageEncoding) error {
	_, err := w.Write(m.Payload)
	return err
}

// Command is the name it came under.
func (m *Opaque) Command() string { return m.Name }

// MaxPayloadLength is MaxPayload.
func (m *Opaque) MaxPayloadLength(uint32) uint32 { return MaxPayload }
