package msg

import (
	"fmt"
	"io"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// CmdGiven and the id under which it is agreed on (BIP434).
const (
	CmdGiven     = "gvgiven"
	FeatureGiven = "grapevine/given/1"
)

// Given answers a newcomer that asks for bodies which others have been given just now: it
// will have them from those. What it asked for and is marked here is not sent; it may ask
// for the rest, and again for these when they do not come.
//
//	last 32 | count 2, little-endian | given ⌈count/8⌉
//
// Bit i is the block i+1 above last on the way to the sender's tip. Bits beyond count are 0. With a count of 0 it is
// the newcomer's answer: it knows nobody else who could have them.
type Given struct {
	Last  chain.Hash
	Count uint16 // at most MaxHave
	Given Bits
}

// NewGiven speaks of count blocks above last and marks none of them yet.
func NewGiven(last chain.Hash, count uint16) *Given {
	return &Given{Last: last, Count: count, Given: newBits(int(count))}
}

// BtcDecode reads the message.
func (m *Given) BtcDecode(r io.Reader, _ uint32, _ wire.MessageEncoding) error {
	last, n, err := readMarksHead(r)
	if err != nil {
		return err
	}
	*m = *NewGiven(last, n)
	return readMarks(r, n, m.Given)
}

// BtcEncode writes the message.
func (m *Given) BtcEncode(w io.Writer, _ uint32, _ wire.MessageEncoding) error {
	if m.Count > MaxHave || len(m.Given) != len(newBits(int(m.Count))) {
		return fmt.Errorf("gvgiven of %d blocks with %d bytes", m.Count, len(m.Given))
	}
	_, err := w.Write(append(marksHead(m.Last, m.Count), m.Given...))
	return err
}

// Command is "gvgiven".
func (m *Given) Command() string { return CmdGiven }

// MaxPayloadLength is that of MaxHave blocks.
func (m *Given) MaxPayloadLength(uint32) uint32 { return haveHead + MaxHave/8 }
