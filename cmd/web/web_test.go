package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"grapevine/cmd/web"
	"grapevine/cmd/web/layout"
)

// answers are what a fake node says, as JSON by method.
type answers map[string]string

func (a answers) call(_ context.Context, method string, result any, _ ...any) error {
	raw, ok := a[method]
	if !ok {
		return errors.New(method + ": Method not found")
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal([]byte(raw), result)
}

func aNode() answers {
	return answers{
		"getblockchaininfo": `{"chain":"regtest","blocks":1234,"headers":1234,"bestblockhash":"<script>tip","time":1296688602,"verificationprogress":1,"size_on_disk":5000000}`,
		"getmempoolinfo":    `{"size":3,"bytes":700}`,
		"getnetworkinfo":    `{"subversion":"/<script>alert(1)</script>/","connections_in":2,"connections_out":1}`,
		"uptime":            `3700`,
	}
}

func newPage(t *testing.T, cfg web.Config) *web.Page {
	t.Helper()
	if cfg.About.Network == "" {
		cfg.About = layout.About{Network: "regtest", Version: "9.9"}
	}
	if cfg.Call == nil {
		cfg.Call = aNode().call
	}
	return web.New(cfg)
}

func ask(p *web.Page, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestTheFirstPageTellsTheNodesState(t *testing.T) {
	w := ask(newPage(t, web.Config{}), "GET", "/")
	page := w.Body.String()
	for _, want := range []string{"at block 1,234", "2 in, 1 out", "700 B", "1 h 1 min", "&lt;script&gt;"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if w.Code != 200 || strings.Contains(page, "<script>") || w.Body.Len() > 100_000 {
		t.Errorf("status %d, %d bytes:\n%s", w.Code, w.Body.Len(), page)
	}
}

func TestANodeThatDoesNotAnswerIsSaidSo(t *testing.T) {
	w := ask(newPage(t, web.Config{Call: answers{}.call}), "GET", "/")
	if w.Code != 503 || !strings.Contains(w.Body.String(), "does not answer") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestPathsThatAreNobodysAreToldSo(t *testing.T) {
	p := newPage(t, web.Config{})
	for _, c := range []struct {
		method, path string
		status       int
	}{{"GET", "/nothing", 404}, {"GET", "/..%2f..%2fetc/passwd", 404}, {"POST", "/", 405}, {"PUT", "/nothing", 405}, {"GET", "/assets/", 404}} {
		w := ask(p, c.method, c.path)
		if w.Code != c.status || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s %s: %d, want %d; %v", c.method, c.path, w.Code, c.status, w.Header())
		}
	}
}

// A path with two slashes is no way to another site.
func TestNoRedirectLeadsElsewhere(t *testing.T) {
	p := newPage(t, web.Config{})
	for _, path := range []string{"//evil.example", "/\\evil.example", "//evil.example/%2e%2e", "/assets//evil.example"} {
		w := ask(p, "GET", "http://127.0.0.1"+path)
		if at := w.Header().Get("Location"); at != "" && (!strings.HasPrefix(at, "/") || strings.HasPrefix(at, "//") || strings.HasPrefix(at, "/\\")) {
			t.Errorf("%s leads to %s", path, at)
		}
	}
}
