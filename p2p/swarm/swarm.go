package swarm

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
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
	sam    *sam // nil: no road to I2P

	listeners []listener       // where we listen; read after ready
	locals    []netip.AddrPort // our addresses; read after ready
	overlayMu sync.Mutex
	overlays  []netip.AddrPort // our addresses that we have learnt since; guarded by overlayMu
	ready     chan struct{}    // closed by Run when the loop takes calls
	done      chan struct{}    // closed when Run is about to return

	// What comes to the loop, by who sends it. None has a buffer: a connection's
	// next message is not read before the loop has taken the last one, and all
	// connections take turns.
	accepted chan incoming
	arrivals chan arrival
	inbox    chan said
	gone     chan departure
	calls    chan func(*loop)
	verdicts chan []gossip.Event

	held  atomic.Bool   // see Hold
	freed chan struct{} // capacity 1
}

// New makes a swarm; Run starts it.
func New(cfg Config) (*Swarm, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Swarm{
		cfg:      cfg,
		budget:   peer.NewBudget(),
		own:      newNonces(),
		ready:    make(chan struct{}),
		done:     make(chan struct{}),
		accepted: make(chan incoming),
		arrivals: make(chan arrival),
		inbox:    make(chan said),
		gone:     make(chan departure),
		calls:    make(chan func(*loop)),
		verdicts: make(chan []gossip.Event),
		freed:    make(chan struct{}, 1),
	}
	if cfg.SAM.IsValid() {
		s.sam = newSAM(cfg.SAM, cfg.I2PKey, cfg.Log)
	}
	return s, nil
}

// bookEvery is how often the address book is written [DUMP_PEERS_INTERVAL].
const bookEvery = 10 * time.Second

// Run listens, dials and talks until ctx ends or something of ours fails. It
// returns when every goroutine it started has ended.
func (s *Swarm) Run(ctx context.Context) error {
	defer close(s.done)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	defer s.shut()
	if err := s.open(ctx); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, s.shut)()
	for _, l := range s.listeners {
		wg.Go(func() { s.acceptAll(ctx, l, cancel) })
	}
	wg.Go(func() { s.saveBook(ctx, cancel) })
	if s.sam != nil && s.cfg.I2PKey != "" {
		wg.Go(func() { s.acceptI2P(ctx) })
	}
	if target, ok := s.onionListener(); ok && s.cfg.Tor.At.IsValid() {
		wg.Go(func() { s.keepOnion(ctx, target) })
	}
	l := newLoop(s, ctx, &wg)
	close(s.ready)
	l.run(ctx)
	wg.Wait()
	if s.sam != nil {
		s.sam.close()
	}
	if err := s.cfg.Book.Save(); err != nil {
		return err
	}
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
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
		s.cfg.Log.Debug("dialled again without encryption", "peer", r.Number, "addr", r.name())
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
		transport := 1
		if cfg.Encrypt {
			transport = 2
		}
		s.cfg.Log.Debug("dialling", "addr", r.name(), "transport", transport)
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
