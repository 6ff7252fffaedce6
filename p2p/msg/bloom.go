package msg

import (
	"encoding/binary"
	"io"

	"github.com/btcsuite/btcd/wire/v2"
)

// FilterLoad and FilterAdd are read whatever their size, which is the conversation's
// business (BIP37): what wire's own would not read is an offence of who may send it.
type (
	// FilterLoad asks for a filter: bytes, number of hashes, tweak, flags.
	FilterLoad struct{ wire.MsgFilterLoad }
	// FilterAdd adds an element to it.
	FilterAdd struct{ Data []byte }
)

// BtcDecode reads the message.
func (m *FilterLoad) BtcDecode(r io.Reader, pver uint32, _ wire.MessageEncoding) (err error) {
	if m.Filter, err = wire.ReadVarBytes(r, pver, MaxPayload, "filter"); err != nil {
		return err
	}
	var b [4 + 4 + 1]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return err
	}
	m.HashFuncs, m.Tweak = binary.LittleEndian.Uint32(b[:]), binary.LittleEndian.Uint32(b[4:])
	m.Flags = wire.BloomUpdateType(b[8])
	return nil
}

// BtcEncode writes the message.
func (m *FilterLoad) BtcEncode(w io.Writer, pver uint32, _ wire.MessageEncoding) error {
	if err := wire.WriteVarBytes(w, pver, m.Filter); err != nil {
		return err
	}
	b := binary.LittleEndian.AppendUint32(nil, m.HashFuncs)
	b = append(binary.LittleEndian.AppendUint32(b, m.Tweak), byte(m.Flags))
	_, err := w.Write(b)
	return err
}

// MaxPayloadLength is MaxPayload.
func (m *FilterLoad) MaxPayloadLength(uint32) uint32 { return MaxPayload }

// BtcDecode reads the message.
func (m *FilterAdd) BtcDecode(r io.Reader, pver uint32, _ wire.MessageEncoding) (err error) {
	m.Data, err = wire.ReadVarBytes(r, pver, MaxPayload, "element")
	return err
}

// BtcEncode writes the message.
func (m *FilterAdd) BtcEncode(w io.Writer, pver uint32, _ wire.MessageEncoding) error {
	return wire.WriteVarBytes(w, pver, m.Data)
}

// Command is "filteradd".
func (m *FilterAdd) Command() string { return wire.CmdFilterAdd }

// MaxPayloadLength is MaxPayload.
func (m *FilterAdd) MaxPayloadLength(uint32) uint32 { return MaxPayload }
