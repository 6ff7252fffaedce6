package simnet

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"grapevine/testnet"
)

// pipe is one direction of a connection.
type pipe struct {
	net   *Net
	from  *Host
	to    netip.Addr
	extra time.Duration // that this link adds to everything

	mu       sync.Mutex
	flight   *testnet.Flight
	finished time.Time // the writer has closed and its last byte, EOF, arrives then; zero: not closed
	err      error     // both sides fail with it
	stalled  time.Time // until then nothing arrives, not even err
	gone     bool      // the reader has closed
	readBy   time.Time
	writeBy  time.Time
}

func newPipe(n *Net, from, to netip.AddrPort) *pipe {
	p := &pipe{net: n, from: n.Host(from.Addr().String()), to: to.Addr(), extra: n.extra(from, to)}
	p.flight = testnet.NewFlight(&p.mu)
	return p
}

// resume lets those who wait look again whether the network is whole.
func (p *pipe) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = time.Now().Add(p.extra)
	p.flight.Wake()
}

func (p *pipe) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err, p.stalled = err, time.Now().Add(p.extra)
	}
	p.flight.Wake()
}

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		next, there := p.flight.First()
		switch {
		case p.gone:
			return 0, net.ErrClosed
		case testnet.Past(p.readBy):
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case time.Now().Before(p.stalled):
			next = p.stalled
		case p.err != nil:
			return 0, p.err
		case p.net.cut(p.from.ip, p.to):
			next = time.Time{} // nothing arrives until the partition heals
		case there && testnet.Past(next):
			return p.flight.Read(b), nil
		case !there && testnet.Past(p.finished):
			return 0, io.EOF
		case !there:
			next = p.finished
		}
		p.flight.Wait(next, p.readBy)
	}
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
		case testnet.Past(p.writeBy):
			return done, os.ErrDeadlineExceeded
		}
		n := p.flight.Free(len(b) - done)
		if n == 0 {
			p.flight.Wait(p.writeBy)
			continue
		}
		p.flight.Put(slices.Clone(b[done:done+n]), p.arrival(n))
		done += n
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
		if last := c.out.flight.Last(); last.After(c.out.finished) {
			c.out.finished = last
		}
	}
	c.out.flight.Wake()
	c.out.mu.Unlock()

	c.in.mu.Lock()
	c.in.gone = true
	c.in.flight.Drop()
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
	c.in.flight.Wake()
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.writeBy = t
	c.out.flight.Wake()
	return nil
}
