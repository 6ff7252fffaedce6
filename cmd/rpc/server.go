package rpc

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"grapevine/chain/policy"
	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/esplora"
	"grapevine/cmd/rpc/events"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/notify"
	"grapevine/cmd/rpc/poolapi"
	"grapevine/cmd/rpc/rest"
	"grapevine/cmd/rpc/walletapi"
	"grapevine/p2p/swarm"
)

const (
	// idleTime is how long a client may take to send a request's head, and how long
	// a connection may be silent between requests, if nobody says otherwise (Core:
	// DEFAULT_HTTP_SERVER_TIMEOUT).
	idleTime = 30 * time.Second
	// stopTime is how long calls may take to end when the node stops, before
	// their connections are cut; the whole node has five seconds.
	stopTime = 2 * time.Second
	// maxHeaderBytes bounds a request's head [MAX_HEADERS_SIZE].
	maxHeaderBytes = 8192
)

// Config is what a Server needs. Chain, Pool and Swarm must be there.
type Config struct {
	Chain  *chainapi.API
	Pool   *poolapi.API
	Wallet *walletapi.API // nil: no wallet
	Policy policy.Rules   // whose Core is answered like, where releases differ
	Swarm  *swarm.Swarm
	ZeroMQ *notify.Publisher // nil: none
	Events *events.Hub       // nil: none

	// Stop ends the node; it returns at once.
	Stop func()
	// MockTime sets the node's clock to a Unix time, 0 gives it back; nil: cannot be set.
	MockTime func(ctx context.Context, unix int64) error
	Local    *Local // nil: the node is of no local network

	Listen     string // "host:port"
	User       string // beside the cookie; "" for the cookie only
	Password   string
	CookiePath string // "" writes none
	Version    string // of the program, as "0.2.0"
	UserAgent  string // what peers hear; "": getnetworkinfo says what clients of Core look for
	// REST answers /rest/… and /metrics, which need no password; nil: on regtest
	// alone, and when Listen is this machine's own.
	REST *bool
	// Esplora answers /api/…, likewise without a password; nil: as REST where both indexes that it
	// needs are kept, of transactions and by script.
	Esplora *bool
	// Page makes what browsers are answered by, given the server as its backend; nil: nothing is. Web says
	// whether it is asked; nil: as REST.
	Page func(Backend) Page
	Web  *bool
	// Explore answers what Esplora's and Electrum's clients ask; nil: nobody does.
	Explore *explore.API
	// AllowHosts are names by which who gives no password may call this server,
	// beside IP addresses and localhost.
	AllowHosts []string

	Serving

	Rand io.Reader    // of the cookie
	Log  *slog.Logger // nil discards
}

// Server answers RPC.
type Server struct {
	cfg     Config
	log     *slog.Logger
	handler http.Handler
	calls   *jsonrpc.Handler
	access  access
	cookie  string              // the cookie's password
	logins  [][sha256.Size]byte // SHA-256 of each USER:PASSWORD that may call
	started time.Time
	ready   chan struct{}
	addr    net.Addr // set before ready is closed
	rows    []jsonrpc.Method
	inside  gate
	page    Page // nil: none
}

// gate counts the calls that run, and lets no new ones in once it is closed.
type gate struct {
	mu     sync.Mutex
	closed bool
	inside sync.WaitGroup
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.inside.Add(1)
	}
	return !g.closed
}

func (g *gate) leave() { g.inside.Done() }

// close waits until all who are inside have left.
func (g *gate) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.inside.Wait()
}

// New makes a Server; Run starts it.
func New(cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, log: cfg.Log, started: time.Now(), ready: make(chan struct{})}
	var err error
	if s.access, err = newAccess(cfg.Serving); err != nil {
		return nil, err
	}
	if s.cookiePath() != "" {
		if s.cookie, err = newSecret(cfg.Rand); err != nil {
			return nil, err
		}
		s.logins = append(s.logins, sha256.Sum256([]byte(s.cookieLine())))
	}
	if cfg.User != "" {
		s.logins = append(s.logins, sha256.Sum256([]byte(cfg.User+":"+cfg.Password)))
	}
	s.handler = s.routes()
	if cfg.Page != nil && s.open(cfg.Web) {
		s.page = cfg.Page(s.backend())
	}
	return s, nil
}

// Ready is closed when the server listens and the cookie is written.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Inside answers requests without a listener: for who lives in the same process.
func (s *Server) Inside() http.Handler { return s.handler }

// Addr is where the server listens; nil before Ready.
func (s *Server) Addr() net.Addr {
	select {
	case <-s.ready:
		return s.addr
	default:
		return nil
	}
}

// routes sends each path to who answers it.
func (s *Server) routes() http.Handler {
	s.rows = s.methods(s.cfg.Chain, s.cfg.Pool, s.cfg.Wallet)
	warm := newWarmUp(s.cfg.Chain.Ledger, s.cfg.Pool.File)
	hosts := jsonrpc.Hosts{Named: s.cfg.AllowHosts}
	s.calls = jsonrpc.NewHandler(jsonrpc.Config{
		Methods: s.rows, Allow: s.allow, May: s.access.may, Hosts: hosts, Warm: warm.wait,
		Threads: s.cfg.RPCThreads, Queue: s.cfg.RPCQueue, BodyTime: 2 * s.cfg.RPCTimeout, Log: s.log,
	})
	readers := rest.NewReaders()
	files := rest.New(s.cfg.Chain, s.cfg.Pool, readers)
	explorer := esplora.New(s.cfg.Explore, readers)
	stream := events.Stream{Hub: s.cfg.Events, Public: !s.cfg.Chain.Params.Local()}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.inside.enter() {
			jsonrpc.Send(w, http.StatusServiceUnavailable, nil)
			return
		}
		defer s.inside.leave()
		api := strings.HasPrefix(r.URL.Path, esplora.Prefix)
		open, page := isOpen(r.URL.Path), s.page != nil && asksPage(r)
		if !s.lets(w, r, hosts, open || page) {
			return
		}
		// A body that nobody reads must come to an end too; net/http discards it.
		if !jsonrpc.Arrived(r.Context()) {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(cmp.Or(s.cfg.RPCTimeout, idleTime)))
		}
		switch {
		case page:
			s.page.ServeHTTP(w, r)
		case r.URL.Path == events.Path:
			if known, may := s.mayListen(w, r); may {
				stream.Serve(w, r, known)
			}
		case api && !s.explores():
			jsonrpc.Send(w, http.StatusNotFound, []byte("Esplora's API is off: start the node with --esplora\n"))
		case open && !api && !s.open(s.cfg.REST):
			jsonrpc.Send(w, http.StatusNotFound, []byte("REST and metrics are off: start the node with --rest\n"))
		case api || strings.HasPrefix(r.URL.Path, "/rest/"):
			if err := warm.wait(r.Context()); err != nil {
				w.Header().Set("Content-Type", "text/plain")
				jsonrpc.Send(w, http.StatusServiceUnavailable, []byte("Service temporarily unavailable: "+warmText(err)+"\r\n"))
				return
			}
			if api {
				explorer.ServeHTTP(w, r)
				return
			}
			files.ServeHTTP(w, r)
		case r.URL.Path == "/metrics":
			s.serveMetrics(w, r)
		default:
			s.calls.ServeHTTP(w, r)
		}
	})
}

// isOpen says whether what stands at a path is for programs that give no password.
func isOpen(path string) bool {
	return strings.HasPrefix(path, "/rest/") || path == "/metrics" || path == events.Path || strings.HasPrefix(path, esplora.Prefix)
}

// refusal says which requests nobody here answers, whatever they ask; 0 for none.
func refusal(r *http.Request, hosts jsonrpc.Hosts, open bool) (status int, why string) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut:
	case http.MethodDelete:
		return http.StatusMethodNotAllowed, ""
	default: // as libevent
		return http.StatusNotImplemented, ""
	}
	if hosts.Foreign(r) || open && !hosts.Ours(r) {
		return http.StatusForbidden, "a web page of another host may not ask this node (--allowhost names those that may)\n"
	}
	return 0, ""
}

// lets says whether a request is answered at all, and tells who is refused.
func (s *Server) lets(w http.ResponseWriter, r *http.Request, hosts jsonrpc.Hosts, open bool) bool {
	if !s.access.admits(r) {
		s.log.Debug("an HTTP request was refused: its address may not ask", "from", r.RemoteAddr)
		jsonrpc.Send(w, http.StatusForbidden, nil)
		return false
	}
	if status, why := refusal(r, hosts, open); status != 0 {
		w.Header().Set("Connection", "close")
		jsonrpc.Send(w, status, []byte(why))
		return false
	}
	return true
}

// mayListen lets in who asks for events: who has the password, which is known, and where REST is
// answered everybody.
func (s *Server) mayListen(w http.ResponseWriter, r *http.Request) (known, may bool) {
	user, password, has := r.BasicAuth()
	switch {
	case has && !s.calls.Admit(r, user, password):
		w.Header().Set("WWW-Authenticate", `Basic realm="jsonrpc"`)
		jsonrpc.Send(w, http.StatusUnauthorized, nil)
		return false, false
	case !has && !s.open(s.cfg.REST):
		jsonrpc.Send(w, http.StatusNotFound, []byte("events need the password here: give it, or start the node with --rest\n"))
		return false, false
	}
	return has, true
}

// explores says whether Esplora's API is answered.
func (s *Server) explores() bool {
	return s.cfg.Explore != nil && s.cfg.Chain.TxIndex && s.cfg.Chain.AddressIndex && s.open(s.cfg.Esplora)
}

// open says whether what needs no password is answered, by what people chose.
func (s *Server) open(chosen *bool) bool {
	if chosen != nil {
		return *chosen
	}
	host, _, err := net.SplitHostPort(s.cfg.Listen)
	if err != nil || !s.cfg.Chain.Params.Local() {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Run listens and answers until ctx ends. It returns when no call is running
// any more and the cookie is gone.
func (s *Server) Run(ctx context.Context) error {
	ls, err := s.listen(ctx)
	if err != nil {
		return err
	}
	s.addr = ls[0].Addr()
	if err := s.writeCookie(); err != nil {
		for _, l := range ls {
			err = errors.Join(err, l.Close())
		}
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silence := cmp.Or(s.cfg.RPCTimeout, idleTime)
	srv := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: silence, IdleTimeout: silence, MaxHeaderBytes: maxHeaderBytes,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() {
		defer cancel()
		served <- jsonrpc.Serve(srv, ls...)
	}()
	defer s.runPage(ctx, cancel)()
	close(s.ready)
	for _, l := range ls {
		s.log.Info("RPC listens", "addr", l.Addr().String())
	}
	<-ctx.Done()
	errs := errors.Join(s.stop(srv, cancel), s.removeCookie())
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		errs = errors.Join(errs, err)
	}
	return errs
}

// listen opens all addresses, or as many of them as can be had if that is enough.
func (s *Server) listen(ctx context.Context) (ls []net.Listener, err error) {
	var lc net.ListenConfig
	for _, at := range append([]string{s.cfg.Listen}, s.cfg.RPCBind...) {
		l, no := lc.Listen(ctx, "tcp", at)
		switch {
		case no == nil:
			ls = append(ls, l)
		case s.cfg.RPCBindAny:
			s.log.Warn("RPC cannot listen at an address", "addr", at, "err", no)
		}
		err = errors.Join(err, no)
	}
	switch {
	case err == nil || s.cfg.RPCBindAny && len(ls) > 0:
		return ls, nil
	case s.cfg.RPCBindAny:
		return nil, fmt.Errorf("%w (%w)", ErrStart, err)
	}
	for _, l := range ls {
		_ = l.Close() // err says why
	}
	return nil, err
}

// stop ends calls: they hear it by their context, and have stopTime to answer.
func (s *Server) stop(srv *http.Server, cancel context.CancelFunc) error {
	cancel()
	patience, done := context.WithTimeout(context.Background(), stopTime)
	defer done()
	err := srv.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	s.inside.close()
	return err
}
