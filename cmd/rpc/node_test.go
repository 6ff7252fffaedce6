package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/cmd/node"
	"grapevine/cmd/rpc/client"
)

// testNode is one whole node on regtest with a client.
type testNode struct {
	*client.Client
	t    *testing.T
	node *node.Node
	dir  string
	url  string
	ctx  context.Context
	stop func() // ends the node and waits
}

// keypool is small: a thousand addresses of each kind take seconds under the race detector.
const keypool = 20

// start runs a node of its own in a fresh directory.
func start(t *testing.T) *testNode {
	t.Helper()
	return startIn(t, t.TempDir())
}

func startIn(t *testing.T, dir string, edits ...func(*node.Config)) *testNode {
	t.Helper()
	cfg := node.Config{
		Params: chain.RegTest(), DataDir: dir, RPCListen: "127.0.0.1:0", RPCUser: "u", RPCPassword: "p",
		Wallet: true, Keypool: keypool, TxIndex: true, FilterIndex: true, Version: "0.1.0", NoSync: true,
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
	select {
	case <-n.RPC.Ready():
	case err := <-ended:
		t.Fatalf("the node ended: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("the node does not get ready")
	}
	w := &testNode{t: t, node: n, dir: dir, url: "http://" + n.RPC.Addr().String(), ctx: t.Context()}
	stopped := false
	w.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the node ended with %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("the node does not stop")
		}
	}
	t.Cleanup(w.stop)
	if w.Client, err = client.Dial(w.url, "u", "p"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// must calls a method and returns its result as JSON.
func (w *testNode) must(method string, params ...any) json.RawMessage {
	w.t.Helper()
	var raw json.RawMessage
	if err := w.Call(w.ctx, method, &raw, params...); err != nil {
		w.t.Fatalf("%s %v: %v", method, params, err)
	}
	return raw
}

// text calls a method whose result is text.
func (w *testNode) text(method string, params ...any) (s string) {
	w.t.Helper()
	if err := json.Unmarshal(w.must(method, params...), &s); err != nil {
		w.t.Fatalf("%s: %v", method, err)
	}
	return s
}

// object calls a method whose result is an object.
func (w *testNode) object(method string, params ...any) (m map[string]any) {
	w.t.Helper()
	if err := json.Unmarshal(w.must(method, params...), &m); err != nil {
		w.t.Fatalf("%s: %v", method, err)
	}
	return m
}

// list calls a method whose result is an array.
func (w *testNode) list(method string, params ...any) (l []any) {
	w.t.Helper()
	if err := json.Unmarshal(w.must(method, params...), &l); err != nil {
		w.t.Fatalf("%s: %v", method, err)
	}
	return l
}

// refused calls a method that must fail with this code and message.
func (w *testNode) refused(code int, message, method string, params ...any) {
	w.t.Helper()
	var raw json.RawMessage
	err := w.Call(w.ctx, method, &raw, params...)
	e, ok := errors.AsType[*client.Error](err)
	part, cut := strings.CutPrefix(message, "…") // "…words" is any text that has the words
	if !ok || e.Code != code || cut && !strings.Contains(e.Message, part) || !cut && message != "" && e.Message != message {
		w.t.Errorf("%s %v: got %s, %v (code %v), want %d %q", method, params, raw, err, e, code, message)
	}
}

func TestCookieComesAndGoesWithTheNode(t *testing.T) {
	w := start(t)
	path := filepath.Join(w.dir, ".cookie")
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("cookie: %v, %v", st, err)
	}
	byCookie, err := client.DialCookie(w.url, path)
	if err != nil {
		t.Fatal(err)
	}
	var height int
	if err := byCookie.Call(w.ctx, "getblockcount", &height); err != nil || height != 0 {
		t.Errorf("by cookie: %d, %v", height, err)
	}
	wrong, _ := client.Dial(w.url, "u", "wrong")
	if err := wrong.Call(w.ctx, "getblockcount", &height); !errors.Is(err, client.ErrUnauthorized) {
		t.Errorf("wrong password: %v", err)
	}
	w.stop()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the cookie is still there: %v", err)
	}
	if err := byCookie.Call(w.ctx, "getblockcount", &height); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a cookie: %v", err)
	}
	if resp, err := http.Get(w.url); err == nil {
		resp.Body.Close()
		t.Error("the server still answers")
	}
}

func TestStopAnswersAndStops(t *testing.T) {
	w := start(t)
	if got := w.text("stop"); got != "grapevine stopping" {
		t.Errorf("stop: %q", got)
	}
	w.stop()
}
