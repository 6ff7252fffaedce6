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

var (
	// ErrUnknownCommand: no message of this name is known. Not an offence: newer
	// nodes may know more.
	ErrUnknownCommand = errors.New("unknown command")
	// ErrUnreadable: the payload is not that of its message. It is ignored, as in
	// Core, where a message whose reading throws is not dealt with [ProcessMessages].
	ErrUnreadable = errors.New("cannot be read")
	// ErrLongLocator ends a connection, but is no offence [MAX_LOCATOR_SZ].
	ErrLongLocator = errors.New("locator is too long")
)

// Ignored says whether what Decode could not make is to be ignored.
func Ignored(err error) bool {
	return errors.Is(err, ErrUnknownCommand) || errors.Is(err, ErrUnreadable)
}

// DecodeError is a payload that no honest node sends: it can be read, but says too
// much, or what cannot be.
type DecodeError struct {
	Command string
	Offence p2p.Offence
}

func (e *DecodeError) Error() string { return fmt.Sprintf("bad %s: %s", e.Command, e.Offence) }
func (e *DecodeError) Unwrap() error { return e.Offence }

// Decode makes the message that command names from its payload, which it may
// keep. Blocks and transactions become *Block and *Tx. What follows a message in its
// payload is ignored, as in Core. The error is one that is Ignored, a *DecodeError or
// ErrLongLocator.
//
// Memory is bounded by a small multiple of len(payload): counts are compared
// with the bytes that are there before anything is allocated for them [CMessageHeader, NetMsgType].
func Decode(command string, payload []byte) (wire.Message, error) {
	if len(payload) > MaxPayload {
		return nil, offence(command, "payload of %d bytes", len(payload))
	}
	m, err := decode(command, payload)
	var known *DecodeError
	if err != nil && !errors.As(err, &known) && !errors.Is(err, ErrUnknownCommand) && !errors.Is(err, ErrLongLocator) {
		return nil, fmt.Errorf("%s of %d bytes %w: %w", command, len(payload), ErrUnreadable, err)
	}
	return m, err
}

func decode(command string, payload []byte) (wire.Message, error) {
	switch command {
	case wire.CmdBlock:
		b, err := chain.DecodeFirstBlock(payload)
		if err != nil {
			return nil, err
		}
		return &Block{b}, nil
	case wire.CmdTx:
		t, _, err := chain.DecodeTxPrefix(payload)
		if err != nil {
			return nil, err
		}
		return &Tx{t}, nil
	}
	m, s := blank(command)
	if m == nil {
		return nil, fmt.Errorf("%w %q", ErrUnknownCommand, command)
	}
	if err := s.check(payload); err != nil {
		var many tooMany
		switch {
		case !errors.As(err, &many):
		case s.max == maxLocator:
			return nil, fmt.Errorf("%s: %w: %w", command, ErrLongLocator, err)
		case !s.lenient:
			return nil, offence(command, "%s message size = %d", command, uint64(many))
		}
		return nil, err
	}
	if err := m.BtcDecode(bytes.NewBuffer(payload), ProtocolVersion, wire.WitnessEncoding); err != nil {
		if errors.Is(err, errPlaces) {
			return nil, offence(command, "%v", err)
		}
		return nil, err
	}
	return m, nil
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
