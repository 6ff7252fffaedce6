package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"grapevine/cmd/web"
	"grapevine/testnet"
)

// ran are the commands that a page ran.
type ran struct {
	mu    sync.Mutex
	lines []string
	fail  error
}

func (c *ran) do(_ context.Context, node string, args ...string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.Contains(args, "snapshots") {
		return `{"snapshots":[{"name":"start"}]}`, nil
	}
	c.lines = append(c.lines, strings.Join(args, " ")+" @"+node)
	return "<script>printed</script>", c.fail
}

func (c *ran) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := c.lines
	c.lines = nil
	return lines
}

// aNet is a network of three, of which node 2 is down.
type aNet struct{ node answers }

func (aNet) Self() int { return 0 }

func (aNet) File() (testnet.File, error) {
	f := testnet.File{Nodes: []testnet.Member{
		{Node: 0, PID: 10, P2P: "127.0.0.1:1000"},
		{Node: 1, PID: 11, P2P: "127.0.0.1:1001", Spec: testnet.Spec{Name: "alice"}, User: "u", Password: "verysecret", DataDir: "/secret/dir"},
		{Node: 2, P2P: "127.0.0.1:1002"},
	}}
	f.SetWays(testnet.Link{From: 0, To: 1, Way: testnet.Way{Cut: true}}, testnet.Link{From: 1, To: 0, Way: testnet.Way{Latency: 80e6}})
	return f, nil
}

func (n aNet) Node(testnet.Member) (testnet.Node, error) { return asNode{n.node}, nil }

type asNode struct{ answers }

func (n asNode) Call(ctx context.Context, method string, result any, params ...any) error {
	return n.call(ctx, method, result, params...)
}

const password = "user:right"

func allow(_ *http.Request, user, pass string) bool { return user+":"+pass == password }

// browser is somebody who looks at a page.
type browser struct {
	t      *testing.T
	page   *web.Page
	cookie string
	edit   func(*http.Request)
}

func (b *browser) do(method, path string, form url.Values) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:18443"+path, strings.NewReader(form.Encode()))
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://127.0.0.1:18443")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	if b.edit != nil {
		b.edit(r)
	}
	w := httptest.NewRecorder()
	b.page.ServeHTTP(w, r)
	if w.Header().Get("Content-Security-Policy") == "" {
		b.t.Errorf("%s %s has no policy", method, path)
	}
	return w
}

func (b *browser) signIn() {
	b.t.Helper()
	w := b.do("POST", "/session/open", url.Values{"password": {password}})
	c := w.Header().Get("Set-Cookie")
	if w.Code != 303 || w.Header().Get("Location") != "/do" || !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Strict") {
		b.t.Fatalf("sign in: %d %v", w.Code, w.Header())
	}
	b.cookie, _, _ = strings.Cut(c, ";")
}

func (b *browser) token() string {
	b.t.Helper()
	m := regexp.MustCompile(`name="token" value="([0-9a-f]{64})"`).FindStringSubmatch(b.do("GET", "/do", nil).Body.String())
	if m == nil {
		b.t.Fatal("the page Do has no token")
	}
	return m[1]
}

func newBrowser(t *testing.T, cfg web.Config) *browser {
	cfg.Allow = allow
	if cfg.Do != nil {
		cfg.Begin = func(ctx context.Context, args ...string) error { _, err := cfg.Do(ctx, "", args...); return err }
	}
	return &browser{t: t, page: newPage(t, cfg)}
}

func TestFormsRunTheCommandsThatTheySay(t *testing.T) {
	c := &ran{}
	b := newBrowser(t, web.Config{Do: c.do, Siblings: aNet{aNode()}, Where: " --dir /x"})
	b.signIn()
	token := b.token()
	txid := strings.Repeat("ab", 32)
	for _, x := range []struct {
		action string
		form   url.Values
		want   string
	}{
		{"mine", url.Values{"node": {"1"}, "count": {"3"}}, "mine 3 @1"},
		{"mining", url.Values{"node": {"0"}, "mode": {"every=2s"}}, "testnet mine every=2s @0"},
		{"address", url.Values{"node": {"alice"}}, "wallet address @alice"},
		{"pay", url.Values{"node": {"0"}, "address": {"bcrt1qtest"}, "amount": {"0.5"}, "feerate": {"7"}}, "wallet send bcrt1qtest 0.5 --feerate=7 @0"},
		{"bump", url.Values{"node": {"0"}, "txid": {txid}}, "wallet bump " + txid + " @0"},
		{"faucet", url.Values{"address": {"bcrt1qtest"}, "amount": {"2"}}, "testnet faucet bcrt1qtest 2 @"},
		{"cut", url.Values{"links": {"0,1/2"}}, "testnet cut 0,1/2 @"},
		{"cut", url.Values{"links": {"0-2"}, "oneway": {"1"}}, "testnet cut 0-2 --one-way @"},
		{"heal", url.Values{"links": {"all"}}, "testnet heal all @"},
		{"slow", url.Values{"links": {"0-1"}, "latency": {"80ms"}}, "testnet link 0-1 --latency=80ms @"},
		{"link", url.Values{"a": {"0"}, "b": {"1"}, "how": {"cut"}}, "testnet cut 0-1 @"},
		{"link", url.Values{"a": {"0"}, "b": {"1"}, "how": {"heal"}}, "testnet heal 0-1 @"},
		{"link", url.Values{"a": {"0"}, "b": {"1"}, "how": {"slow"}, "latency": {"1.5s"}}, "testnet link 0-1 --latency=1.5s @"},
		{"link", url.Values{"a": {"0"}, "b": {"1"}, "how": {"clear"}}, "testnet link 0-1 --clear @"},
		{"reorg", url.Values{"depth": {"2"}, "victim": {txid}}, "testnet reorg 2 --double-spend=" + txid + " @"},
		{"add", url.Values{}, "testnet add @"},
		{"snapshot", url.Values{"name": {"start"}}, "testnet snapshot start @"},
		{"restore", url.Values{"name": {"start"}}, "testnet restore start @"},
	} {
		x.form.Set("token", token)
		w := b.do("POST", "/do/"+x.action, x.form)
		if got := c.take(); !slices.Equal(got, []string{x.want}) || w.Code/100 != 2 {
			t.Errorf("%s %v: %d, ran %q, want %q", x.action, x.form, w.Code, got, x.want)
		}
		if page := w.Body.String(); strings.Contains(page, "<script>printed") || !strings.Contains(page, " --dir /x") {
			t.Errorf("%s: the answer does not escape what was printed, or does not say the line:\n%s", x.action, page)
		}
	}
}

func TestACommandThatFailsSaysWhy(t *testing.T) {
	c := &ran{fail: errors.New("wallet send: <b>not enough\nMine first.")}
	b := newBrowser(t, web.Config{Do: c.do})
	b.signIn()
	w := b.do("POST", "/do/mine", url.Values{"token": {b.token()}, "count": {"1"}})
	if w.Code != 422 || !strings.Contains(w.Body.String(), "&lt;b&gt;not enough\nMine first.") || !strings.Contains(w.Body.String(), "not done") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = b.do("POST", "/do/restore", url.Values{"token": {b.token()}, "name": {"start"}})
	if w.Code != 404 {
		t.Errorf("restore without a network: %d", w.Code)
	}
}

// What is answered before it runs is told afterwards, on the page of whoever has signed in; others learn that it failed.
func TestARestoreThatFailsIsTold(t *testing.T) {
	began := web.Began{At: time.Now(), Failed: "testnet restore: <b>the disk is full"}
	b := newBrowser(t, web.Config{Do: (&ran{}).do, Siblings: aNet{peered(`[]`)}, Began: func() (web.Began, bool) { return began, began.At != time.Time{} }})
	tells := func(path string, status int, words ...string) {
		t.Helper()
		w := b.do("GET", path, nil)
		for _, want := range words {
			if !strings.Contains(w.Body.String(), want) || w.Code != status {
				t.Errorf("%s lacks %q: %d %s", path, want, w.Code, w.Body)
			}
		}
	}
	tells("/network", 200, "A restore failed at ")
	if page := b.do("GET", "/network", nil).Body.String(); strings.Contains(page, "the disk is full") {
		t.Error("why it failed is told to who has not signed in")
	}
	b.signIn()
	tells("/do", 200, "The restore failed", "&lt;b&gt;the disk is full")
	began.Failed = ""
	tells("/do", 200, "being restored")
	tells("/network", 200, "being restored")
	began.Printed = "back at start"
	tells("/do", 200, "back at start")
	for _, began.At = range []time.Time{{}, time.Now().Add(-2 * time.Hour)} {
		if page := b.do("GET", "/do", nil).Body.String(); strings.Contains(page, "back at start") {
			t.Error("what was long ago is told")
		}
	}
}

// What stands in a form becomes words of a command line: none may be a flag, nor hold anything that is not of its kind.
func TestNoFormSmugglesAFlag(t *testing.T) {
	c := &ran{}
	b := newBrowser(t, web.Config{Do: c.do, Siblings: aNet{aNode()}})
	b.signIn()
	token := b.token()
	good := map[string]url.Values{
		"mine": {"node": {"0"}, "count": {"1"}}, "mining": {"node": {"0"}, "mode": {"off"}}, "address": {"node": {"0"}},
		"pay":  {"node": {"0"}, "address": {"bcrt1qtest"}, "amount": {"1"}, "feerate": {"1"}},
		"bump": {"node": {"0"}, "txid": {strings.Repeat("a", 64)}, "feerate": {"1"}}, "faucet": {"address": {"bcrt1qtest"}, "amount": {"1"}},
		"cut": {"links": {"0-1"}}, "heal": {"links": {"0-1"}}, "slow": {"links": {"0-1"}, "latency": {"1s"}},
		"link":  {"a": {"0"}, "b": {"1"}, "how": {"cut"}, "latency": {"1s"}, "oneway": {"1"}},
		"reorg": {"depth": {"1"}, "victim": {strings.Repeat("a", 64)}}, "snapshot": {"name": {"x"}}, "restore": {"name": {"start"}},
	}
	for action, form := range good {
		for name := range form {
			for _, bad := range []string{"-1", "--help", "--datadir=/tmp/x", "1 --x", "1\n2", "a\x00b", "../../x", "1;reboot", "$(x)", strings.Repeat("9", 1000), "<script>", "é"} {
				f := url.Values{"token": {token}}
				for k, v := range form {
					f[k] = v
				}
				f.Set(name, bad)
				if w := b.do("POST", "/do/"+action, f); w.Code != 400 && w.Code != 422 || strings.Contains(w.Body.String(), "<script>") {
					t.Errorf("%s with %s=%q: %d", action, name, bad, w.Code)
				}
			}
		}
	}
	if got := c.take(); got != nil {
		t.Errorf("it ran %q", got)
	}
}

func TestFormsAreNobodyElses(t *testing.T) {
	c := &ran{}
	cfg := web.Config{Do: c.do, Siblings: aNet{aNode()}}
	b := newBrowser(t, cfg)
	b.signIn()
	other := &browser{t: t, page: b.page}
	other.signIn()
	form := func(token string) url.Values {
		return url.Values{"token": {token}, "node": {"0"}, "count": {"1"}}
	}
	token := b.token()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, x := range map[string]struct {
		cookie, token string
		edit          func(*http.Request)
	}{
		"no cookie":            {"", token, nil},
		"a made-up cookie":     {"grapevine-18443=" + strings.Repeat("0", 64), token, nil},
		"no token":             {b.cookie, "", nil},
		"another session's":    {b.cookie, other.token(), nil},
		"another site's":       {b.cookie, token, header("Origin", "http://evil.example")},
		"another port's":       {b.cookie, token, header("Origin", "http://127.0.0.1:18444")},
		"no origin":            {b.cookie, token, func(r *http.Request) { r.Header.Del("Origin") }},
		"an origin of nobody":  {b.cookie, token, header("Origin", "null")},
		"from the same site":   {b.cookie, token, header("Sec-Fetch-Site", "same-site")},
		"from another site":    {b.cookie, token, header("Sec-Fetch-Site", "cross-site")},
		"a form that is text":  {b.cookie, token, header("Content-Type", "text/plain")},
		"a form with files":    {b.cookie, token, header("Content-Type", "multipart/form-data; boundary=x")},
		"the cookie elsewhere": {strings.Replace(b.cookie, "18443", "18444", 1), token, nil},
	} {
		who := &browser{t: t, page: b.page, cookie: x.cookie, edit: x.edit}
		if w := who.do("POST", "/do/mine", form(x.token)); w.Code != 403 && w.Code != 415 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if w := b.do("GET", "/do/mine?node=0&count=1&token="+token, nil); w.Code == 200 {
		t.Errorf("a form as a link: %d", w.Code)
	}
	large := form(token)
	large.Set("more", strings.Repeat("x", 16<<10))
	if w := b.do("POST", "/do/mine", large); w.Code != 400 {
		t.Errorf("a form that is too large: %d", w.Code)
	}
	if got := c.take(); got != nil {
		t.Errorf("it ran %q", got)
	}
	if w := b.do("POST", "/do/mine", form(token)); w.Code != 200 {
		t.Errorf("the right one: %d", w.Code)
	}
	b.do("POST", "/session/close", url.Values{})
	if w := b.do("POST", "/do/mine", form(token)); w.Code != 403 {
		t.Errorf("after signing out: %d", w.Code)
	}
}

func TestSigningInNeedsThePassword(t *testing.T) {
	c := &ran{}
	b := newBrowser(t, web.Config{Do: c.do, CookiePath: "/x/.cookie"})
	for _, form := range []url.Values{{}, {"password": {"user:wrong"}}, {"user": {"user"}, "password": {"wrong"}}, {"password": {strings.Repeat("x", 4000)}}} {
		w := b.do("POST", "/session/open", form)
		if w.Code != 403 || w.Header().Get("Set-Cookie") != "" || !strings.Contains(w.Body.String(), "/x/.cookie") {
			t.Errorf("%v: %d %v", form, w.Code, w.Header())
		}
	}
	if w := b.do("POST", "/session/open", url.Values{"user": {"user"}, "password": {"right"}}); w.Code != 303 {
		t.Errorf("user and password: %d", w.Code)
	}
	b.edit = func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }
	if w := b.do("POST", "/session/open", url.Values{"password": {password}}); w.Code != 403 {
		t.Errorf("from another site: %d", w.Code)
	}
}

// The 33rd session takes the place of the one that was used the longest ago.
func TestSessionsAreBounded(t *testing.T) {
	b := newBrowser(t, web.Config{Do: (&ran{}).do})
	b.signIn()
	first := b.cookie
	for range 31 {
		b.cookie = ""
		b.signIn()
	}
	open := func(cookie string) bool {
		w := (&browser{t: t, page: b.page, cookie: cookie}).do("GET", "/do", nil)
		return strings.Contains(w.Body.String(), `name="token"`)
	}
	second := b.cookie
	if !open(first) || !open(second) {
		t.Fatal("32 sessions do not have places")
	}
	open(first)
	b.cookie = ""
	b.signIn()
	if !open(first) || !open(b.cookie) {
		t.Error("the one that was just used has gone, or the newest")
	}
}
