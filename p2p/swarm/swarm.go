package swarm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/peer"
)

// Swarm is the running network. Its methods may be called by anyone at any time.
type Swarm struct {
	cfg    Config
	meter  peer.Meter
	budget *peer.Budget
	own    *nonces

	listener net.Listener  // nil: we do not listen; read after ready
	ready    chan struct{} // closed by Run when the loop takes calls
	done     chan struct{} // closed when Run is about to return

	// What comes to the loop, by who sends it. None has a buffer: a connection's
	// next message is not read before the loop has taken the last one, and all
	// connections take turns.
	accepted chan net.Conn
	arrivals chan arrival
	inbox    chan said
	gone     chan departure
	calls    chan func(*loop)
	verdicts chan []gossip.Event
}

// New makes a swarm; Run starts it.
func New(cfg Config) (*Swarm, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return &Swarm{
		cfg:      cfg,
		budget:   peer.NewBudget(),
		own:      newNonces(),
		ready:    make(chan struct{}),
		done:     make(chan struct{}),
		accepted: make(chan net.Conn),
		arrivals: make(chan arrival),
		inbox:    make(chan said),
		gone:     make(chan departure),
		calls:    make(chan func(*loop)),
		verdicts: make(chan []gossip.Event),
	}, nil
}

// bookEvery is how often the address book is written.
const bookEvery = 10 * time.Second

// Run listens, dials and talks until ctx ends or something of ours fails. It
// returns when every goroutine it started has ended.
func (s *Swarm) Run(ctx context.Context) error {
	defer close(s.done)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	if s.cfg.Listen != "" {
		l, err := s.listen(ctx)
		if err != nil {
			return fmt.Errorf("listen for peers at %s: %w", s.cfg.Listen, err)
		}
		s.listener = l
		stop := context.AfterFunc(ctx, func() { l.Close() })
		defer stop()
		defer l.Close()
		wg.Go(func() { s.acceptAll(ctx, cancel) })
		s.cfg.Log.Info("listening for peers", "addr", l.Addr().String())
	}
	wg.Go(func() { s.saveBook(ctx, cancel) })
	l := newLoop(s, ctx, &wg)
	close(s.ready)
	l.run(ctx)
	wg.Wait()
	if err := s.cfg.Book.Save(); err != nil {
		return err
	}
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// listen opens the port that peers connect to; a host's name is looked up here.
func (s *Swarm) listen(ctx context.Context) (net.Listener, error) {
	text := s.cfg.Listen
	if strings.HasPrefix(text, ":") {
		text = "[::]" + text // every address of this machine
	}
	to, err := p2p.ParseHostPort(text, p2p.DefaultPort(s.cfg.Params))
	if err != nil {
		return nil, err
	}
	at, ok := to.AddrPort()
	if !ok {
		ips, err := s.cfg.lookUp(ctx, to.Host)
		if err != nil {
			return nil, err
		}
		at = netip.AddrPortFrom(ips[0].Unmap(), to.Port)
	}
	return s.cfg.Net.Listen(ctx, at)
}

// acceptPause is for when the process has no file descriptors left.
const acceptPause = 100 * time.Millisecond

func (s *Swarm) acceptAll(ctx context.Context, fail context.CancelCauseFunc) {
	for {
		conn, err := s.listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ECONNABORTED):
			select {
			case <-time.After(acceptPause):
			case <-ctx.Done():
			}
			continue
		case err != nil:
			fail(fmt.Errorf("accept peers at %s: %w", s.cfg.Listen, err))
			return
		}
		select {
		case s.accepted <- conn:
		case <-ctx.Done():
			conn.Close()
			return
		}
	}
}

func (s *Swarm) saveBook(ctx context.Context, fail context.CancelCauseFunc) {
	t := time.NewTicker(bookEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			if err := s.cfg.Book.Save(); err != nil {
				fail(err)
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// arrival: a connection has greeted.
type arrival struct {
	r     *remote
	peer  *peer.Peer
	hello p2p.Hello
}

// departure: a connection, or the attempt at one, has ended.
type departure struct {
	r   *remote
	err error
}

// said is one message.
type said struct {
	r *remote
	m wire.Message
}

// serve is the life of one connection, in a goroutine of its own. conn is nil
// when it has still to be dialled.
func (s *Swarm) serve(ctx context.Context, r *remote, conn net.Conn, cfg peer.Config) {
	err := s.talk(r.ctx, r, conn, cfg)
	r.end(nil)
	select {
	case s.gone <- departure{r, err}:
	case <-ctx.Done():
	}
}

func (s *Swarm) talk(ctx context.Context, r *remote, conn net.Conn, cfg peer.Config) error {
	p, hello, err := s.greet(ctx, r, conn, cfg)
	if errors.Is(err, peer.ErrPlain) && ctx.Err() == nil {
		cfg.Encrypt = false
		p, hello, err = s.greet(ctx, r, nil, cfg)
	}
	if err != nil {
		return err
	}
	defer p.Close(nil)
	select {
	case s.arrivals <- arrival{r, p, hello}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return p.Run(ctx, func(ctx context.Context, m wire.Message) error {
		select {
		case s.inbox <- said{r, m}:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// greet dials if there is no connection yet, and makes the handshake.
func (s *Swarm) greet(ctx context.Context, r *remote, conn net.Conn, cfg peer.Config) (*peer.Peer, p2p.Hello, error) {
	if conn == nil {
		var err error
		if conn, err = s.dial(ctx, r); err != nil {
			return nil, p2p.Hello{}, err
		}
		s.own.add(cfg.Nonce)
	}
	p := peer.New(cfg, conn, r.Inbound())
	if err := s.do(ctx, func(l *loop) { l.opened(r, p) }); err != nil {
		p.Close(err)
		return p, p2p.Hello{}, err
	}
	hello, err := p.Handshake(ctx)
	if s.own.drop(cfg.Nonce) {
		err = peer.ErrSelf
	}
	if err != nil {
		p.Close(err)
	}
	return p, hello, err
}

// Ready is closed when the swarm listens and takes calls.
func (s *Swarm) Ready() <-chan struct{} { return s.ready }

// Addr is where we listen, nil before Ready and without a listener.
func (s *Swarm) Addr() net.Addr {
	select {
	case <-s.ready:
	default:
		return nil
	}
	if s.listener == nil {
		return nil
	}
	return s.listener.Addr()
}
