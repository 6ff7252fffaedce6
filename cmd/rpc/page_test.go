package rpc_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"grapevine/cmd/node"
	"grapevine/cmd/rpc"
)

// aPage answers everything with what it was asked.
type aPage struct {
	backend rpc.Backend
	runs    chan struct{}
	ended   chan struct{}
}

func (p *aPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, "page "+r.Method+" "+r.URL.Path)
}

func (p *aPage) Run(ctx context.Context) error {
	close(p.runs)
	<-ctx.Done()
	close(p.ended)
	return ctx.Err()
}

func newAPage() *aPage {
	return &aPage{runs: make(chan struct{}), ended: make(chan struct{})}
}

func (p *aPage) make(d rpc.Backend) rpc.Page { p.backend = d; return p }

func TestThePageStandsBesideRPC(t *testing.T) {
	p := newAPage()
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.Page = p.make })
	<-p.runs
	for _, c := range []struct {
		method, path string
		status       int
		page         bool
	}{
		{"GET", "/", 200, true}, {"HEAD", "/", 200, false}, {"GET", "/tx/zz", 200, true}, {"GET", "/assets/x", 200, true},
		{"POST", "/do/mine", 200, true}, {"POST", "/session/open", 200, true},
		{"POST", "/", 401, false}, {"POST", "/wallet/x", 401, false}, {"GET", "/wallet/x", 405, false}, {"POST", "/do", 404, false},
		{"PUT", "/do/mine", 404, false}, {"DELETE", "/", 405, false}, {"GET", "/rest/chaininfo.json", 200, false}, {"GET", "/metrics", 200, false},
	} {
		status, answer := w.send(c.method, c.path, "")
		if page := answer == fmt.Sprintf("page %s %s", c.method, c.path); status != c.status || page != c.page {
			t.Errorf("%s %s: %d, %.80q", c.method, c.path, status, answer)
		}
	}
}

func TestThePageIsNoStrangersToAsk(t *testing.T) {
	p := newAPage()
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.Page = p.make })
	for name, edit := range map[string]func(*http.Request){
		"another host":        func(r *http.Request) { r.Host = "evil.example" },
		"another origin":      func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") },
		"an origin of nobody": func(r *http.Request) { r.Header.Set("Origin", "null") },
		"from another site":   func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
	} {
		for _, method := range []string{"GET", "POST"} {
			if status, _ := w.send(method, "/do/mine", "", edit); status != 403 {
				t.Errorf("%s %s: %d, want 403", method, name, status)
			}
		}
	}
}

func TestTheDoorAsksTheNodeAndKnowsItsPassword(t *testing.T) {
	p := newAPage()
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.Page, c.RPCUser, c.RPCPassword = p.make, "alice", "secret" })
	var height int
	if err := p.backend.Call(w.ctx, "getblockcount", &height); err != nil || height != 0 {
		t.Errorf("getblockcount: %d, %v", height, err)
	}
	if err := p.backend.Call(w.ctx, "getblockhash", nil, 99); err == nil || !strings.Contains(err.Error(), "Block height out of range") {
		t.Errorf("a block that is not there: %v", err)
	}
	r := httptest.NewRequest("POST", "/session/open", nil)
	if !p.backend.Allow(r, "alice", "secret") || p.backend.Allow(r, "alice", "Secret") || p.backend.Allow(r, "", "") {
		t.Error("the door takes a wrong password or refuses the right one")
	}
}

// Whoever guesses at a door of the server is in its log, with where he comes from.
func TestAWrongPasswordIsInTheLogWhereverItWasTried(t *testing.T) {
	p, log := newAPage(), &lines{}
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.Page, c.Log = p.make, slog.New(slog.NewTextHandler(log, nil)) })
	wrong := func(r *http.Request) { r.SetBasicAuth("u", "wrong") }
	r := httptest.NewRequest("POST", "/session/open", nil)
	for name, try := range map[string]func(){
		"RPC": func() { w.send("POST", "/", `{"method":"uptime"}`, wrong) }, "events": func() { w.send("GET", "/events", "", wrong) },
		"the page": func() { p.backend.Allow(r, "u", "wrong") },
	} {
		before := log.count("wrong RPC password")
		if try(); log.count("wrong RPC password") != before+1 {
			t.Errorf("a wrong password at %s is in the log %d times, want 1", name, log.count("wrong RPC password")-before)
		}
	}
	if log.count("from="+r.RemoteAddr) != 1 || log.count(`password" subsystem=rpc from=127.0.0.1:`) != 2 {
		t.Errorf("the log does not tell where they came from:\n%s", log)
	}
}

// lines is a log to be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) count(words string) int { return strings.Count(l.String(), words) }

// Where it was not asked for, a page is on regtest's loopback alone.
func TestThePageIsOffWhereItIsNotAskedFor(t *testing.T) {
	off, on := false, true
	for name, c := range map[string]struct {
		listen string
		web    *bool
		want   int
	}{
		"loopback": {"127.0.0.1:0", nil, 200}, "switched off": {"127.0.0.1:0", &off, 405},
		"all addresses": {"0.0.0.0:0", nil, 405}, "all, asked for": {"0.0.0.0:0", &on, 200},
	} {
		w := startIn(t, t.TempDir(), func(cfg *node.Config) { cfg.Page, cfg.RPCListen, cfg.Web = newAPage().make, c.listen, c.web })
		if status, _ := w.send("GET", "/", ""); status != c.want {
			t.Errorf("%s: GET / answers %d, want %d", name, status, c.want)
		}
	}
}
