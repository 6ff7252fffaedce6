package layout

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strconv"
	"sync"
)

// maxPage bounds a page in bytes: it is rendered into memory, so that an error is no half page. The
// largest transaction, with its witness in hex and markup around it, is about ten million bytes.
const maxPage = 16 << 20

//go:embed templates
var ownFiles embed.FS

// Layout renders pages in one frame.
type Layout struct {
	about  About
	log    *slog.Logger
	assets func() *assets // read when first asked for: most nodes are never looked at
	shell  *Templates
}

// About is what every page's foot says of the node.
type About struct {
	Network string // "regtest"
	Version string // of the program
	Node    string // its name in a local network; "": none
}

// Page is one page. Its template writes what stands within <main>, its own <h1> first.
type Page struct {
	Title    string // before " · grapevine"
	Nav      string // Key of the Entry that is here; "": none
	Status   int    // 0: 200
	Template Template
	Name     string // of the template in Template; "": Template itself
	Data     any
	Scripts  []string // ES modules among the assets, as "network.js"
	Search   string   // what stands in the search box
	Wide     bool     // takes all of a wide screen
	Refresh  int      // seconds after which the browser asks for it again; 0: it does not
}

// Entry is one way in the navigation.
type Entry struct{ Key, Path, Name string }

// entries are the navigation, in order.
var entries = []Entry{
	{"network", "/network", "Network"},
	{"blocks", "/blocks", "Blocks"},
	{"pool", "/pool", "Pool"},
	{"node", "/node", "Node"},
	{"do", "/do", "Do"},
	{"learn", "/learn", "Learn"},
}

// New makes the frame. Pages that cannot be rendered are told to log.
func New(about About, log *slog.Logger) *Layout {
	l := &Layout{about: about, log: log, assets: sync.OnceValue(readAssets)}
	l.shell = l.Templates(ownFiles, "templates/shell.html")
	return l
}

// Template is one or several that know of each other.
type Template interface {
	Execute(w io.Writer, data any) error
	ExecuteTemplate(w io.Writer, name string, data any) error
}

// Templates are parsed when the first page is made of them, in some milliseconds: most nodes are
// never looked at.
type Templates struct {
	parse func() (*template.Template, error)
}

var _ Template = (*Templates)(nil)

// Templates are those of files. They may use Funcs and "pages", which shows a Pager; the first one's name is the whole's.
func (l *Layout) Templates(files fs.FS, patterns ...string) *Templates {
	return &Templates{sync.OnceValues(func() (*template.Template, error) { return l.parse(files, patterns) })}
}

// Execute writes the whole.
func (t *Templates) Execute(w io.Writer, data any) error {
	all, err := t.parse()
	if err != nil {
		return err
	}
	return all.Execute(w, data)
}

// ExecuteTemplate writes the one of that name.
func (t *Templates) ExecuteTemplate(w io.Writer, name string, data any) error {
	all, err := t.parse()
	if err != nil {
		return err
	}
	return all.ExecuteTemplate(w, name, data)
}

func (l *Layout) parse(files fs.FS, patterns []string) (*template.Template, error) {
	names, err := fs.Glob(files, patterns[0])
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no templates at %s (%w)", patterns[0], errors.Join(err, fs.ErrNotExist))
	}
	all, err := template.New(path.Base(names[0])).Funcs(l.Funcs()).ParseFS(ownFiles, "templates/pages.html")
	if err != nil {
		return nil, err
	}
	return all.ParseFS(files, patterns...)
}

// Harden sets what holds for every answer of the page's: the browser loads nothing from elsewhere, runs
// nothing that stands in a page, shows it in nobody's frame, and tells nobody where it was.
func Harden(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
		"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// errTooLarge: a page is larger than maxPage.
var errTooLarge = errors.New("the page is too large")

// buffer is a bytes.Buffer that holds maxPage.
type buffer struct{ bytes.Buffer }

func (b *buffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxPage {
		return 0, errTooLarge
	}
	return b.Buffer.Write(p)
}

// Render answers with a page: whole, or with status 500 and a page that says so.
func (l *Layout) Render(w http.ResponseWriter, r *http.Request, p Page) {
	page, err := l.page(p)
	if err != nil {
		l.log.Error("a page cannot be rendered", "title", p.Title, "err", err)
		why := "This page cannot be shown."
		if errors.Is(err, errTooLarge) {
			why = "This page would be larger than " + strconv.Itoa(maxPage>>20) + " MiB. REST and RPC give it in pieces."
		}
		p = Page{Title: "Not shown", Status: http.StatusInternalServerError, Template: l.shell, Name: "failed", Data: why}
		if page, err = l.page(p); err != nil {
			http.Error(w, why, p.Status)
			return
		}
	}
	Harden(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-store") // of a node that lives, and of who is signed in
	}
	if p.Refresh > 0 {
		w.Header().Set("Refresh", strconv.Itoa(p.Refresh))
	}
	w.Header().Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(max(p.Status, http.StatusOK))
	if r.Method != http.MethodHead {
		_, _ = io.Copy(w, page) // who has gone is not told
	}
}

func (l *Layout) page(p Page) (*buffer, error) {
	var main, whole buffer
	var err error
	if p.Name == "" {
		err = p.Template.Execute(&main, p.Data)
	} else {
		err = p.Template.ExecuteTemplate(&main, p.Name, p.Data)
	}
	if err == nil {
		err = l.shell.Execute(&whole, frame{Page: p, About: l.about, Entries: slices.Clone(entries), Main: template.HTML(main.Bytes())})
	}
	return &whole, err
}

// frame is what the shell's template is given.
type frame struct {
	Page
	About   About
	Entries []Entry
	Main    template.HTML // made by a template: escaped already
}
