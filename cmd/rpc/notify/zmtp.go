package notify

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// What a publisher needs of ZMTP 3.1 [RFC 37/ZMTP]. A connection begins with a greeting of
// 64 bytes from both sides, then a READY command from both; frames follow:
//
//	flags 1 ‖ length 1, or 8 big-endian where flagLong ‖ body
//
// A command's body is the length of its name in 1 byte ‖ name ‖ data. READY's data is
// properties: the length of the name in 1 byte ‖ name ‖ length 4 big-endian ‖ value.
const (
	flagMore    = 1
	flagLong    = 2
	flagCommand = 4

	greetingSize = 64
	versionAt    = 10
	mechanismAt  = 12
	mechanismEnd = 32

	// maxHeard is the longest frame that is read. Subscribers send READY with a few
	// properties, the names of topics, and heartbeats.
	maxHeard = 4096
	// maxContext is what a PING may carry for its PONG.
	maxContext = 16
)

var errProtocol = errors.New("not a ZeroMQ subscriber")

// greeting is what we send first.
func greeting() []byte {
	g := make([]byte, greetingSize)
	g[0], g[9] = 0xff, 0x7f
	g[versionAt], g[versionAt+1] = 3, 1
	copy(g[mechanismAt:mechanismEnd], "NULL")
	return g
}

// readGreeting takes the other side's, of version 3.0 or later and without a mechanism.
func readGreeting(r io.Reader) error {
	g := make([]byte, greetingSize)
	if _, err := io.ReadFull(r, g); err != nil {
		return err
	}
	mechanism := string(bytes.TrimRight(g[mechanismAt:mechanismEnd], "\x00"))
	if g[0] != 0xff || g[9]&1 == 0 || g[versionAt] < 3 || mechanism != "NULL" {
		return fmt.Errorf("%w: a greeting that is not of ZMTP 3 with NULL", errProtocol)
	}
	return nil
}

// frame is one frame with its length.
func frame(flags byte, body []byte) []byte { return append(header(flags, len(body)), body...) }

// header is what stands before a frame's body.
func header(flags byte, size int) []byte {
	if size < 256 {
		return []byte{flags, byte(size)}
	}
	return binary.BigEndian.AppendUint64([]byte{flags | flagLong}, uint64(size))
}

// command is a frame that holds a command.
func command(name string, data []byte) []byte {
	body := append([]byte{byte(len(name))}, name...)
	return frame(flagCommand, append(body, data...))
}

// ready is our READY.
func ready() []byte { return command("READY", property("Socket-Type", "PUB")) }

func property(name, value string) []byte {
	p := append([]byte{byte(len(name))}, name...)
	p = binary.BigEndian.AppendUint32(p, uint32(len(value)))
	return append(p, value...)
}

// readFrame reads a frame of at most maxHeard bytes.
func readFrame(r io.Reader) (flags byte, body []byte, err error) {
	var h [9]byte
	if _, err := io.ReadFull(r, h[:2]); err != nil {
		return 0, nil, err
	}
	flags = h[0]
	size := uint64(h[1])
	if flags&flagLong != 0 {
		if _, err := io.ReadFull(r, h[2:]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(h[1:])
	}
	if size > maxHeard {
		return 0, nil, fmt.Errorf("%w: a frame of %d bytes", errProtocol, size)
	}
	body = make([]byte, size)
	_, err = io.ReadFull(r, body)
	return flags, body, err
}

// split takes a command apart.
func split(body []byte) (name string, data []byte, err error) {
	if len(body) == 0 || len(body) < 1+int(body[0]) {
		return "", nil, fmt.Errorf("%w: a command cut short", errProtocol)
	}
	end := 1 + int(body[0])
	return string(body[1:end]), body[end:], nil
}

// readReady takes the other side's READY: it has to be a subscriber.
func readReady(r io.Reader) error {
	flags, body, err := readFrame(r)
	if err != nil {
		return err
	}
	name, data, err := split(body)
	if err != nil || flags&flagCommand == 0 || name != "READY" {
		return fmt.Errorf("%w: no READY", errProtocol)
	}
	for len(data) > 0 {
		name, rest, err := split(data)
		if err != nil || len(rest) < 4 || uint64(binary.BigEndian.Uint32(rest)) > uint64(len(rest)-4) {
			return fmt.Errorf("%w: a property cut short", errProtocol)
		}
		end := 4 + int(binary.BigEndian.Uint32(rest))
		if value := string(rest[4:end]); name == "Socket-Type" && value != "SUB" && value != "XSUB" {
			return fmt.Errorf("%w: its socket is %q", errProtocol, value)
		}
		data = rest[end:]
	}
	return nil
}
