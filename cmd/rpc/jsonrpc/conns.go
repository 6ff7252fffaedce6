package jsonrpc

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// maxConns bounds the connections of strangers, and those of who has given the
// password, each apart: strangers can use up neither the files nor the places
// of who may call.
const maxConns = 512

// Serve answers the connections of all listeners with srv until it is shut down;
// they share the places. When one listener fails, the others end too.
func Serve(srv *http.Server, ls ...net.Listener) error { return serveMost(srv, maxConns, ls...) }

func serveMost(srv *http.Server, most int, ls ...net.Listener) error {
	set := newConns(most)
	srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		ctx, inner(c).hang.gone = context.WithCancel(ctx)
		return context.WithValue(ctx, connKey{}, inner(c))
	}
	srv.ConnState = func(c net.Conn, st http.ConnState) {
		if st == http.StateIdle {
			inner(c).hang.end()
			inner(c).turn(false)
		}
	}
	srv.RegisterOnShutdown(set.closeIdle) // net/http waits five seconds for those that sent nothing
	answer := srv.Handler
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := r.Context().Value(connKey{}).(*conn)
		c.turn(true)
		c.hang.begin()
		answer.ServeHTTP(w, r)
	})
	ends := make(chan error, len(ls))
	for _, l := range ls {
		go func() { ends <- srv.Serve(&listener{Listener: l, set: set}) }()
	}
	err := <-ends
	if !errors.Is(err, http.ErrServerClosed) {
		_ = srv.Close() // err says why
	}
	for range ls[1:] {
		<-ends
	}
	return err
}

type connKey struct{}

// inner finds our own connection below the one that net/http sees.
func inner(c net.Conn) *conn { return c.(*repairConn).Conn.(*conn) }

// Arrived says whether all of the body of the request in ctx is here: to read it nobody needs to be waited
// for, and no deadline.
func Arrived(ctx context.Context) bool {
	c, ok := ctx.Value(connKey{}).(*conn)
	return ok && c.whole.Load()
}

// trust says that the request in ctx came with the password: from now on its
// connection has a place among those that strangers cannot take. False: all of
// those are at work.
func trust(ctx context.Context) bool {
	c, ok := ctx.Value(connKey{}).(*conn)
	return !ok || c.set.trust(c)
}

// listener accepts whoever comes. When the places are taken, who has waited the
// longest without sending a request goes; where all are at work, the one who
// began first.
type listener struct {
	net.Listener
	set *conns
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	fresh := newConn(c, l.set)
	l.set.admit(fresh)
	return &repairConn{Conn: fresh}, nil
}

// conns are the open connections.
type conns struct {
	most int // of strangers, and of the known

	mu               sync.Mutex
	turns            uint64 // counts what happens, to tell who came first
	strangers, known map[*conn]struct{}
	streams          [2]map[*conn]struct{} // of strangers, and of the known: see Stream
}

func newConns(most int) *conns {
	return &conns{most: most, strangers: map[*conn]struct{}{}, known: map[*conn]struct{}{}, streams: [2]map[*conn]struct{}{{}, {}}}
}

// conn is one connection and what it is doing.
type conn struct {
	net.Conn
	set *conns

	busy  bool      // a request's head is here and its answer is not yet sent
	since uint64    // the turn at which it became so
	began time.Time // as a stream

	whole atomic.Bool // the request whose head was passed on last is here with all of its body

	reads, writes deadline
	hang          hangUp
}

func newConn(tcp net.Conn, set *conns) *conn {
	c := &conn{Conn: tcp, set: set}
	c.reads.tell, c.writes.tell = tcp.SetReadDeadline, tcp.SetWriteDeadline
	c.hang.read, c.hang.limit = c.Read, c.SetReadDeadline
	return c
}

func (c *conn) Read(p []byte) (int, error) {
	if n := c.hang.takeEarly(p); n > 0 {
		return n, nil
	}
	if err := c.reads.enter(); err != nil {
		return 0, err
	}
	defer c.reads.leave()
	return c.Conn.Read(p)
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.writes.enter(); err != nil {
		return 0, err
	}
	defer c.writes.leave()
	return c.Conn.Write(p)
}

func (c *conn) SetReadDeadline(t time.Time) error  { return c.reads.set(t) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.writes.set(t) }

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.reads.set(t), c.writes.set(t))
}

func (s *conns) admit(c *conn) {
	s.mu.Lock()
	var out *conn
	if len(s.strangers) >= s.most {
		out = longest(s.strangers, true)
		delete(s.strangers, out)
	}
	s.turns++
	c.since = s.turns
	s.strangers[c] = struct{}{}
	s.mu.Unlock()
	if out != nil {
		_ = out.Conn.Close()
	}
}

func (s *conns) trust(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, is := s.known[c]; is {
		return true
	}
	if len(s.known) >= s.most {
		out := longest(s.known, false)
		if out == nil {
			return false
		}
		delete(s.known, out)
		_ = out.Conn.Close() // idle: nothing waits to be written
	}
	delete(s.strangers, c)
	s.known[c] = struct{}{}
	return true
}

func (s *conns) closeIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, set := range []map[*conn]struct{}{s.strangers, s.known, s.streams[0], s.streams[1]} {
		for c := range set {
			if !c.busy {
				_ = c.Conn.Close()
			}
		}
	}
}

// longest is who has been idle the longest; if nobody is idle, who has been
// busy the longest, or nil.
func longest(of map[*conn]struct{}, orBusy bool) (found *conn) {
	for c := range of {
		if c.busy && !orBusy {
			continue
		}
		if found == nil || found.busy && !c.busy || found.busy == c.busy && c.since < found.since {
			found = c
		}
	}
	return found
}

// turn notes that the connection has become busy or idle.
func (c *conn) turn(busy bool) {
	c.set.mu.Lock()
	c.set.turns++
	c.busy, c.since = busy, c.set.turns
	c.set.mu.Unlock()
}

func (c *conn) Close() error {
	c.set.mu.Lock()
	delete(c.set.strangers, c)
	delete(c.set.known, c)
	delete(c.set.streams[0], c)
	delete(c.set.streams[1], c)
	c.set.mu.Unlock()
	c.hang.close()
	defer c.hang.wait()
	return c.Conn.Close()
}

// CloseWrite: see closeWrite.
func (c *conn) CloseWrite() error { return closeWrite(c.Conn) }
