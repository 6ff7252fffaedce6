package hostile

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// header is the length in bytes of what stands before a payload.
const header = 24

// maxKept is how many messages of one name wait for Await; older ones go.
const maxKept = 256

// patience with a node that does not read what a Peer says.
const patience = 30 * time.Second

// Errors of Await.
var (
	ErrGone   = errors.New("the other end has hung up")
	ErrSilent = errors.New("the other end has not said it in time")
)

// Peer is one end of a connection to a node. Its methods may be called at any time.
type Peer struct {
	net.Conn
	magic  wire.BitcoinNet
	sealed *seal // nil: the plain transport

	// saying has one place, a message's from when it is sealed until it is
	// written: the ciphers of both ends count packets. A channel and no mutex:
	// virtual time goes on while somebody waits for it.
	saying chan struct{}

	mu      sync.Mutex
	heard   map[string]int // messages by name
	kept    map[string][]wire.Message
	changed chan struct{} // closed and replaced when something is heard
	gone    chan struct{} // closed when the connection has ended
	answer  func(*Peer, wire.Message)
}

// Dial connects; nothing is said, and nothing read, before the caller does.
func Dial(ctx context.Context, from p2p.Network, addr string, magic wire.BitcoinNet) (*Peer, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	conn, err := from.Dial(ctx, to)
	if err != nil {
		return nil, err
	}
	return New(conn, magic), nil
}

// New speaks over a connection that exists.
func New(conn net.Conn, magic wire.BitcoinNet) *Peer {
	return &Peer{
		Conn: conn, magic: magic,
		saying: make(chan struct{}, 1),
		heard:  map[string]int{}, kept: map[string][]wire.Message{},
		changed: make(chan struct{}), gone: make(chan struct{}),
	}
}

// Frame is a message as it travels: magic 4 | name 12 | length 4 | checksum 4 |
// payload, or a Packet after Seal.
func (p *Peer) Frame(command string, payload []byte) []byte {
	if p.sealed != nil {
		return p.Packet(named(command, payload), false)
	}
	b := make([]byte, header, header+len(payload))
	binary.LittleEndian.PutUint32(b, uint32(p.magic))
	copy(b[4:16], command)
	binary.LittleEndian.PutUint32(b[16:], uint32(len(payload)))
	copy(b[20:], chainhash.DoubleHashB(payload)[:4])
	return append(b, payload...)
}

// Write writes within patience.
func (p *Peer) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}

// Say sends messages.
func (p *Peer) Say(ms ...wire.Message) error {
	for _, m := range ms {
		command, payload, err := msg.Encode(m)
		if err != nil {
			return fmt.Errorf("encode %s: %w", m.Command(), err)
		}
		if err := p.Raw(command, payload); err != nil {
			return err
		}
	}
	return nil
}

// Raw sends a message whose payload may be anything.
func (p *Peer) Raw(command string, payload []byte) error {
	p.saying <- struct{}{}
	defer func() { <-p.saying }()
	_, err := p.Write(p.Frame(command, payload))
	return err
}

// Version is what a node of today says first.
func Version() *wire.MsgVersion {
	return &wire.MsgVersion{
		ProtocolVersion: msg.ProtocolVersion, Services: wire.SFNodeNetwork | wire.SFNodeWitness,
		AddrYou: wire.NetAddress{IP: net.IPv6zero}, AddrMe: wire.NetAddress{IP: net.IPv6zero},
		Timestamp: time.Now(), UserAgent: "/stranger/",
	}
}

// Greet makes the handshake of a dialler and listens from then on; then is said
// right after it.
func (p *Peer) Greet(v *wire.MsgVersion, then ...wire.Message) error {
	p.Listen()
	if err := p.Say(v); err != nil {
		return err
	}
	if _, err := p.Await("verack", patience); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	return p.Say(append([]wire.Message{&wire.MsgVerAck{}}, then...)...)
}

// Answer lets f hear every message from now on, pings included, which are
// answered by themselves only as long as there is no f. f may speak.
func (p *Peer) Answer(f func(*Peer, wire.Message)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

// Listen starts to read. Its goroutine ends with the connection.
func (p *Peer) Listen() { go p.listen() }

func (p *Peer) listen() {
	defer close(p.gone)
	for {
		name, payload, err := p.read()
		if err != nil {
			p.Close()
			return
		}
		m, err := msg.Decode(name, payload)
		if err != nil {
			m = &msg.Opaque{Name: name, Payload: payload}
		}
		p.mu.Lock()
		p.heard[name]++
		if p.kept[name] = append(p.kept[name], m); len(p.kept[name]) > maxKept {
			p.kept[name] = slices.Clone(p.kept[name][maxKept/2:])
		}
		close(p.changed)
		p.changed = make(chan struct{})
		answer := p.answer
		p.mu.Unlock()
		if answer != nil {
			answer(p, m)
		} else if ping, ok := m.(*wire.MsgPing); ok {
			_ = p.Say(wire.NewMsgPong(ping.Nonce)) // a connection that has ended is seen by the next read
		}
	}
}

func (p *Peer) read() (name string, payload []byte, err error) {
	if p.sealed != nil {
		return p.sealed.read()
	}
	var h [header]byte
	if _, err := io.ReadFull(p.Conn, h[:]); err != nil {
		return "", nil, err
	}
	n := binary.LittleEndian.Uint32(h[16:])
	if n > msg.MaxPayload {
		return "", nil, fmt.Errorf("%d bytes announced: not the plain transport", n)
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(p.Conn, payload); err != nil {
		return "", nil, err
	}
	return trim(h[4:16]), payload, nil
}

func trim(name []byte) string { return string(bytes.TrimRight(name, "\x00")) }

// Await takes the next message of this name that was not taken yet.
func (p *Peer) Await(command string, within time.Duration) (wire.Message, error) {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		p.mu.Lock()
		if q := p.kept[command]; len(q) > 0 {
			p.kept[command] = q[1:]
			p.mu.Unlock()
			return q[0], nil
		}
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-p.gone:
			return nil, fmt.Errorf("%s: %w", command, ErrGone)
		case <-timer.C:
			return nil, fmt.Errorf("%s: %w", command, ErrSilent)
		}
	}
}

// Heard counts the messages of this name so far.
func (p *Peer) Heard(command string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard[command]
}

// Gone is closed when the connection of a Peer that listens has ended.
func (p *Peer) Gone() <-chan struct{} { return p.gone }

// Headers is a headers message.
func Headers(nodes ...*chain.HeaderNode) *wire.MsgHeaders {
	m := &wire.MsgHeaders{}
	for _, n := range nodes {
		m.Headers = append(m.Headers, &n.Header)
	}
	return m
}

// Inv is an inv message of one kind.
func Inv(kind wire.InvType, hashes ...chain.Hash) *wire.MsgInv {
	return &wire.MsgInv{InvList: vectors(kind, hashes)}
}

// GetData asks for things of one kind.
func GetData(kind wire.InvType, hashes ...chain.Hash) *wire.MsgGetData {
	return &wire.MsgGetData{InvList: vectors(kind, hashes)}
}

func vectors(kind wire.InvType, hashes []chain.Hash) []*wire.InvVect {
	ivs := make([]*wire.InvVect, len(hashes))
	for i := range hashes {
		ivs[i] = wire.NewInvVect(kind, &hashes[i])
	}
	return ivs
}
