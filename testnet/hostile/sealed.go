package hostile

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/btcsuite/btcd/v2transport"

	"grapevine/p2p/msg"
)

// longName is what stands before the payload of a message without a short id:
// 0 and a name of 12 bytes.
const longName = 13

// seal is the encrypted transport (BIP324) of btcsuite, an implementation that is
// not ours, so that no mistake is made on both ends.
type seal struct {
	*v2transport.Peer
	ids []string

	mu  sync.Mutex   // one packet is made at a time
	out bytes.Buffer // what it comes to
}

// Seal exchanges keys as the one who dials, with so many bytes of garbage and a
// decoy of each of these lengths before the version packet. All that is said and
// heard from then on is encrypted. It comes before Listen.
func (p *Peer) Seal(garbage int, decoys ...int) error {
	s := &seal{Peer: v2transport.NewPeer(), ids: msg.ShortIDs()}
	s.UseReadWriter(readWriter{p.Conn, p})
	if err := s.InitiateV2Handshake(garbage); err != nil {
		return fmt.Errorf("send the key: %w", err)
	}
	if err := s.CompleteHandshake(true, decoys, v2transport.BitcoinNet(p.magic)); err != nil {
		return fmt.Errorf("exchange keys: %w", err)
	}
	s.UseReadWriter(readWriter{p.Conn, &s.out})
	p.sealed = s
	return nil
}

type readWriter struct {
	io.Reader
	io.Writer
}

// Packet is content as it travels: encrypted length 3 | encrypted content | tag
// 16. Packets must travel in the order in which they were made, and after Seal.
func (p *Peer) Packet(content []byte, decoy bool) []byte {
	s := p.sealed
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, _, err := s.V2EncPacket(content, nil, decoy); err != nil {
		panic(fmt.Sprintf("unreachable: a buffer takes all, and content is below 16 MiB: %v", err))
	}
	b := s.out.Bytes()
	s.out = bytes.Buffer{} // a block's worth is not to be held for ever
	return b
}

// named is the content of a message.
func named(command string, payload []byte) []byte {
	b := make([]byte, longName, longName+len(payload))
	copy(b[1:], command)
	return append(b, payload...)
}

func (s *seal) read() (name string, payload []byte, err error) {
	content, err := s.V2ReceivePacket(nil)
	switch {
	case err != nil:
		return "", nil, err
	case len(content) == 0 || content[0] == 0 && len(content) < longName:
		return "", nil, fmt.Errorf("a packet of %d bytes has no name", len(content))
	case content[0] == 0:
		return trim(content[1:longName]), content[longName:], nil
	case int(content[0]) >= len(s.ids):
		return "", nil, fmt.Errorf("short id %d is not given out", content[0])
	}
	return s.ids[content[0]], content[1:], nil
}
