package msg

import (
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

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

func (e *DecodeError) Error() string { return fmt.Sprintf("%s: %s", e.Command, e.Offence) }

// Decode makes the message that command names from its payload, which it may
// keep. Blocks and transactions become *Block and *Tx. The error is
// ErrUnknownCommand or a *DecodeError.
func Decode(command string, payload []byte) (wire.Message, error) {
	return nil, errors.New("not built yet")
}

// Encode is the inverse of Decode.
func Encode(m wire.Message) (command string, payload []byte, err error) {
	return "", nil, errors.New("not built yet")
}
