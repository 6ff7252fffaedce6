package simnet

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// packet is the most that arrives at once; it keeps a slow link's bytes coming
// bit by bit.
const packet = 16 << 10

// segment is bytes and when they arrive.
type segment struct {
	data []byte
	at   time.Time
}

// pipe is one direction of a connection.
type pipe struct {
	net   *Net
	from  *Host
	to    netip.Addr
	extra time.Duration // that this link adds to everything

	mu       sync.Mutex
	segs     []segment
	held     int       // bytes in segs
	finished time.Time // the writer has closed and its last byte, EOF, arrives then; zero: not closed
	err      error     // both sides fail with it
	stalled  time.Time // until then nothing arrives, not even err
	gone     bool      // the reader has closed
	readBy   time.Time
	writeBy  time.Time
	changed  chan struct{} // closed and replaced at every change
}

func newPipe(n *Net, from, to netip.AddrPort) *pipe {
	return &pipe{
		net: n, from: n.Host(from.Addr().String()), to: to.Addr(),
		extra: n.extra(from, to), changed: make(chan struct{}),
	}
}

// wake tells all who wait in this pipe; mu is held.
func (p *pipe) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// resume lets those who wait look again whether the network is whole.
func (p *pipe) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = time.Now().Add(p.extra)
	p.wake()
}

func (p *pipe) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err, p.stalled = err, time.Now().Add(p.extra)
	}
	p.wake()
}

// wait lets go of mu until something changes or the earliest of the given
// times; zero times do not count.
func (p *pipe) wait(until ...time.Time) {
	changed, first := p.changed, time.Time{}
	for _, t := range until {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	p.mu.Unlock()
	defer p.mu.Lock()
	if first.IsZero() {
		<-changed
		return
	}
	timer := time.NewTimer(time.Until(first))
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	}
}

func past(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		var next time.Time
		switch {
		case p.gone:
			return 0, net.ErrClosed
		case past(p.readBy):
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case time.Now().Before(p.stalled):
			next = p.stalled
		case p.err != nil:
			return 0, p.err
		case p.net.cut(p.from.ip, p.to):
			// Nothing arrives until the partition heals.
		case len(p.segs) == 0 && past(p.finished):
			return 0, io.EOF
		case len(p.segs) == 0:
			next = p.finished
		case past(p.segs[0].at):
			return p.take(b), nil
		default:
			next = p.segs[0].at
		}
		p.wait(next, p.readBy)
	}
}

func (p *pipe) take(b []byte) int {
	n := copy(b, p.segs[0].data)
	if p.segs[0].data = p.segs[0].data[n:]; len(p.segs[0].data) == 0 {
		p.segs = p.segs[1:]
	}
	p.held -= n
	p.wake()
	return n
}

func (p *pipe) write(b []byte) (done int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for done < len(b) {
		switch {
		case p.err != nil:
			return done, p.err
		case !p.finished.IsZero():
			return done, net.ErrClosed
		case p.gone:
			return done, errReset
		case past(p.writeBy):
			return done, os.ErrDeadlineExceeded
		case p.held >= window:
			p.wait(p.writeBy)
			continue
		}
		n := min(len(b)-done, packet, window-p.held)
		p.segs = append(p.segs, segment{append([]byte(nil), b[done:done+n]...), p.arrival(n)})
		p.held += n
		done += n
		p.wake()
	}
	return done, nil
}

// arrival is when n bytes sent now are there: after all that the host sends
// already, on whatever connection.
func (p *pipe) arrival(n int) time.Time {
	h := p.from
	h.mu.Lock()
	defer h.mu.Unlock()
	now, way := time.Now(), p.net.cfg.Latency+p.extra
	if h.rate <= 0 {
		return now.Add(way)
	}
	if h.free.Before(now) {
		h.free = now
	}
	h.free = h.free.Add(time.Duration(float64(n) / float64(h.rate) * float64(time.Second)))
	return h.free.Add(way)
}

// conn is one end of a connection.
type conn struct {
	in, out       *pipe
	local, remote *net.TCPAddr
}

func (c *conn) Read(b []byte) (int, error)  { return c.in.read(b) }
func (c *conn) Write(b []byte) (int, error) { return c.out.write(b) }
func (c *conn) LocalAddr() net.Addr         { return c.local }
func (c *conn) RemoteAddr() net.Addr        { return c.remote }

// Close lets what was written arrive, then EOF.
func (c *conn) Close() error {
	c.out.mu.Lock()
	if c.out.finished.IsZero() {
		c.out.finished = time.Now().Add(c.out.net.cfg.Latency + c.out.extra)
		if n := len(c.out.segs); n > 0 && c.out.segs[n-1].at.After(c.out.finished) {
			c.out.finished = c.out.segs[n-1].at
		}
	}
	c.out.wake()
	c.out.mu.Unlock()

	c.in.mu.Lock()
	c.in.gone = true
	c.in.segs, c.in.held = nil, 0
	c.in.wake()
	c.in.mu.Unlock()
	c.in.forget()
	c.out.forget()
	return nil
}

// forget takes a pipe with both ends closed from the network's list.
func (p *pipe) forget() {
	p.mu.Lock()
	over := p.gone && !p.finished.IsZero()
	p.mu.Unlock()
	if over {
		p.net.mu.Lock()
		delete(p.net.pipes, p)
		p.net.mu.Unlock()
	}
}

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.in.readBy = t
	c.in.wake()
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.writeBy = t
	c.out.wake()
	return nil
}
