package rpc_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/cmd/node"
	"grapevine/cmd/rpc/events"
)

// listener is somebody at GET /events.
type listener struct {
	t  *testing.T
	in *bufio.Reader
	id string // of the last event
}

// listen asks for events; edit may change the request.
func (w *testNode) listen(query string, edit ...func(*http.Request)) *listener {
	w.t.Helper()
	resp := w.get("/events"+query, edit...)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		b, _ := io.ReadAll(resp.Body)
		w.t.Fatalf("%s: status %d, %s", query, resp.StatusCode, b)
	}
	return &listener{t: w.t, in: bufio.NewReader(resp.Body)}
}

// get asks for a path, without a password unless edit gives it.
func (w *testNode) get(path string, edit ...func(*http.Request)) *http.Response {
	w.t.Helper()
	resp := w.request(http.MethodGet, path, "", edit...)
	w.t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// next waits for an event.
func (l *listener) next() (e events.Event) {
	l.t.Helper()
	for {
		line, err := l.in.ReadString('\n')
		if err != nil {
			l.t.Fatal(err)
		}
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			l.id = strings.TrimSpace(id)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				l.t.Fatal(err)
			}
			return e
		}
	}
}

func TestEventsAreStreamed(t *testing.T) {
	w := start(t)
	tips, all := w.listen("?kind=tip"), w.listen("?since=now")
	hash := w.list("generatetoaddress", 2, w.text("getnewaddress"))
	for i := range 2 {
		if e := tips.next(); e.Kind != events.Tip || e.Block.String() != hash[i] || int(e.Height) != i+1 || fmt.Sprint(e.Seq) != tips.id {
			t.Errorf("%+v, want block %v", e, hash[i])
		}
	}
	if e := all.next(); e.Kind != events.Heard || e.By != events.Self || e.Block.String() != hash[0] {
		t.Errorf("%+v", e)
	}
	// Who comes again goes on where it stopped.
	first := w.listen("?since=all&kind=tip,judged&block=" + hash[0].(string))
	if e := first.next(); e.Kind != events.Tip {
		t.Errorf("%+v", e)
	}
	again := w.listen("?kind=tip&kind=judged", func(r *http.Request) { r.Header.Set("Last-Event-ID", first.id) })
	if e := again.next(); e.Kind != events.Judged || e.Verdict != events.Accepted {
		t.Errorf("%+v", e)
	}
	if e := again.next(); e.Kind != events.Tip || e.Block.String() != hash[1] {
		t.Errorf("%+v", e)
	}
}

func TestEventsRefuseWhatTheyDoNotKnow(t *testing.T) {
	w := start(t)
	for query, want := range map[string]string{
		"?kind=nonsense": `kind "nonsense" is not known: there are heard, `, "?kind=lost": "not known", "?kind=": "not known",
		"?tx=ab": "tx must be of length 64", "?tx=" + strings.Repeat("x", 64): "tx must be hexadecimal string", "?tx=" + strings.Repeat("0", 64): "nothing has that hash", "?block=": "block must be of length 64",
		"?since=-1": "want the number of an event", "?since=1.5": "want the number", "?since=1&since=2": "since is given twice", "?foo=1": `"foo" is not known`, "?%zz": "not known",
		"?kind=" + strings.Repeat("tip,", 32) + "tip": "more than 32 kinds",
	} {
		resp := w.get("/events" + query)
		b, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(b), want) {
			t.Errorf("%s: status %d, %s, want %q", query, resp.StatusCode, b, want)
		}
	}
	if resp := w.get("/events?kind=" + strings.Repeat("tip,", 31) + "tip"); resp.StatusCode != http.StatusOK {
		t.Errorf("32 kinds: status %d", resp.StatusCode)
	}
	if resp := w.get("/events", func(r *http.Request) { r.Header.Set("Last-Event-ID", "x") }); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a strange Last-Event-ID: status %d", resp.StatusCode)
	}
	if resp := w.get("/events", func(r *http.Request) { r.Method = http.MethodPost }); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", resp.StatusCode)
	}
}

// Who may listen: everybody where REST is answered, else who has the password. Pages of strangers never.
func TestEventsHaveTheAccessOfREST(t *testing.T) {
	no := false
	for _, rest := range []*bool{nil, &no} {
		w := startIn(t, t.TempDir(), func(c *node.Config) { c.REST = rest })
		password := func(p string) func(*http.Request) { return func(r *http.Request) { r.SetBasicAuth("u", p) } }
		host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
		open := http.StatusOK
		if rest != nil {
			open = http.StatusNotFound
		}
		for name, c := range map[string]struct {
			edit func(*http.Request)
			want int
		}{
			"nobody": {func(*http.Request) {}, open}, "the password": {password("p"), 200}, "a wrong password": {password("q"), 401},
			"a name led here":   {host("evil.example"), 403},
			"localhost":         {host("localhost:1"), open},
			"a stranger's page": {func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, 403},
			"across sites":      {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site"); r.SetBasicAuth("u", "p") }, 403},
		} {
			if resp := w.get("/events", c.edit); resp.StatusCode != c.want {
				t.Errorf("REST %v, %s: status %d, want %d", rest, name, resp.StatusCode, c.want)
			}
		}
		w.stop()
	}
}

// On a public network strangers hear nothing of the peers, nor which payments are the node's own, where REST is answered too.
func TestStrangersHearNothingOfPeersOnAPublicNetwork(t *testing.T) {
	yes := true
	w := startIn(t, t.TempDir(), func(c *node.Config) {
		c.Params, c.REST, c.Wallet, c.Connect = chain.MainNet(), &yes, false, []string{"127.0.0.1:1"}
	})
	known := func(r *http.Request) { r.SetBasicAuth("u", "p") }
	for query, want := range map[string]int{"?kind=heard": 403, "?kind=tip,relayed": 403, "?kind=connected": 403, "?kind=peer": 403, "?kind=tip,judged": 200, "": 200} {
		if resp := w.get("/events" + query); resp.StatusCode != want {
			t.Errorf("a stranger asks for %q: %d, want %d", query, resp.StatusCode, want)
		}
		if resp := w.get("/events"+query, known); resp.StatusCode != 200 {
			t.Errorf("who has the password asks for %q: %d", query, resp.StatusCode)
		}
	}
	stranger, owner := w.listen("?since=all"), w.listen("?since=all", known)
	w.node.Events.Publish(events.Event{Kind: events.Heard, By: events.Self}, events.Event{Kind: events.Tip, Height: 7})
	if e := owner.next(); e.Kind != events.Heard {
		t.Errorf("who has the password hears %+v first", e)
	}
	if e := stranger.next(); e.Kind != events.Tip {
		t.Errorf("a stranger hears %+v", e)
	}
}

// Follow is the other end: it asks for what a filter says, and hears it.
func TestFollow(t *testing.T) {
	w := start(t)
	hash := w.list("generatetoaddress", 3, w.text("getnewaddress"))
	enough := errors.New("enough")
	for name, c := range map[string]struct {
		f     events.Filter
		after uint64
		want  int
	}{"all tips": {events.Filter{Kinds: []events.Kind{events.Tip}}, events.All, 3}, "all of the last": {events.Filter{Block: w.node.Ledger.Tip().Hash}, events.All, 3}} {
		n := 0
		err := events.Follow(t.Context(), w.Client, c.f, c.after, func(e events.Event) error {
			if n++; e.Block.String() == hash[2] && n >= c.want {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) || n != c.want {
			t.Errorf("%s: %d events, %v", name, n, err)
		}
	}
	ended := make(chan error)
	heard := make(chan bool, 100)
	go func() {
		ended <- events.Follow(t.Context(), w.Client, events.Filter{}, events.All, func(events.Event) error { heard <- true; return nil })
	}()
	<-heard
	w.stop()
	if err := <-ended; !errors.Is(err, events.ErrEnded) {
		t.Error(err)
	}
	if err := events.Follow(t.Context(), w.Client, events.Filter{}, 0, nil); err == nil {
		t.Error("of a node that is down")
	}
}

// A node stops at once, whoever listens.
func TestStopEndsTheStream(t *testing.T) {
	w := start(t)
	l := w.listen("")
	begun := time.Now()
	w.stop()
	if _, err := io.Copy(io.Discard, l.in); err != nil && !strings.Contains(err.Error(), "EOF") && !strings.Contains(err.Error(), "reset") {
		t.Log(err)
	}
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}

func TestTraceEventsTellsOfOneThing(t *testing.T) {
	w := start(t)
	hash := w.list("generatetoaddress", 2, w.text("getnewaddress"))
	var evs []events.Event
	if err := json.Unmarshal(w.must("traceevents", hash[0]), &evs); err != nil || len(evs) != 3 {
		t.Fatalf("%+v, %v", evs, err)
	}
	for i, kind := range []events.Kind{events.Heard, events.Tip, events.Judged} {
		if evs[i].Kind != kind || evs[i].Block.String() != hash[0] || evs[i].Height != 1 {
			t.Errorf("event %d: %+v", i, evs[i])
		}
	}
	if none := w.list("traceevents", strings.Repeat("0", 64)); len(none) != 0 {
		t.Errorf("of nothing: %v", none)
	}
	w.refused(-8, "hash must be of length 64 (not 2, for 'ab')", "traceevents", "ab")
}
