package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// patience bounds every wait.
const patience = 2 * time.Minute

// net is a local network of three processes.
type net struct {
	t            *testing.T
	program, dir string
	nodes        []member
}

type member struct {
	URL string `json:"rpc"`
	Dir string `json:"datadir"`
}

// up builds the program and starts a network until the test is over.
func up(t *testing.T) *net {
	t.Helper()
	n := &net{t: t, program: filepath.Join(t.TempDir(), "grapevine"), dir: filepath.Join(t.TempDir(), "net")}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", n.program, "./cmd/grapevine")
	build.Dir = filepath.Join("..", "..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if msg, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, msg)
	}
	n.run("testnet", "up", "--nodes", "3", "-d")
	t.Cleanup(func() {
		if msg, err := exec.Command(n.program, "--dir", n.dir, "testnet", "down").CombinedOutput(); err != nil {
			t.Errorf("testnet down: %v\n%s", err, msg)
		}
	})
	var status struct{ Nodes []member }
	if err := json.Unmarshal([]byte(n.run("testnet", "status", "--json")), &status); err != nil || len(status.Nodes) != 3 {
		t.Fatalf("status: %v, %d nodes", err, len(status.Nodes))
	}
	n.nodes = status.Nodes
	return n
}

// run is a command about the network.
func (n *net) run(args ...string) string {
	n.t.Helper()
	out, err := exec.CommandContext(n.t.Context(), n.program, append([]string{"--dir", n.dir}, args...)...).CombinedOutput()
	if err != nil {
		n.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// rpc calls a method of one node.
func (n *net) rpc(node int, method string, args ...string) string {
	n.t.Helper()
	return n.run(append([]string{"rpc", "--node", fmt.Sprint(node), method}, args...)...)
}

func (n *net) cookie(node int) string {
	n.t.Helper()
	for _, name := range []string{".cookie", "regtest/.cookie"} {
		if raw, err := os.ReadFile(filepath.Join(n.nodes[node].Dir, name)); err == nil {
			return strings.TrimSpace(string(raw))
		}
	}
	n.t.Fatal("no cookie")
	return ""
}

// chromium is the browser's path; "" without.
func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// tab is a page of the browser, and what it says to the console.
type tab struct {
	t    *testing.T
	ctx  context.Context
	mu   sync.Mutex
	said []string // errors and warnings
}

// open starts a browser with one tab.
func open(t *testing.T, path string) *tab {
	t.Helper()
	alloc, end := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path),
		chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("force-color-profile", "srgb"))...)
	t.Cleanup(end)
	return newTab(t, alloc)
}

// another is a second tab of the same browser.
func (b *tab) another() *tab {
	b.t.Helper()
	return newTab(b.t, b.ctx)
}

func newTab(t *testing.T, parent context.Context) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent)
	b := &tab{t: t, ctx: ctx}
	b.do("start", chromedp.Navigate("about:blank"))
	console := chromedp.Console(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for m, err := range console {
			if err != nil {
				return
			}
			b.hear(m)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return b
}

func (b *tab) hear(m chromedp.ConsoleMessage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.Type == chromedp.ConsoleWarning || m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleException {
		b.said = append(b.said, m.String()+" "+m.URL)
	}
}

// silent fails if something was said to the console that was not to be expected.
func (b *tab) silent(expected ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.said {
		if !slices.ContainsFunc(expected, func(x string) bool { return strings.Contains(text, x) }) {
			b.t.Errorf("the console says: %s", text)
		}
	}
	b.said = nil
}

// do runs steps within the test's patience.
func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	run(b, what, chromedp.Steps(steps...))
}

// run runs an action within the test's patience, and gives what it gives.
func run[T any](b *tab, what string, action chromedp.Action[T]) (v T) {
	b.t.Helper()
	type answer struct {
		v   T
		err error
	}
	done := make(chan answer, 1)
	go func() {
		v, err := chromedp.Run(b.ctx, action)
		done <- answer{v, err}
	}()
	select {
	case a := <-done:
		if a.err != nil {
			b.t.Fatalf("%s: %v", what, a.err)
		}
		return a.v
	case <-time.After(patience):
		b.t.Fatalf("%s: it takes longer than %v", what, patience)
	}
	return v
}

// eval gives what an expression is; of a promise, what it becomes.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	return run(b, expression[:min(len(expression), 100)], chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// text is what the page says now.
func (b *tab) text() string {
	b.t.Helper()
	return eval[string](b, `location.href + "\n" + document.body.innerText`)
}

// goTo opens an address and waits until all of it is there.
func (b *tab) goTo(url string) {
	b.t.Helper()
	b.do("open "+url, chromedp.Navigate(url))
}

// says waits until the page shows some words.
func (b *tab) says(words string) {
	b.t.Helper()
	b.until(fmt.Sprintf("the page says %q", words), fmt.Sprintf(`document.body.innerText.includes(%s)`, quote(words)))
}

// until waits until an expression is true.
func (b *tab) until(what, expression string) {
	b.t.Helper()
	for limit := time.Now().Add(patience); !eval[bool](b, "!!("+expression+")"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			b.t.Fatalf("waited for: %s; the page:\n%s", what, b.text())
		}
	}
}

// look sets how wide the window is and whether it is dark.
func (b *tab) look(width, height int64, scheme string) {
	b.t.Helper()
	b.do("look", chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	}))
}

// cached says whether the browser may keep what it has loaded.
func (b *tab) cached(may bool) {
	b.t.Helper()
	b.do("cache", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: !may})
		return err
	}))
}

// submit fills a form's fields, by selector, and sends it by its button; it returns when the next page is there.
func (b *tab) submit(form string, fields map[string]string) {
	b.t.Helper()
	for selector, value := range fields {
		b.do("fill "+selector, chromedp.SetValue(chromedp.CSS(form+" "+selector), value))
	}
	eval[bool](b, `window.before = true`)
	b.do("send "+form, chromedp.Click(chromedp.CSS(form+" button")))
	b.until("the next page", `window.before === undefined && document.readyState === "complete"`)
}

// quote writes a string as JavaScript does.
func quote(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(raw)
}
