package msg

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// What grapevine nodes tell each other beyond Bitcoin's protocol.
const (
	CmdFeature = "feature" // BIP434
	CmdHave    = "gvhave"
	CmdTwin    = "gvtwin"

	// FeatureHave is the feature's id under which gvhave is agreed on.
	FeatureHave = "grapevine/have/1"
	// FeatureVersion is the protocol version from which feature is understood.
	FeatureVersion = 70017
)

// Limits of these messages.
const (
	minFeatureID   = 4    // BIP434
	maxFeatureID   = 80   // BIP434
	maxFeatureData = 512  // BIP434
	MaxHave        = 1024 // bodies spoken of: the window of a sync
)

// Feature says, between version and verack, that something is supported (BIP434):
// two byte strings, each after its length.
type Feature struct {
	ID   string // 4 to 80 printable ASCII letters
	Data []byte // at most 512 bytes, up to the feature
}

// BtcDecode reads the message; what follows is the caller's business.
func (m *Feature) BtcDecode(r io.Reader, pver uint32, _ wire.MessageEncoding) error {
	id, err := wire.ReadVarBytes(r, pver, maxFeatureID, "featureid")
	if err != nil {
		return err
	}
	if len(id) < minFeatureID {
		return fmt.Errorf("featureid of %d letters", len(id))
	}
	for _, c := range id {
		if c < ' ' || c > '~' {
			return fmt.Errorf("featureid %q is not printable", id)
		}
	}
	m.ID = string(id)
	m.Data, err = wire.ReadVarBytes(r, pver, maxFeatureData, "featuredata")
	return err
}

// BtcEncode writes the message.
func (m *Feature) BtcEncode(w io.Writer, pver uint32, _ wire.MessageEncoding) error {
	if len(m.ID) < minFeatureID || len(m.ID) > maxFeatureID || len(m.Data) > maxFeatureData {
		return fmt.Errorf("feature %q with %d bytes of data", m.ID, len(m.Data))
	}
	if err := wire.WriteVarString(w, pver, m.ID); err != nil {
		return err
	}
	return wire.WriteVarBytes(w, pver, m.Data)
}

// Command is "feature".
func (m *Feature) Command() string { return CmdFeature }

// MaxPayloadLength is two lengths and what they count.
func (m *Feature) MaxPayloadLength(uint32) uint32 { return 1 + maxFeatureID + 3 + maxFeatureData }

// Bits is a row of yes and no; bit 0 is the lowest of byte 0.
type Bits []byte

// newBits is n times no.
func newBits(n int) Bits { return make(Bits, (n+7)/8) }

// Set says yes to i.
func (b Bits) Set(i int) { b[i/8] |= 1 << (i % 8) }

// Has tells what was said to i; no beyond the end.
func (b Bits) Has(i int) bool { return i >= 0 && i/8 < len(b) && b[i/8]&(1<<(i%8)) != 0 }

// Have says which bodies a node holds and fetches, so that newcomers share the
// work between them:
//
//	last 32 | count 2, little-endian | held ⌈count/8⌉ | fetching ⌈count/8⌉
//
// Bit i of both is the block i+1 above the last contiguous one, on the way to
// the sender's best header. Bits beyond count are 0. A block is being fetched also when the
// sender waits for it because a neighbour fetches it: it will come to the sender.
type Have struct {
	Last     chain.Hash // every body up to this one is held
	Count    uint16     // at most MaxHave
	Held     Bits
	Fetching Bits
}

// haveHead is hash and count.
const haveHead = 32 + 2

// NewHave speaks of count blocks above last and claims none of them yet.
func NewHave(last chain.Hash, count uint16) *Have {
	return &Have{Last: last, Count: count, Held: newBits(int(count)), Fetching: newBits(int(count))}
}

// BtcDecode reads the message.
func (m *Have) BtcDecode(r io.Reader, _ uint32, _ wire.MessageEncoding) error {
	last, n, err := readMarksHead(r)
	if err != nil {
		return err
	}
	*m = *NewHave(last, n)
	return readMarks(r, n, m.Held, m.Fetching)
}

// readMarksHead reads what bits follow: above which block, and how many.
func readMarksHead(r io.Reader) (last chain.Hash, n uint16, err error) {
	var head [haveHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return last, 0, err
	}
	if n = binary.LittleEndian.Uint16(head[32:]); n > MaxHave {
		return last, 0, fmt.Errorf("%d blocks, at most %d are allowed", n, MaxHave)
	}
	return chain.Hash(head[:32]), n, nil
}

// readMarks reads rows of n bits.
func readMarks(r io.Reader, n uint16, rows ...Bits) error {
	for _, b := range rows {
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
		if n%8 != 0 && b[len(b)-1]>>(n%8) != 0 {
			return fmt.Errorf("bits beyond the %d blocks", n)
		}
	}
	return nil
}

// marksHead is what readMarksHead reads.
func marksHead(last chain.Hash, n uint16) []byte {
	return binary.LittleEndian.AppendUint16(last[:], n)
}

// BtcEncode writes the message.
func (m *Have) BtcEncode(w io.Writer, _ uint32, _ wire.MessageEncoding) error {
	size := len(newBits(int(m.Count)))
	if m.Count > MaxHave || len(m.Held) != size || len(m.Fetching) != size {
		return fmt.Errorf("gvhave of %d blocks with %d and %d bytes", m.Count, len(m.Held), len(m.Fetching))
	}
	_, err := w.Write(append(append(marksHead(m.Last, m.Count), m.Held...), m.Fetching...))
	return err
}

// Command is "gvhave".
func (m *Have) Command() string { return CmdHave }

// MaxPayloadLength is that of MaxHave blocks.
func (m *Have) MaxPayloadLength(uint32) uint32 { return haveHead + 2*MaxHave/8 }
