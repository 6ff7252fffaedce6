package peer

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// transport carries whole messages. Reading and writing may happen at once.
type transport interface {
	// read waits for one message and says how many bytes it took in all. One that is
	// spoiled, by its checksum or its name, comes under the name otherCommands: it is
	// ignored, as in Core.
	read() (command string, payload []byte, size int, err error)
	// write queues one message in a buffer; flush sends the buffer.
	write(command string, payload []byte) (size int, err error)
	// writeFramed is write for a payload behind headRoom bytes of a buffer that is overwritten:
	// nothing is copied. The buffer is the caller's again when it returns.
	writeFramed(command string, framed []byte) (size int, err error)
	flush() error
}

// headRoom is as much as a transport puts before a payload.
const headRoom = wire.MessageHeaderSize

// plain is the old transport, which everybody speaks: a header of 24 bytes
//
//	magic 4 | command 12, zero-padded | length 4 | checksum 4
//
// then the payload, whose double SHA-256 begins with the checksum.
type plain struct {
	magic wire.BitcoinNet
	pace  pace
	r     *bufio.Reader
	w     *bufio.Writer
	begun bool // one good header has been read
}

func newPlain(magic wire.BitcoinNet, p pace, r *bufio.Reader) *plain {
	return &plain{
		magic: magic,
		pace:  p,
		r:     r,
		w:     bufio.NewWriterSize(p, buffer),
	}
}

func (t *plain) read() (string, []byte, int, error) {
	if err := t.pace.begin(t.r); err != nil {
		return "", nil, 0, err
	}
	var h [wire.MessageHeaderSize]byte
	if _, err := io.ReadFull(t.r, h[:]); err != nil {
		return "", nil, 0, err
	}
	if got := wire.BitcoinNet(binary.LittleEndian.Uint32(h[:4])); got != t.magic {
		t.pace.log.Debug("wrong magic", "got", hex.EncodeToString(h[:4]))
		if !t.begun { // a stranger, or a node that tries the encrypted transport first
			return "", nil, 0, fmt.Errorf("not of our network (magic %08x)", uint32(got))
		}
		return "", nil, 0, p2p.Offence(fmt.Sprintf("wrong magic %08x", uint32(got)))
	}
	t.begun = true
	length := binary.LittleEndian.Uint32(h[16:20])
	command, ok := commandOf(h[4:16])
	if !ok {
		command = otherCommands
	}
	if length > msg.MaxPayload {
		t.pace.log.Debug("message too large", "message", printable(h[4:16]), "bytes", length)
		return "", nil, 0, p2p.Offence(fmt.Sprintf("message of %d bytes, at most %d are allowed", length, msg.MaxPayload))
	}
	payload, err := t.pace.body(t.r, int(length))
	if err != nil {
		return "", nil, 0, fmt.Errorf("within %s: %w", command, err)
	}
	if sum := chainhash.DoubleHashB(payload); !bytes.Equal(sum[:4], h[20:24]) {
		t.pace.log.Debug("wrong checksum", "message", printable(h[4:16]), "bytes", length,
			"want", hex.EncodeToString(sum[:4]), "got", hex.EncodeToString(h[20:24]))
		return otherCommands, nil, len(h) + len(payload), nil
	}
	if !ok {
		t.pace.log.Debug("message without a good name", "name", strings.Trim(fmt.Sprintf("%q", h[4:16]), `"`), "bytes", length)
	}
	return command, payload, len(h) + len(payload), nil
}

func (t *plain) write(command string, payload []byte) (int, error) {
	var h [headRoom]byte
	t.head(h[:], command, payload)
	if _, err := t.w.Write(h[:]); err != nil {
		return 0, err
	}
	if _, err := t.w.Write(payload); err != nil {
		return 0, err
	}
	return len(h) + len(payload), nil
}

func (t *plain) writeFramed(command string, framed []byte) (int, error) {
	t.head(framed[:headRoom], command, framed[headRoom:])
	return t.w.Write(framed)
}

// head writes a message's header.
func (t *plain) head(h []byte, command string, payload []byte) {
	binary.LittleEndian.PutUint32(h[:4], uint32(t.magic))
	clear(h[4:16])
	copy(h[4:16], command)
	binary.LittleEndian.PutUint32(h[16:20], uint32(len(payload)))
	copy(h[20:24], chainhash.DoubleHashB(payload))
}

func (t *plain) flush() error { return t.w.Flush() }

// printable are the letters of a name that can be shown [SanitizeString].
func printable(b []byte) string {
	return string(bytes.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return -1
		}
		return c
	}, b))
}

// commandOf reads a zero-padded name of printable letters.
func commandOf(b []byte) (string, bool) {
	name := bytes.TrimRight(b, "\x00")
	for _, c := range name {
		if c < ' ' || c > '~' {
			return "", false
		}
	}
	return string(name), true
}
