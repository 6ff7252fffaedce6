package layout_test

import (
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"grapevine/cmd/web/layout"
)

func newLayout(t *testing.T) *layout.Layout {
	t.Helper()
	return layout.New(layout.About{Network: "regtest", Version: "9.9", Node: `<b>"alice"`}, slog.New(slog.DiscardHandler))
}

func render(l *layout.Layout, method string, p layout.Page) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	l.Render(w, httptest.NewRequest(method, "/", nil), p)
	return w
}

func TestRenderPutsAPageIntoItsFrameAndEscapesIt(t *testing.T) {
	l := newLayout(t)
	body := template.Must(template.New("x").Funcs(l.Funcs()).Parse(`<h1>{{.}}</h1>{{define "other"}}the other{{end}}`))
	w := render(l, "GET", layout.Page{Title: "<script>alert(1)</script>", Nav: "pool", Search: `"><script>`, Status: 404, Template: body, Data: "<script>x", Scripts: []string{"style.css"}})
	page := w.Body.String()
	if w.Code != 404 || strings.Contains(page, "<script>") {
		t.Errorf("status %d, page:\n%s", w.Code, page)
	}
	for _, want := range []string{"<h1>&lt;script&gt;x</h1>", `<a href="/pool" aria-current="page">`, `<script type="module" src="/assets/`, "&lt;b&gt;", "grapevine 9.9 on regtest"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
	if w := render(l, "GET", layout.Page{Template: body, Name: "other", Refresh: 3}); !strings.Contains(w.Body.String(), "the other") || w.Code != 200 || w.Header().Get("Refresh") != "3" {
		t.Errorf("a named template: %d %s", w.Code, w.Body)
	}
	if w := render(l, "HEAD", layout.Page{Template: body, Data: "x"}); w.Body.Len() != 0 || w.Header().Get("Content-Length") == "" {
		t.Errorf("HEAD: %d bytes, %v", w.Body.Len(), w.Header())
	}
}

func TestAnErrorIsAWholePage(t *testing.T) {
	l := newLayout(t)
	fail := func() (string, error) { return "", errors.New("no") }
	much := func() string { return strings.Repeat("x", 17<<20) }
	for name, body := range map[string]string{"a failing template": `half {{fail}}`, "one beyond what a page may hold": `{{much}}`} {
		tmpl := template.Must(template.New("x").Funcs(template.FuncMap{"fail": fail, "much": much}).Parse(body))
		w := render(l, "GET", layout.Page{Template: tmpl})
		if w.Code != 500 || strings.Contains(w.Body.String(), "half") || !strings.Contains(w.Body.String(), "</html>") {
			t.Errorf("%s: %d %.300s", name, w.Code, w.Body)
		}
	}
}

// Templates are parsed when they are first asked for, and one that cannot be is an error then.
func TestTemplatesAreParsedAtTheFirstPage(t *testing.T) {
	l := newLayout(t)
	files := fstest.MapFS{"good.html": {Data: []byte(`good {{count .}}{{define "part"}}a part{{end}}`)}, "bad.html": {Data: []byte(`{{nothing}}`)}}
	for _, p := range []struct {
		pattern, name, want string
		status              int
	}{{"good.html", "", "good 1,234", 200}, {"good.html", "part", "a part", 200}, {"bad.html", "", "Not shown", 500}, {"none.html", "", "Not shown", 500}} {
		w := render(l, "GET", layout.Page{Template: l.Templates(files, p.pattern), Name: p.name, Data: 1234})
		if w.Code != p.status || !strings.Contains(w.Body.String(), p.want) {
			t.Errorf("%s %s: %d %.300s, want %d and %s", p.pattern, p.name, w.Code, w.Body, p.status, p.want)
		}
	}
}

func TestEveryAnswerIsHardened(t *testing.T) {
	l := newLayout(t)
	tmpl := template.Must(template.New("x").Parse("x"))
	css := httptest.NewRecorder()
	l.ServeAsset(css, httptest.NewRequest("GET", "/assets/style.css", nil))
	none := httptest.NewRecorder()
	l.ServeAsset(none, httptest.NewRequest("GET", "/assets/../layout.go", nil))
	if css.Code != 200 || none.Code != 404 {
		t.Errorf("style.css: %d, nothing: %d", css.Code, none.Code)
	}
	for name, w := range map[string]*httptest.ResponseRecorder{"page": render(l, "GET", layout.Page{Template: tmpl}), "asset": css, "no asset": none} {
		csp := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: the policy lacks %s: %s", name, want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", name, w.Header())
		}
	}
}

// An asset under its hash never changes; under its bare name it is asked for again.
func TestAssetsAreCachedByTheirContent(t *testing.T) {
	l := newLayout(t)
	url := template.Must(template.New("x").Funcs(l.Funcs()).Parse(`{{asset "style.css"}}`))
	var at strings.Builder
	if err := url.Execute(&at, nil); err != nil {
		t.Fatal(err)
	}
	get := func(path, etag string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)
		r.Header.Set("If-None-Match", etag)
		l.ServeAsset(w, r)
		return w
	}
	fixed, bare := get(at.String(), ""), get("/assets/style.css", "")
	if !strings.Contains(fixed.Header().Get("Cache-Control"), "immutable") || bare.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("%v\n%v", fixed.Header(), bare.Header())
	}
	if again := get("/assets/style.css", bare.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("asked again with its tag: %d", again.Code)
	}
	if old := get("/assets/0123456789abcdef/style.css", ""); old.Code != 404 {
		t.Errorf("under the hash of another program: %d", old.Code)
	}
}

func TestNumbersReadAsPeopleWriteThem(t *testing.T) {
	for got, want := range map[string]string{
		layout.Count(0): "0", layout.Count(999): "999", layout.Count(1000): "1,000", layout.Count(-1234567): "−1,234,567", layout.Count("x"): "x",
		layout.Bytes(999): "999 B", layout.Bytes(1000): "1.0 kB", layout.Bytes(uint64(5_432_100_000_000)): "5.4 TB",
		layout.Short(strings.Repeat("a", 17)): strings.Repeat("a", 17), layout.Short("00000000" + strings.Repeat("b", 48) + "11111111"): "00000000…11111111",
		layout.Span(250 * time.Millisecond): "250 ms", layout.Span(12500 * time.Millisecond): "12.5 s", layout.Span(59990 * time.Millisecond): "59.9 s",
		layout.Span(100 * time.Second): "1 min 40 s", layout.Span(-3 * time.Hour): "−3 h 0 min", layout.Span(50 * time.Hour): "2 d 2 h",
		layout.Brief(14300 * time.Nanosecond): "14 µs", layout.Brief(1024 * time.Microsecond): "1.02 ms", layout.Brief(999 * time.Millisecond): "999 ms", layout.Brief(12345 * time.Millisecond): "12.35 s",
		layout.Plural(1, "block"): "1 block", layout.Plural(2000, "block"): "2,000 blocks",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
