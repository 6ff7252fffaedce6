package rpc_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/cmd/node"
	"grapevine/cmd/rpc"
)

// The passwords of these users are 12345 and 54321: HMAC-SHA-256 of them with the salt as its key.
const (
	user1 = "user1:50358aa884c841648e0700b073c32b2e$b73e95fff0748cc0b517859d2ca47d9bac1aa78231f3e48fa9222b612bd2083e"
	user2 = "user2:8650ba41296f62092377a38547f361de$4620db7ba063ef4e2f7249853e9f3c5c3592a9619a759e3e6f1c63f2e22f1d21"
)

func (w *testNode) status(user, password, body string) (int, string) {
	w.t.Helper()
	return w.send(http.MethodPost, "", body, func(r *http.Request) { r.SetBasicAuth(user, password) })
}

// A user whose password is known by its hash alone is let in, and may call what
// his list says: all of a batch, or nothing of it.
func TestHashedUsersAndTheirLists(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) {
		c.RPCAuth = []string{user1, "", user2}
		c.RPCWhitelist = []string{"user1:getblockcount, getbestblockhash,uptime", "user1:getblockcount,uptime", "u:getblockcount"}
	})
	count, best := `{"method":"getblockcount"}`, `{"method":"getbestblockhash"}`
	for _, c := range []struct {
		user, password, body string
		want                 int
	}{
		{"user1", "12345", count, 200}, {"user1", "12345", `{"method":"uptime","id":1}`, 200}, {"user1", "12345", best, 403},
		{"user1", "12345", "[" + count + "," + count + "]", 200}, {"user1", "12345", "[" + count + "," + best + "]", 403},
		{"user1", "12345", "[1]", 400}, {"user1", "12345", "[{}]", 500}, {"user1", "12345", "[]", 200}, {"user1", "12345", "nonsense", 500}, {"user1", "12345", `{}`, 400},
		{"user2", "54321", count, 403}, {"user2", "54321", "[]", 403}, {"user2", "54321", "{", 500}, // others have lists, this one has none
		{"u", "p", count, 200}, {"u", "p", best, 403}, {"user1", "54321", count, 401}, {"user2", "", count, 401}, {"", "12345", count, 401},
	} {
		if got, text := w.status(c.user, c.password, c.body); got != c.want {
			t.Errorf("%s %s: %d %s, want %d", c.user, c.body, got, text, c.want)
		}
	}
	no := false
	w = startIn(t, t.TempDir(), func(c *node.Config) {
		c.RPCAuth = []string{user1, user2}
		c.RPCWhitelist, c.RPCWhitelistDefault = []string{"user1", "user1:getblockcount"}, &no
	})
	if a, _ := w.status("user2", "54321", count); a != 200 {
		t.Errorf("without a list, and the default off: %d", a)
	}
	if a, _ := w.status("user1", "12345", count); a != 403 {
		t.Errorf("what stands in an empty list and another: %d", a)
	}
}

func TestWrongHashedUsersAreRefusedAtTheStart(t *testing.T) {
	for _, auth := range []string{"foo", "foo:bar", "foo:bar:baz", "foo$bar:baz", "foo$bar$baz", "a:b$c$d", user1 + ":x"} {
		_, err := rpc.New(rpc.Config{Serving: rpc.Serving{RPCAuth: []string{auth}}})
		if !errors.Is(err, rpc.ErrStart) || strings.Contains(err.Error(), auth) {
			t.Errorf("%s: %v", auth, err)
		}
	}
	if _, err := rpc.New(rpc.Config{Serving: rpc.Serving{RPCAllowIP: []string{"300.1.1.1"}}}); err == nil || !strings.HasPrefix(err.Error(), "Invalid -rpcallowip subnet specification: 300.1.1.1.") {
		t.Error(err)
	}
}

// This machine may always ask; others when their network is named.
func TestOnlyNamedNetworksMayAsk(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) {
		c.RPCListen, c.RPCAllowIP = "127.0.0.1:0", []string{}
		c.RPCBind = []string{"127.0.0.2:0", "127.0.0.1:1"}
		c.RPCBindAny = true
	})
	if a, _ := w.status("u", "p", `{"method":"getblockcount"}`); a != 200 {
		t.Errorf("from here: %d", a)
	}
	// What cannot be told by real connections here, where all addresses are this machine's.
	for from, want := range map[string]bool{
		"127.9.9.9:1": true, "[::1]:1": true, "[::ffff:127.0.0.1]:1": true, "1.2.3.77:1": true, "1.2.4.1:1": false, "[1:2:ffff::]:9": true, "[1:3::]:9": false, "nonsense": false, "[::2]:1": false,
	} {
		if got := rpc.Admits([]string{"1.2.3.4/255.255.255.0", "1:2::/32"}, from); got != want {
			t.Errorf("%s: %v", from, got)
		}
	}
	if !rpc.Admits(nil, "9.9.9.9:1") {
		t.Error("nobody was named, and somebody is refused")
	}
}

// With a queue of one beside one at work the third request is refused at once.
func TestWhoDoesNotFitTheQueueIsRefused(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.RPCThreads, c.RPCQueue = 1, 1 })
	const wait = `{"method":"waitfornewblock","params":[500]}`
	answers := make(chan int)
	for range 8 {
		go func() {
			a, text := w.status("u", "p", wait)
			if a == 503 && text != "Work queue depth exceeded" {
				t.Errorf("503 with %q", text)
			}
			answers <- a
		}()
	}
	counts := map[int]int{}
	for range 8 {
		counts[<-answers]++
	}
	if counts[503] == 0 || counts[200] == 0 || counts[200]+counts[503] != 8 {
		t.Errorf("%v", counts)
	}
}

func TestTheCookieStandsWhereAndHowItIsWanted(t *testing.T) {
	dir := t.TempDir()
	at := filepath.Join(dir, "my cookie")
	startIn(t, t.TempDir(), func(c *node.Config) { c.RPCCookie, c.RPCCookieMode = at, 0o640 })
	if st, err := os.Stat(at); err != nil || st.Mode() != 0o640 {
		t.Errorf("%v %v", st, err)
	}
	none := t.TempDir()
	startIn(t, none, func(c *node.Config) { c.RPCNoCookie = true })
	if _, err := os.Stat(filepath.Join(none, ".cookie")); !os.IsNotExist(err) {
		t.Errorf("%v", err)
	}
	bad := t.TempDir()
	if err := os.Mkdir(filepath.Join(bad, ".cookie.tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	n, err := node.New(node.Config{Params: chain.RegTest(), DataDir: bad, RPCListen: "127.0.0.1:0", NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Run(t.Context()); !errors.Is(err, rpc.ErrStart) {
		t.Errorf("where no cookie can be written: %v", err)
	}
}

func TestANodeWithoutAnyAddressForRPCDoesNotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	n, err := node.New(node.Config{
		Params: chain.RegTest(), DataDir: t.TempDir(), RPCListen: taken.Addr().String(), NoSync: true,
		Serving: rpc.Serving{RPCBind: []string{taken.Addr().String()}, RPCBindAny: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Run(t.Context()); !errors.Is(err, rpc.ErrStart) {
		t.Errorf("%v", err)
	}
}

type switches map[string]bool

func (s switches) LogCategories() map[string]bool { return s }

func (s switches) SwitchLog(category string, on bool) bool {
	_, known := s[category]
	if known {
		s[category] = on
	}
	return known
}

func TestMethodsAboutTheProcess(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.Logging, c.LogPath = switches{"net": false, "qt": true}, "/x/debug.log" })
	info := w.object("getrpcinfo")
	active := info["active_commands"].([]any)
	if len(active) != 1 || active[0].(map[string]any)["method"] != "getrpcinfo" || info["logpath"] != "/x/debug.log" {
		t.Errorf("%v", info)
	}
	m := w.object("getmemoryinfo")["locked"].(map[string]any)
	if m["used"].(float64) <= 0 || m["used"].(float64)+m["free"].(float64) != m["total"] || m["chunks_used"].(float64) <= 0 {
		t.Errorf("%v", m)
	}
	if got := string(w.must("logging", []string{"net"}, []string{"qt"})); got != `{"net":true,"qt":false}` {
		t.Error(got)
	}
	if !strings.Contains(w.text("help", "logging"), "valid logging categories are: net, qt") {
		t.Error(w.text("help", "logging"))
	}
	w.refused(-8, "unknown logging category zz", "logging", []string{}, []string{"zz"})
	w.refused(-8, "unknown mode zz", "getmemoryinfo", "zz")
	w.refused(-8, "mallocinfo mode not available", "getmemoryinfo", "mallocinfo")
	if got := w.text("echoipc", "x"); got != "x" {
		t.Error(got)
	}
	ten := slices.Repeat([]any{nil}, 10)
	ten[9] = "trigger_internal_bug"
	w.refused(-1, `Internal bug detected: request.params[9].get_str() != "trigger_internal_bug"`, "echo", ten...)
}

// The answer of a stop that waits comes before the server has gone.
func TestStopWaits(t *testing.T) {
	n, err := node.New(node.Config{Params: chain.RegTest(), DataDir: t.TempDir(), RPCListen: "127.0.0.1:0", RPCUser: "u", RPCPassword: "p", NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- n.Run(context.Background()) }()
	<-n.RPC.Ready()
	w := &testNode{t: t, node: n, url: "http://" + n.RPC.Addr().String(), ctx: t.Context()}
	began := time.Now()
	if a, text := w.status("u", "p", `{"method":"stop","params":[300]}`); a != 200 || time.Since(began) < 300*time.Millisecond {
		t.Errorf("%d %s after %v", a, text, time.Since(began))
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
