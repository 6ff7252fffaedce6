package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"grapevine/cmd/web"
	"grapevine/testnet"
)

func peered(peers string) answers {
	a := aNode()
	a["getpeerinfo"] = peers
	return a
}

func TestTheNetworkReadsWithoutAScript(t *testing.T) {
	node := peered(`[{"id":1,"addr":"127.0.0.1:1001","addrbind":"127.0.0.1:5555","inbound":false,"subver":"/x/","pingtime":0.0805,"blocks_from":7,"txs_from":2,"bytesrecv":4321},
		{"id":2,"addr":"10.0.0.9:7","inbound":true,"subver":"<script>alert(1)</script>","blocks_to":1}]`)
	p := newPage(t, web.Config{Call: node.call, Siblings: aNet{peered(`[]`)}})
	w := ask(p, "GET", "/network")
	page := w.Body.String()
	for _, want := range []string{"alice", `<td class="bad" colspan="8">down</td>`, "✕ cut from 0 to 1", "1 → 0: 80ms", "80.5 ms", "10.0.0.9:7", "4.3 kB", "1,234", "Sign in"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, no := range []string{"<script>alert", "verysecret", "/secret/dir"} {
		if strings.Contains(page, no) {
			t.Errorf("the page tells %q", no)
		}
	}
	if w.Code != 200 {
		t.Errorf("status %d\n%s", w.Code, page)
	}
	if tables := ask(p, "GET", "/network/tables"); !strings.Contains(tables.Body.String(), "✕ cut from 0 to 1") || strings.Contains(tables.Body.String(), "<html") {
		t.Errorf("the tables alone:\n%s", tables.Body)
	}
}

func TestANodeAloneShowsItsPeers(t *testing.T) {
	var peers []string
	for i := range 30 {
		peers = append(peers, `{"id":1,"addr":"10.0.0.`+string(rune('a'+i))+`:7","subver":"x"}`)
	}
	p := newPage(t, web.Config{Call: peered("[" + strings.Join(peers, ",") + "]").call})
	page := ask(p, "GET", "/network").Body.String()
	if !strings.Contains(page, "This node and its peers") || !strings.Contains(page, "6 more peers not shown") || strings.Contains(page, "/do/link") {
		t.Errorf("%s", page)
	}
}

// live reads the stream until it has seen as many messages of each kind as are wanted.
func live(t *testing.T, p *web.Page, want map[string]int) map[string][]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	run := make(chan error, 1)
	go func() { run <- p.Run(ctx) }()
	defer func() { cancel(); <-run }()
	server := httptest.NewServer(p)
	defer server.Close()
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/network/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%v", resp.Header)
	}
	got, kind := map[string][]string{}, ""
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if k, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			kind = k
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if !json.Valid([]byte(data)) {
				t.Errorf("%s is not JSON: %q", kind, data)
			}
			got[kind] = append(got[kind], data)
		}
		enough := true
		for k, n := range want {
			enough = enough && len(got[k]) >= n
		}
		if enough {
			return got
		}
	}
	t.Fatalf("the stream ended with %v", got)
	return nil
}

func TestEventsOfAllNodesAreOneStream(t *testing.T) {
	now := time.Now().UTC().Format(time.RFC3339Nano)
	events := func(ctx context.Context, m testnet.Member, _ bool, tell func([]byte)) error {
		if m.Node == 0 {
			tell([]byte(`{"seq":1,"time":"2020-01-01T00:00:00Z","kind":"heard","tx":"old"}`))
			tell([]byte(`{"seq":2,"time":"` + now + `","kind":"heard","tx":"aa","peer":{"addr":"127.0.0.1:1001"}}`))
		} else {
			tell([]byte(`{"seq":3,"time":"` + now + `","kind":"heard","tx":"aa","peer":{"addr":"127.0.0.1:5555"}}`))
			tell([]byte(`{"seq":4,"time":"` + now + `","reason":"` + strings.Repeat("x", 9000) + `"}`))
			tell([]byte(`no JSON`))
		}
		<-ctx.Done()
		return ctx.Err()
	}
	node := peered(`[{"id":1,"addr":"127.0.0.1:1001","addrbind":"127.0.0.1:5555","inbound":false}]`)
	p := newPage(t, web.Config{Call: node.call, Siblings: aNet{peered(`[]`)}, Events: events})
	got := live(t, p, map[string]int{"state": 1, "gossip": 2, "backlog": 2})
	all := strings.Join(got["gossip"], "\n")
	for _, want := range []string{`{"at":"0","peer":"1","event":{"seq":2`, `{"at":"1","peer":"0","event":{"seq":3`} {
		if !strings.Contains(all, want) {
			t.Errorf("the stream lacks %s:\n%s", want, all)
		}
	}
	if strings.Contains(all, "old") || strings.Contains(all, "xxxx") || !strings.Contains(got["backlog"][len(got["backlog"])-1], `"tx":"old"`) {
		t.Errorf("what is old belongs into the backlog, and what is too long nowhere:\n%v", got)
	}
	if strings.Contains(got["state"][0], "verysecret") || strings.Contains(got["state"][0], "/secret/dir") {
		t.Errorf("the state tells secrets: %s", got["state"][0])
	}
}

func TestPiecesAreToldWithWhoGaveThem(t *testing.T) {
	events := func(ctx context.Context, _ testnet.Member, _ bool, tell func([]byte)) error {
		for _, e := range []string{
			`{"kind":"heard","by":"block","block":"aa","height":1,"bytes":300,"peer":{"addr":"127.0.0.1:1001"}}`,
			`{"kind":"heard","by":"block","block":"bb","height":2,"bytes":300,"peer":{"addr":"127.0.0.1:1001"}}`,
			`{"kind":"heard","by":"cmpctblock","block":"bb","height":2,"peer":{"addr":"10.0.0.9:7"}}`, // it had it
			`{"kind":"heard","by":"block","block":"cc","height":3,"bytes":300,"peer":{"addr":"<script>"}}`,
			`{"kind":"heard","by":"headers","block":"dd","height":4,"peer":{"addr":"127.0.0.1:1001"}}`, // the news alone
			`{"kind":"heard","by":"self","block":"ee","height":5}`, `{"kind":"tip","block":"ee","height":5}`, `no JSON`,
		} {
			tell([]byte(e))
		}
		<-ctx.Done()
		return ctx.Err()
	}
	p := newPage(t, web.Config{Call: peered(`[]`).call, Siblings: aNet{peered(`[]`)}, Events: events})
	w := ask(p, "GET", "/network/pieces?node=0")
	page := w.Body.String()
	for _, want := range []string{"3 blocks in the order", `<td class="number">2</td><td class="number">600 B</td><td>1–2</td>`, "&lt;script&gt;", "blocks 3 to 3 from"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if w.Code != 200 || strings.Contains(page, "<script>") {
		t.Errorf("%d\n%s", w.Code, page)
	}
	if w := ask(p, "GET", "/network/pieces?node=2"); !strings.Contains(w.Body.String(), "It tells nothing: down") {
		t.Errorf("a node that is down: %d\n%s", w.Code, w.Body)
	}
	for _, node := range []string{"9", "%3Cscript%3E", "-1", "10.0.0.9:7"} {
		if w := ask(p, "GET", "/network/pieces?node="+node); w.Code != 404 {
			t.Errorf("node %s: %d", node, w.Code)
		}
	}
}

// The last place is given away, and nobody has the next one until somebody leaves.
func TestListenersAreBounded(t *testing.T) {
	p := newPage(t, web.Config{})
	server := httptest.NewServer(p)
	defer server.Close()
	const most = 256
	listen := func(ctx context.Context) *http.Response {
		r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/network/live", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	first, leave := context.WithCancel(t.Context())
	all, end := context.WithCancel(t.Context())
	defer end()
	for i := range most {
		ctx := all
		if i == 0 {
			ctx = first
		}
		if resp := listen(ctx); resp.StatusCode != 200 {
			t.Fatalf("listener %d: %d", i+1, resp.StatusCode)
		}
	}
	if resp := listen(all); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("listener %d: %d %v", most+1, resp.StatusCode, resp.Header)
	}
	leave()
	for deadline := time.Now().Add(time.Minute); listen(all).StatusCode != 200; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the place of who has left is not given away")
		}
	}
	if resp, err := http.Head(server.URL + "/network/live"); err != nil || resp.StatusCode != 200 {
		t.Errorf("HEAD: %v %v", resp, err)
	}
}
