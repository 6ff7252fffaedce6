package explorer

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strings"
	"time"

	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/rest"
	"grapevine/cmd/web/layout"
	"grapevine/p2p/swarm"
)

//go:embed templates
var templateFiles embed.FS

// Config is who is asked.
type Config struct {
	Explore *explore.API
	Swarm   *swarm.Swarm
	Layout  *layout.Layout
	Version string // of the program
	LogPath string // of the node's log; "": it keeps none that could be shown
}

// Handler answers the explorer's paths.
type Handler struct {
	*explore.API
	cfg     Config
	readers *rest.Readers
	pages   *layout.Templates
	samples samples
	picture lastPicture
	started time.Time
}

// New makes a Handler; Run takes the samples that its plots show.
func New(cfg Config) *Handler {
	return &Handler{API: cfg.Explore, cfg: cfg, readers: rest.NewReaders(), pages: cfg.Layout.Templates(templateFiles, "templates/*.html"), started: time.Now()}
}

// view is a page before it is rendered: which template shows what.
type view struct {
	name   string // of the template; "" with to
	title  string
	nav    string
	data   any
	status int    // 0: 200
	search string // what stands in the search box
	to     string // a path to go to instead
	still  bool   // it does not follow what happens
}

// question is what a request asks about: the parts of its path that are not fixed, and its query.
type question struct {
	args  []string
	query url.Values
}

func (q question) arg(n int) string { return q.args[n] }

// route is one kind of page: its path, with {} for what is asked about.
type route struct {
	path  string
	do    func(*Handler, context.Context, question) (view, error)
	large bool // it may read a whole block
}

// routes are all pages.
var routes = []route{
	{"blocks", (*Handler).blocksPage, true},
	{"block/{}", (*Handler).blockPage, true},
	{"tx/{}", (*Handler).txPage, true},
	{"address/{}", (*Handler).addressPage, true},
	{"script/{}", (*Handler).scriptPage, true},
	{"pool", (*Handler).poolPage, false},
	{"reorgs", (*Handler).reorgsPage, false},
	{"search", (*Handler).searchPage, true},
	{"node", (*Handler).nodePage, false},
}

// lookTime bounds what one page may take; a search through long histories ends with it.
const lookTime = 5 * time.Second

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rt, args := h.route(r.URL.Path)
	h.readers.Serve(w, r, rt.large, func(ctx context.Context) (rest.Form, error) {
		ctx, cancel := context.WithTimeout(ctx, lookTime)
		defer cancel()
		v, err := h.answer(ctx, rt, r, args)
		if err != nil {
			if v, err = problemView(err); err != nil {
				return rest.Form{}, err
			}
		}
		return h.form(w, r, v), nil
	})
}

// route finds who answers a path; none is a route without a function.
func (h *Handler) route(path string) (route, []string) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for _, rt := range routes {
		if args, ok := rest.Match(rt.path, parts); ok {
			return rt, args
		}
	}
	return route{}, nil
}

func (h *Handler) answer(ctx context.Context, rt route, r *http.Request, args []string) (view, error) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return view{}, &problem{status: http.StatusMethodNotAllowed, title: "Only read", why: "These pages are read: they take GET and HEAD."}
	case rt.do == nil:
		return view{}, absent("No such page", "There is nothing at %s.", said(r.URL.Path))
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return view{}, wrong("Not understood", "What stands behind the question mark of this address cannot be read.")
	}
	return rt.do(h, ctx, question{args, query})
}

// form renders a view; the headers of a page go to w at once.
func (h *Handler) form(w http.ResponseWriter, r *http.Request, v view) rest.Form {
	if v.to != "" {
		layout.Harden(w.Header())
		w.Header().Set("Location", v.to)
		return rest.Text("See " + v.to + "\n").WithStatus(http.StatusSeeOther)
	}
	page := layout.Page{Title: v.title, Nav: v.nav, Status: v.status, Template: h.pages, Name: v.name, Data: v.data, Search: v.search}
	if !v.still {
		page.Scripts = []string{"explorer.js"}
	}
	c := &caught{header: w.Header(), status: http.StatusOK}
	whole := r.WithContext(r.Context())
	whole.Method = http.MethodGet // net/http leaves out what HEAD does not take, and needs its length
	h.cfg.Layout.Render(c, whole, page)
	return rest.Whole(c.header.Get("Content-Type"), c.body).WithStatus(c.status)
}

// caught is an answer that is held until it is sent within a reader's share.
type caught struct {
	header http.Header
	status int
	body   []byte
}

func (c *caught) Header() http.Header { return c.header }

func (c *caught) WriteHeader(status int) { c.status = status }

func (c *caught) Write(b []byte) (int, error) {
	c.body = append(c.body, b...)
	return len(b), nil
}

// number reads a number without a sign from the query; 0 when it is not there.
func (q question) number(name string) (int, error) {
	text := q.query.Get(name)
	if text == "" {
		return 0, nil
	}
	n, ok := parseHeight(text)
	if !ok {
		return 0, wrong("Not understood", "%s is a number from 0 to %d; %q is none.", name, maxNumber, said(text))
	}
	return n, nil
}

// page cuts a list into pages of so many and takes the one that name asks for, counted from 1. Beyond
// the end there is no page.
func (q question) page(name, path string, n, size int) (p layout.Pager, err error) {
	at, err := q.number(name)
	if err != nil {
		return p, err
	}
	p = layout.List{At: url.URL{Path: path, RawQuery: q.query.Encode()}, Key: name, Len: n, Size: size}.Page(at)
	if at > p.Number {
		return p, absent("No such page", "This list has %d pages; there is no page %d.", p.Last, at)
	}
	return p, nil
}
