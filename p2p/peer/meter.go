package peer

import (
	"maps"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"grapevine/p2p"
)

// Meter counts the bytes of many connections.
type Meter struct{ Sent, Recv atomic.Uint64 }

// otherCommands is where bytes of unknown messages are counted, as in Core.
const otherCommands = "*other*"

// meter is the counters of one connection.
type meter struct {
	all   *Meter
	clock func() time.Time

	mu     sync.Mutex
	s      p2p.PeerInfo // the connection's part of it
	rng    *rand.Rand
	nonce  uint64    // of the ping under way, 0: none
	pingAt time.Time // when the last one was sent
	shown  time.Time // the same, as people see the time
}

func (m *meter) init(cfg *Config) {
	m.all, m.clock = cfg.Meter, cfg.Now
	if m.all == nil {
		m.all = new(Meter)
	}
	seed := cfg.Nonce
	m.rng = rand.New(rand.NewPCG(seed, 0))
	m.s.SentPerMsg, m.s.RecvPerMsg = map[string]uint64{}, map[string]uint64{}
}

// counted is a connection whose bytes are counted as they come and go.
type counted struct {
	net.Conn
	m *meter
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.m.all.Recv.Add(uint64(n))
		c.m.mu.Lock()
		c.m.s.BytesRecv += uint64(n)
		c.m.s.LastRecv = c.m.clock()
		c.m.mu.Unlock()
	}
	return n, err
}

func (c counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if n > 0 {
		c.m.all.Sent.Add(uint64(n))
		c.m.mu.Lock()
		c.m.s.BytesSent += uint64(n)
		c.m.s.LastSend = c.m.clock()
		c.m.mu.Unlock()
	}
	return n, err
}

func (m *meter) sent(command string, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.s.SentPerMsg[command] += uint64(n)
}

func (m *meter) received(command string, n int, unknown bool) {
	if unknown {
		command = otherCommands
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.s.RecvPerMsg[command] += uint64(n)
}

// ping begins a measurement; while one is under way only if it is asked for.
func (m *meter) ping(now time.Time, asked bool) (nonce uint64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.nonce != 0 && !asked {
		return 0, false
	}
	for m.nonce = 0; m.nonce == 0; {
		m.nonce = m.rng.Uint64()
	}
	m.pingAt, m.shown = now, m.clock()
	return m.nonce, true
}

// pong ends it. What is wrong with a pong is said in Core's words; a zero nonce and one
// that is cut off end the measurement without a result.
func (m *meter) pong(nonce uint64, whole bool, now time.Time) (rtt time.Duration, expected uint64, wrong string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	expected = m.nonce
	switch {
	case !whole:
		m.nonce, wrong = 0, "Short payload"
	case m.nonce == 0:
		wrong = "Unsolicited pong without ping"
	case nonce == 0:
		m.nonce, wrong = 0, "Nonce zero"
	case nonce != m.nonce:
		wrong = "Nonce mismatch"
	default:
		m.nonce = 0
		rtt = max(now.Sub(m.pingAt), time.Nanosecond)
		shown := max(m.clock().Sub(m.shown), 0)
		m.s.Ping = shown
		if shown = max(shown, time.Nanosecond); m.s.MinPing == 0 || shown < m.s.MinPing {
			m.s.MinPing = shown
		}
	}
	return rtt, expected, wrong
}

// pingDue: by the time that people see the next ping should have been sent.
func (m *meter) pingDue() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.nonce == 0 && m.clock().Sub(m.shown) > pingEvery
}

// waiting is how long a ping has not been answered.
func (m *meter) waiting(now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.nonce == 0 {
		return 0
	}
	return now.Sub(m.pingAt)
}

// Describe fills in how the connection has done so far.
func (p *Peer) Describe(info *p2p.PeerInfo) {
	m := &p.meter
	m.mu.Lock()
	s := &m.s
	info.BytesSent, info.BytesRecv = s.BytesSent, s.BytesRecv
	info.SentPerMsg, info.RecvPerMsg = maps.Clone(s.SentPerMsg), maps.Clone(s.RecvPerMsg)
	info.LastSend, info.LastRecv = s.LastSend, s.LastRecv
	info.Ping, info.MinPing = s.Ping, s.MinPing
	info.Transport, info.Session = s.Transport, s.Session
	if m.nonce != 0 {
		info.PingWait = m.clock().Sub(m.shown)
	}
	m.mu.Unlock()
	info.Queued = p.out.held()
}

// opened notes how messages travel.
func (m *meter) opened(transport int, session [32]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.s.Transport, m.s.Session = transport, session
}

// MinPing is the shortest round trip so far; 0: not measured yet.
func (p *Peer) MinPing() time.Duration {
	p.meter.mu.Lock()
	defer p.meter.mu.Unlock()
	return p.meter.s.MinPing
}
