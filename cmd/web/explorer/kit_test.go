package explorer_test

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/cmd/node"
	"grapevine/cmd/rpc"
	"grapevine/cmd/web/explorer"
	"grapevine/cmd/web/layout"
)

// world is a whole node with the explorer at its port, and a key that mines.
type world struct {
	t     testing.TB
	node  *node.Node
	pages http.Handler // without the door that they stand behind
	key   *chaintest.Key
}

// start runs a node on regtest that keeps all indexes, unless an edit says otherwise.
func start(t testing.TB, edits ...func(*node.Config)) *world {
	t.Helper()
	on, w := true, &world{t: t, key: chaintest.NewKey(1)}
	cfg := node.Config{Params: chain.RegTest(), DataDir: t.TempDir(), RPCInside: true, TxIndex: true, AddressIndex: true, Version: "0.1.0", NoSync: true, Web: &on}
	cfg.Page = func(d rpc.Backend) rpc.Page {
		l := layout.New(layout.About{Network: "regtest", Version: "0.1.0"}, nil)
		h := explorer.New(explorer.Config{Explore: d.Explore, Swarm: d.Swarm, Layout: l, Version: "0.1.0", LogPath: cfg.LogPath})
		w.pages = h
		return h
	}
	for _, edit := range edits {
		edit(&cfg)
	}
	n, err := node.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-n.Ready():
	case <-time.After(time.Minute):
		t.Fatal("the node does not get ready")
	}
	w.node = n
	return w
}

// get asks for a path as a browser on this machine does.
func (w *world) get(path string) (status int, body string, head http.Header) {
	w.t.Helper()
	return w.send(http.MethodGet, path)
}

func (w *world) send(method, path string) (status int, body string, head http.Header) {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, "http://127.0.0.1"+path, nil)
	rec := httptest.NewRecorder()
	w.node.RPC.Inside().ServeHTTP(rec, r)
	return rec.Code, rec.Body.String(), rec.Header()
}

// page gets a page that must be there, sound as HTML and hardened, and must say all of these.
func (w *world) page(path string, says ...string) string {
	w.t.Helper()
	status, body, head := w.get(path)
	if status != http.StatusOK {
		w.t.Fatalf("GET %s: %d %s", path, status, text(body))
	}
	w.sound(path, body, head)
	for _, want := range says {
		if !strings.Contains(body, want) {
			w.t.Errorf("GET %s does not say %q:\n%s", path, want, text(body))
		}
	}
	return body
}

// fails gets a page that tells what is wrong and what to do.
func (w *world) fails(status int, path string, says ...string) {
	w.t.Helper()
	got, body, head := w.get(path)
	if got != status {
		w.t.Errorf("GET %.200s: %d, want %d: %s", path, got, status, text(body))
	}
	w.sound(path, body, head)
	for _, want := range append(says, "<h1>", "/blocks") {
		if !strings.Contains(body, want) {
			w.t.Errorf("GET %.200s does not say %q:\n%s", path, want, text(body))
		}
	}
}

// text is what stands in a page's <main>.
func text(body string) string {
	if _, main, ok := strings.Cut(body, "<main"); ok {
		body = main
	}
	return body[:min(len(body), 6000)]
}

// sound checks what holds for every page.
func (w *world) sound(path, body string, head http.Header) {
	w.t.Helper()
	if csp := head.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || head.Get("X-Content-Type-Options") != "nosniff" {
		w.t.Errorf("GET %.200s is not hardened: %v", path, head)
	}
	if !strings.HasPrefix(head.Get("Content-Type"), "text/html") {
		w.t.Errorf("GET %.200s is %s", path, head.Get("Content-Type"))
	}
	checkHTML(w.t, path, body)
}

func (w *world) mine(n int) []chain.Hash {
	w.t.Helper()
	hashes, err := w.node.Miner.Generate(w.t.Context(), n, w.key.P2WPKH(), 0)
	if err != nil || len(hashes) != n {
		w.t.Fatalf("%d of %d blocks: %v", len(hashes), n, err)
	}
	return hashes
}

// block is a stored block.
func (w *world) block(hash chain.Hash) *chain.Block {
	w.t.Helper()
	b, err := w.node.Ledger.Block(hash)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// coinbase is the coin that a block of ours made.
func (w *world) coinbase(hash chain.Hash) chaintest.Coin {
	w.t.Helper()
	return chaintest.OutputOf(w.block(hash).Txs[0], 0, w.key)
}

// submit hands in a transaction that must be good.
func (w *world) submit(tx *chain.Tx) *chain.Tx {
	w.t.Helper()
	if err := w.node.Swarm.SubmitTx(w.t.Context(), tx); err != nil {
		w.t.Fatal(err)
	}
	return tx
}

// give hands in a block, which need not become the tip.
func (w *world) give(m chaintest.Mined) chaintest.Mined {
	w.t.Helper()
	if err := w.node.Swarm.SubmitBlock(w.t.Context(), m.Block); err != nil && !errors.Is(err, chain.ErrInconclusive) {
		w.t.Fatal(err)
	}
	return m
}

// checkHTML looks at a page as a strict reader: elements end in order, ids are said once, links lead to this
// node, and nothing runs or is styled from within.
func checkHTML(t testing.TB, path, body string) {
	t.Helper()
	void := map[string]bool{"meta": true, "link": true, "img": true, "input": true, "br": true, "hr": true}
	ids := map[string]bool{}
	var open []string
	d := xml.NewDecoder(strings.NewReader(body))
	d.Strict, d.Entity = false, xml.HTMLEntity
	for {
		tok, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("GET %.200s: %v", path, err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if !void[tok.Name.Local] {
				open = append(open, tok.Name.Local)
			}
			checkElement(t, path, tok, ids)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != tok.Name.Local {
				t.Fatalf("GET %.200s: </%s> within %v", path, tok.Name.Local, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("GET %.200s: %v do not end", path, open)
	}
}

func checkElement(t testing.TB, path string, e xml.StartElement, ids map[string]bool) {
	t.Helper()
	if e.Name.Local == "style" {
		t.Errorf("GET %.200s: <style>", path)
	}
	for _, a := range e.Attr {
		switch key := a.Name.Local; {
		case key == "style" || strings.HasPrefix(key, "on"):
			t.Errorf("GET %.200s: <%s %s>", path, e.Name.Local, key)
		case key == "id" && ids[a.Value]:
			t.Errorf("GET %.200s: id %q twice", path, a.Value)
		case key == "id":
			ids[a.Value] = true
		case (key == "href" || key == "src") && !strings.HasPrefix(a.Value, "/") && !strings.HasPrefix(a.Value, "#"):
			t.Errorf("GET %.200s: a link to %q", path, a.Value)
		}
	}
}
