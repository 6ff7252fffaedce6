package electrum

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"grapevine/chain"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/jsonrpc"
)

const (
	// maxClients at a time. When the places are taken, the address that has the most gives one to who comes
	// from another, and who has not introduced itself gives its place to anybody.
	maxClients = 2048
	// maxWatched scripts by one client, and maxAllWatched by all: each takes about 300 bytes. When all are
	// taken, the address that has the most makes room for one that has less than half of that.
	maxWatched    = 20_000
	maxAllWatched = 200_000
	// acceptPause is waited after a failure to accept, as when files run out.
	acceptPause = 100 * time.Millisecond
)

// Config of a Server.
type Config struct {
	Explore *explore.API
	Listen  string // "host:port" in the clear; "" is none
	TLS     string // "host:port" with TLS; "" is none
	Dir     string // keeps the certificate for TLS
	Version string // of the program, as "0.2.0"
	Rand    io.Reader
	Log     *slog.Logger // nil discards
}

// Server serves whoever connects.
type Server struct {
	cfg       Config
	log       *slog.Logger
	calls     *jsonrpc.Handler
	listeners []net.Listener
	headers   segments

	mu      sync.Mutex
	closed  bool
	clients map[*client]struct{}
	watched map[chain.Hash]map[*client]struct{} // by script hash
	watches int                                 // of all clients
}

// Listen opens the ports. A Server that is never Run must be Closed.
func Listen(cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, log: cfg.Log, clients: map[*client]struct{}{}, watched: map[chain.Hash]map[*client]struct{}{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.calls = jsonrpc.NewHandler(jsonrpc.Config{Methods: s.methods(), Brief: true, Log: s.log})
	if cfg.Listen != "" {
		l, err := net.Listen("tcp", cfg.Listen)
		if err != nil {
			return nil, err
		}
		s.listeners = append(s.listeners, l)
	}
	if cfg.TLS != "" {
		l, err := s.listenTLS()
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.listeners = append(s.listeners, l)
	}
	return s, nil
}

func (s *Server) listenTLS() (net.Listener, error) {
	cert, err := certificate(s.cfg.Dir, s.cfg.TLS, s.cfg.Rand)
	if err != nil {
		return nil, fmt.Errorf("certificate for Electrum's TLS: %w", err)
	}
	l, err := net.Listen("tcp", s.cfg.TLS)
	if err != nil {
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}), nil
}

// Addrs are where it listens.
func (s *Server) Addrs() (list []net.Addr) {
	for _, l := range s.listeners {
		list = append(list, l.Addr())
	}
	return list
}

// Run serves until ctx ends; then the connections are closed.
func (s *Server) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, l := range s.listeners {
		s.log.Info("Electrum's protocol listens", "addr", l.Addr().String())
		all.Go(func() { s.accept(ctx, l) })
	}
	<-ctx.Done()
	err := s.Close()
	all.Wait()
	return err
}

// Close closes the ports and hangs up on all.
func (s *Server) Close() error {
	var errs []error
	for _, l := range s.listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.clients {
		c.hangUp()
	}
	return errors.Join(errs...)
}

// accept serves who connects until the listener is closed.
func (s *Server) accept(ctx context.Context, l net.Listener) {
	var all sync.WaitGroup
	defer all.Wait()
	for ctx.Err() == nil {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.log.Warn("an Electrum client cannot be taken", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(acceptPause):
			}
			continue
		}
		c := newClient(s, conn)
		if !s.join(c) {
			_ = conn.Close()
			continue
		}
		all.Go(func() {
			defer s.leave(c)
			err := c.run(ctx)
			s.log.Debug("an Electrum client has left", "from", conn.RemoteAddr().String(), "err", err)
		})
	}
}

// join gives a client a place, if need be that of another.
func (s *Server) join(c *client) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if len(s.clients) >= maxClients {
		out := s.givesWay(c)
		if out == nil {
			return false
		}
		s.putOut(out)
	}
	s.clients[c] = struct{}{}
	return true
}

func (s *Server) leave(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(c)
}

// drop forgets a client with its subscriptions. mu is held.
func (s *Server) drop(c *client) {
	delete(s.clients, c)
	for script := range c.subs {
		s.forget(c, script)
	}
}

// watch subscribes a client to a script; false: there are too many subscriptions.
func (s *Server) watch(c *client, script chain.Hash) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.out {
		return false
	}
	if _, again := c.subs[script]; !again {
		if len(c.subs) >= maxWatched || s.watches >= maxAllWatched && !s.makeRoom(c) {
			return false
		}
		s.watches++
	}
	c.subs[script] = subscription{pending: true}
	c.fresh[script] = struct{}{}
	if s.watched[script] == nil {
		s.watched[script] = map[*client]struct{}{}
	}
	s.watched[script][c] = struct{}{}
	return true
}

// forget takes a subscription back; false: there was none. mu is held.
func (s *Server) forget(c *client, script chain.Hash) bool {
	if _, is := c.subs[script]; !is {
		return false
	}
	delete(c.subs, script)
	delete(c.dirty, script)
	delete(c.fresh, script)
	s.watches--
	delete(s.watched[script], c)
	if len(s.watched[script]) == 0 {
		delete(s.watched, script)
	}
	return true
}
