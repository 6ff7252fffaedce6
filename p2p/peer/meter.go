package peer

import (
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Meter counts the bytes of many connections.
type Meter struct{ Sent, Recv atomic.Uint64 }

// otherCommands is where bytes of unknown messages are counted, as in Core.
const otherCommands = "*other*"

// Stats is how a connection has done so far.
type Stats struct {
	BytesSent, BytesRecv   uint64
	SentPerMsg, RecvPerMsg map[string]uint64 // with headers; unknown ones under "*other*"
	LastSend, LastRecv     time.Time
	Ping, MinPing          time.Duration // round trip; 0: not measured yet
	Waiting                time.Duration // since a ping without an answer; 0: none
	Queued                 int           // bytes that wait to be sent
}

// meter is the counters of one connection.
type meter struct {
	all *Meter

	mu     sync.Mutex
	s      Stats
	rng    *rand.Rand
	nonce  uint64    // of the ping under way, 0: none
	pingAt time.Time // when it was sent
}

func (m *meter) init(all *Meter, seed uint64) {
	if all == nil {
		all = new(Meter)
	}
	m.all = all
	m.rng = rand.New(rand.NewPCG(seed, 0))
	m.s.SentPerMsg, m.s.RecvPerMsg = map[string]uint64{}, map[string]uint64{}
}

func (m *meter) sent(command string, n int) {
	m.all.Sent.Add(uint64(n))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.s.BytesSent += uint64(n)
	m.s.SentPerMsg[command] += uint64(n)
	m.s.LastSend = time.Now()
}

func (m *meter) received(command string, n int, unknown bool) {
	if unknown {
		command = otherCommands
	}
	m.all.Recv.Add(uint64(n))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.s.BytesRecv += uint64(n)
	m.s.RecvPerMsg[command] += uint64(n)
	m.s.LastRecv = time.Now()
}

// ping begins a measurement unless one is under way.
func (m *meter) ping(now time.Time) (nonce uint64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.nonce != 0 {
		return 0, false
	}
	for m.nonce == 0 {
		m.nonce = m.rng.Uint64()
	}
	m.pingAt = now
	return m.nonce, true
}

// pong ends it; an unsolicited pong is ignored.
func (m *meter) pong(nonce uint64, now time.Time) (rtt time.Duration, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if nonce == 0 || nonce != m.nonce {
		return 0, false
	}
	m.nonce = 0
	rtt = max(now.Sub(m.pingAt), time.Nanosecond)
	m.s.Ping = rtt
	if m.s.MinPing == 0 || rtt < m.s.MinPing {
		m.s.MinPing = rtt
	}
	return rtt, true
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

// Stats is a copy of the counters.
func (p *Peer) Stats() Stats {
	m := &p.meter
	waiting := m.waiting(time.Now())
	m.mu.Lock()
	s := m.s
	s.SentPerMsg, s.RecvPerMsg = maps.Clone(s.SentPerMsg), maps.Clone(s.RecvPerMsg)
	m.mu.Unlock()
	s.Waiting, s.Queued = waiting, p.out.held()
	return s
}

// MinPing is the shortest round trip so far; 0: not measured yet.
func (p *Peer) MinPing() time.Duration {
	p.meter.mu.Lock()
	defer p.meter.mu.Unlock()
	return p.meter.s.MinPing
}
