package web

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"grapevine/cmd/web/layout"
	"grapevine/testnet"
)

const (
	// maxAtWork bounds pages that are made at once: each asks the node a few questions, and anybody may ask for one.
	maxAtWork = 8
	// placeTime is how long a request waits for its turn among them.
	placeTime = 5 * time.Second
	// pageTime is how long the node may take for what a page shows.
	pageTime = 10 * time.Second
)

// Section is a part of the page that another package makes. Run does what goes on beside its answers.
type Section interface {
	http.Handler
	Run(ctx context.Context) error
}

// Config is what a Page is made of.
type Config struct {
	About layout.About
	// Call asks the page's own node, as who has the password may.
	Call func(ctx context.Context, method string, result any, params ...any) error
	// Allow says whether these, which came with a request, are a user of RPC and the password, of one who may call everything.
	Allow func(r *http.Request, user, password string) bool
	// Do runs commands; nil: the page is only read.
	Do Commands
	// Begin runs a command in whose course this process may end. Began is what became of the newest, whichever node's page
	// has begun it; false: there was none. Nil: nothing is begun so.
	Begin      func(ctx context.Context, args ...string) error
	Began      func() (Began, bool)
	Where      string // what people add to a command so that it is about this node, as " --dir X"; "": nothing
	CookiePath string // of the file whose text is a password, to tell people; "": there is none
	// Siblings are the nodes of the local network; nil: the node is of none.
	Siblings Siblings
	// Events tells what happens on a member (where there is no network: on this node), an event of JSON on one line at a
	// time, until ctx ends or the member goes; past: the newest that it keeps first. Nil: nothing is told.
	Events func(ctx context.Context, m testnet.Member, past bool, tell func(raw []byte)) error
	// Explorer makes the part about blocks, transactions and addresses, which answers all paths that are not
	// the page's own; nil: there is none.
	Explorer func(*layout.Layout) Section
	Log      *slog.Logger // nil discards
}

// Began is a command that was answered before it ran.
type Began struct {
	At      time.Time // it last said something
	Printed string    // when it is done
	Failed  string    // why it has failed; neither: it runs
}

//go:embed templates
var templateFiles embed.FS

// Page answers browsers.
type Page struct {
	cfg       Config
	log       *slog.Logger
	layout    *layout.Layout
	templates *layout.Templates
	mux       *http.ServeMux
	explorer  Section
	places    chan struct{}
	acts      chan struct{}
	tellers   chan struct{}
	sessions  sessions
	looking   looking
	live      *live
}

// New makes a Page.
func New(cfg Config) *Page {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	p := &Page{cfg: cfg, log: cfg.Log, mux: http.NewServeMux(), places: make(chan struct{}, maxAtWork), acts: make(chan struct{}, maxActs), tellers: make(chan struct{}, maxTellers),
		sessions: sessions{open: map[string]*session{}}, live: newLive()}
	p.layout = layout.New(cfg.About, p.log)
	p.templates = p.layout.Templates(templateFiles, "templates/*.html")
	if cfg.Explorer != nil {
		p.explorer = cfg.Explorer(p.layout)
	}
	p.routes()
	return p
}

// Run follows what the pages show live, until ctx ends.
func (p *Page) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var follower sync.WaitGroup
	defer follower.Wait()
	defer cancel()
	follower.Go(func() { p.follow(ctx) })
	if p.explorer == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	return p.explorer.Run(ctx)
}

func (p *Page) routes() {
	p.mux.HandleFunc("GET "+layout.AssetPath, func(w http.ResponseWriter, r *http.Request) { p.layout.ServeAsset(timely{w}, r) })
	p.mux.HandleFunc("GET /{$}", p.placed(p.index))
	p.mux.HandleFunc("GET /network", p.placed(p.private(p.network)))
	p.mux.HandleFunc("GET /network/tables", p.placed(p.private(p.networkTables)))
	p.mux.HandleFunc("GET /network/pieces", p.placed(p.private(p.pieces)))
	p.mux.HandleFunc("GET /network/trace", p.placed(p.private(p.trace)))
	p.mux.HandleFunc("GET /network/live", p.private(p.serveLive))
	p.mux.HandleFunc("GET /learn", p.placed(p.learn))
	p.mux.HandleFunc("GET /do", p.placed(p.do))
	p.mux.HandleFunc("POST /do/{action}", p.guarded(p.act))
	p.mux.HandleFunc("POST /session/open", p.openSession)
	p.mux.HandleFunc("POST /session/close", p.closeSession)
	p.mux.HandleFunc("/", p.placed(p.other))
}

// ServeHTTP answers one request.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	layout.Harden(w.Header()) // of what the mux itself answers too
	p.mux.ServeHTTP(w, r)
}

// other is every path that is not ours: the explorer's, or nobody's.
func (p *Page) other(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		p.fail(w, r, http.StatusMethodNotAllowed, failure{"This page is only read.", ""})
	case p.explorer != nil && strings.Trim(r.URL.Path, "/") == "node": // however the path is written
		p.private(p.explorer.ServeHTTP)(w, r)
	case p.explorer != nil:
		p.explorer.ServeHTTP(w, r)
	default:
		p.fail(w, r, http.StatusNotFound, failure{"There is no such page.", ""})
	}
}

// placed gives a request a place among those at work and the time that its page may take. The place is free again
// when the page is made: who does not read it keeps no others out.
func (p *Page) placed(do http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		turn := time.NewTimer(placeTime)
		defer turn.Stop()
		var free sync.Once
		leave := func() { free.Do(func() { <-p.places }) }
		select {
		case p.places <- struct{}{}:
			defer leave()
		case <-r.Context().Done():
			return
		case <-turn.C:
			w.Header().Set("Retry-After", "5")
			p.fail(w, r, http.StatusServiceUnavailable, failure{"Too many ask for pages at once.", "Try again in a few seconds."})
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), pageTime)
		defer cancel()
		do(leaving{w, leave}, r.WithContext(ctx))
	}
}

// show answers with a page of ours.
func (p *Page) show(w http.ResponseWriter, r *http.Request, page layout.Page) {
	page.Template = p.templates
	p.layout.Render(timely{w}, r, page)
}

// failure is what a page says that could not be made, and what to do.
type failure struct{ What, Hint string }

func (p *Page) fail(w http.ResponseWriter, r *http.Request, status int, why failure) {
	p.show(w, r, layout.Page{Title: http.StatusText(status), Status: status, Name: "failure", Data: why})
}

// unable answers with what the node said in place of an answer.
func (p *Page) unable(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) {
		return // nobody reads it
	}
	p.fail(w, r, http.StatusServiceUnavailable, failure{"The node does not answer: " + err.Error(), "It may be starting, or busy: try again in a few seconds."})
}
