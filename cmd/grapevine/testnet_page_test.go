package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// surfer looks at the page of one node.
type surfer struct {
	t      *testing.T
	at     string
	client http.Client
}

func (s *surfer) answer(resp *http.Response, err error) (int, string) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		s.t.Errorf("%s has no policy", resp.Request.URL)
	}
	return resp.StatusCode, string(raw)
}

func (s *surfer) get(path string) string {
	s.t.Helper()
	status, page := s.answer(s.client.Get(s.at + path))
	if status != 200 {
		s.t.Fatalf("GET %s: %d\n%s", path, status, page)
	}
	return page
}

func (s *surfer) post(path string, form url.Values) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), "POST", s.at+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", s.at)
	return s.answer(s.client.Do(r))
}

// do sends a form of the page Do.
func (s *surfer) do(action string, fields ...string) string {
	s.t.Helper()
	token := regexp.MustCompile(`name="token" value="([0-9a-f]+)"`).FindStringSubmatch(s.get("/do"))
	if token == nil {
		s.t.Fatal("nobody is signed in")
	}
	form := url.Values{"token": token[1:]}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	status, page := s.post("/do/"+action, form)
	if status != 200 {
		s.t.Fatalf("%s %v: %d\n%s", action, fields, status, page)
	}
	return page
}

// A node's page shows its whole network and, to who has the cookie, does what the testnet's commands do.
func TestEachNodesPageShowsAndShapesTheNetwork(t *testing.T) {
	home := t.TempDir()
	f := raised(t, home, "--names", "alice,bob,carol")
	if out := ok(t, home, "testnet", "status"); !strings.Contains(out, "See it in a browser: "+f.Nodes[0].RPC+"/network") {
		t.Errorf("status:\n%s", out)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &surfer{t: t, at: f.Nodes[1].RPC, client: http.Client{Jar: jar}}
	if page := s.get("/network"); !strings.Contains(page, "alice") || !strings.Contains(page, "carol") || strings.Contains(page, `action="/do/link"`) {
		t.Errorf("node 1's page:\n%s", page)
	}
	for _, path := range []string{"/", "/blocks", "/pool", "/node", "/learn", "/network/pieces?node=2"} {
		s.get(path)
	}
	cookie, err := os.ReadFile(filepath.Join(f.Nodes[1].DataDir, ".cookie"))
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := s.post("/session/open", url.Values{"password": {"wrong"}}); status != 403 {
		t.Errorf("signed in with a wrong password: %d", status)
	}
	if status, page := s.post("/session/open", url.Values{"password": {string(cookie)}}); status != 200 {
		t.Fatalf("sign in: %d\n%s", status, page)
	}
	s.do("link", "a", "0", "b", "2", "how", "cut")
	s.do("slow", "links", "1-2", "latency", "30ms")
	eventually(t, "the page shows the links", func() bool {
		page := s.get("/network/tables")
		return strings.Contains(page, "✕ cut") && strings.Contains(page, "30ms")
	})
	s.do("mine", "node", "2", "count", "2")
	stand(t, home, "what is mined goes the other way round", 103, 103, 103)
	s.do("heal", "links", "all")
	to := regexp.MustCompile(`bcrt1[0-9a-z]+`).FindString(s.do("address", "node", "2"))
	s.do("faucet", "address", to, "amount", "1")
	s.do("snapshot", "name", "start")
	s.do("reorg", "depth", "1")
	if page := s.do("pay", "node", "0", "address", to, "amount", "0.5"); !regexp.MustCompile(`[0-9a-f]{64}`).MatchString(page) {
		t.Errorf("paid:\n%s", page)
	}
}
