package link

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"grapevine/testnet"
)

// conn is a connection that this node has dialled. Bytes go straight through until a
// rule wants them slow; from then on each direction has a goroutine that carries them
// over, until the connection is closed, which waits for both.
type conn struct {
	net.Conn
	g       *Gate
	to      netip.AddrPort
	out, in *line
	pumps   sync.WaitGroup
	once    sync.Once
	closed  error

	rule  sync.Mutex // held from reading the rules until they are followed; before g.mu
	mu    sync.Mutex
	loss  float64 // times an hour that it breaks
	fuse  *time.Timer
	ended bool
}

func newConn(g *Gate, under net.Conn, to netip.AddrPort) *conn {
	return &conn{Conn: under, g: g, to: to, out: newLine(), in: newLine()}
}

// follow changes the connection as the rules are now. Who reads them first follows them
// first, so that the newest stay.
func (c *conn) follow() testnet.Pair {
	p := c.take()
	if p.Out.Cut && p.In.Cut {
		_ = c.Close() // both ends notice; nobody asks how it went
	}
	return p
}

func (c *conn) take() testnet.Pair {
	c.rule.Lock()
	defer c.rule.Unlock()
	p := c.g.pair(c.to)
	if !p.Out.Cut || !p.In.Cut {
		c.out.set(p.Out)
		c.in.set(p.In)
		c.burn(max(p.Out.Loss, p.In.Loss))
	}
	return p
}

// burn sets when the connection breaks by itself: each moment is as good as another.
func (c *conn) burn(loss float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if loss == c.loss || c.ended {
		return
	}
	if c.loss = loss; c.fuse != nil {
		c.fuse.Stop()
		c.fuse = nil
	}
	if loss > 0 {
		in := rand.ExpFloat64() / loss * float64(time.Hour)
		c.fuse = time.AfterFunc(time.Duration(min(in, float64(1000*time.Hour))), func() { _ = c.Close() })
	}
}

// Write sends b, or puts it on its way.
func (c *conn) Write(b []byte) (int, error) {
	if c.out.straight() {
		return c.Conn.Write(b)
	}
	c.slowOut()
	return c.out.write(b)
}

// Read gives what has arrived.
func (c *conn) Read(b []byte) (int, error) {
	if c.in.straight() {
		n, err := c.Conn.Read(b)
		if n == 0 || c.in.straight() {
			return n, err
		}
		c.in.put(append([]byte(nil), b[:n]...)) // the rule came while we waited
	}
	c.slowIn()
	return c.in.read(b)
}

// slowOut begins to carry what is written, once.
func (c *conn) slowOut() {
	if c.out.begin(c.Conn.SetWriteDeadline) {
		c.pumps.Go(func() {
			for {
				data, ok := c.out.next()
				if !ok {
					return
				}
				if _, err := c.Conn.Write(data); err != nil {
					c.out.fail(err)
					return
				}
			}
		})
	}
}

// slowIn begins to carry what arrives, once.
func (c *conn) slowIn() {
	if c.in.begin(c.Conn.SetReadDeadline) {
		c.pumps.Go(func() {
			for {
				data := make([]byte, testnet.Packet)
				n, err := c.Conn.Read(data)
				if n > 0 && !c.in.room() {
					return
				}
				if n > 0 {
					c.in.put(data[:n])
				}
				if err != nil {
					c.in.fail(err)
					return
				}
			}
		})
	}
}

// Close ends the connection; what is on its way is lost.
func (c *conn) Close() error {
	c.once.Do(func() {
		c.mu.Lock()
		if c.ended = true; c.fuse != nil {
			c.fuse.Stop()
		}
		c.mu.Unlock()
		c.g.forget(c)
		c.closed = c.Conn.Close()
		c.out.fail(net.ErrClosed)
		c.in.end(net.ErrClosed)
		c.pumps.Wait()
	})
	return c.closed
}

func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

func (c *conn) SetReadDeadline(t time.Time) error  { return c.in.until(t, c.Conn.SetReadDeadline) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.out.until(t, c.Conn.SetWriteDeadline) }
