package msg

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
)

// MaxPayload is the longest payload in bytes that is read or written: Bitcoin
// Core's MAX_PROTOCOL_MESSAGE_LENGTH, just above the largest block.
const MaxPayload = 4_000_000

// ErrUnknownCommand: no message of this name is known. Not an offence: newer
// nodes may know more.
var ErrUnknownCommand = errors.New("unknown command")

// DecodeError is a payload that no honest node sends.
type DecodeError struct {
	Command string
	Offence p2p.Offence
}

func (e *DecodeError) Error() string { return fmt.Sprintf("bad %s: %s", e.Command, e.Offence) }
func (e *DecodeError) Unwrap() error { return e.Offence }

// Decode makes the message that command names from its payload, which it may
// keep. Blocks and transactions become *Block and *Tx. The error is
// ErrUnknownCommand or a *DecodeError.
//
// Memory is bounded by a small multiple of len(payload): counts are compared
// with the bytes that are there before anything is allocated for them.
func Decode(command string, payload []byte) (wire.Message, error) {
	if len(payload) > MaxPayload {
		return nil, offence(command, "payload of %d bytes", len(payload))
	}
	switch command {
	case wire.CmdBlock:
		b, err := chain.DecodeBlock(payload)
		if err != nil {
			return nil, offence(command, "%v", err)
		}
		return &Block{b}, nil
	case wire.CmdTx:
		t, err := chain.DecodeTx(payload)
		if err != nil {
			return nil, offence(command, "%v", err)
		}
		return &Tx{t}, nil
	}
	m, s := blank(command)
	if m == nil {
		return nil, fmt.Errorf("%w %q", ErrUnknownCommand, command)
	}
	if err := s.check(payload); err != nil {
		return nil, s.unreadable(command, err)
	}
	buf := bytes.NewBuffer(payload)
	if err := m.BtcDecode(buf, ProtocolVersion, wire.WitnessEncoding); err != nil {
		return nil, s.unreadable(command, err)
	}
	if buf.Len() > 0 && !s.grows {
		return nil, offence(command, "%d bytes too many", buf.Len())
	}
	return m, nil
}

// unreadable is an offence, but of a message where Core only ignores what it cannot
// read; too many entries are one there too [MAX_ADDR_TO_SEND].
func (s shape) unreadable(command string, err error) error {
	if s.ignored && !errors.Is(err, errTooMany) {
		return fmt.Errorf("%w: %s that cannot be read: %w", ErrUnknownCommand, command, err)
	}
	return offence(command, "%v", err)
}

func offence(command, format string, args ...any) error {
	return &DecodeError{command, p2p.Offence(fmt.Sprintf(format, args...))}
}

// Encode is the inverse of Decode.
func Encode(m wire.Message) (command string, payload []byte, err error) {
	command = m.Command()
	if b, ok := m.(*Block); ok {
		return command, b.Raw, nil
	}
	var buf bytes.Buffer
	if err := m.BtcEncode(&buf, ProtocolVersion, wire.WitnessEncoding); err != nil {
		return command, nil, fmt.Errorf("encode %s: %w", command, err)
	}
	if buf.Len() > MaxPayload {
		return command, nil, fmt.Errorf("encode %s: %d bytes are too many", command, buf.Len())
	}
	return command, buf.Bytes(), nil
}
