package browser

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The first page is there in so long, with so many bytes, all that it loads included.
const (
	pageTime  = 100 // milliseconds
	pageBytes = 100_000
)

// A page as people use it, from the first look to the last.
func TestPageOfALocalNetwork(t *testing.T) {
	path := chromium()
	if path == "" {
		t.Log("there is no chromium here: apt-get install chromium")
		return
	}
	axe, n := axeSource(t), up(t)
	b := open(t, path)
	b.look(1280, 800, "light")
	home := n.nodes[0].URL

	firstPage(t, b, home)
	signIn(b, n)
	paid := pays(b, n)
	stale := cutsAndHeals(b, n)
	searches(b, n, paid, stale)
	b.silent()

	address := n.run("wallet", "address", "--node", "1")
	pages := []string{"/", "/network", "/network/pieces?node=1", "/network/trace?hash=" + paid, "/do", "/learn", "/blocks", "/block/" + stale, "/tx/" + paid, "/address/" + address, "/pool", "/reorgs",
		"/search?q=nothing+like+that", "/node"}
	for _, look := range []struct {
		name          string
		width, height int64
		scheme        string
	}{{"wide and light", 1280, 800, "light"}, {"narrow and dark", 375, 740, "dark"}} {
		b.look(look.width, look.height, look.scheme)
		for _, p := range pages {
			where := p + ", " + look.name
			b.goTo(home + p)
			b.accessible(where, axe)
			over := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
			if over > 0 {
				t.Errorf("%s is %d pixels wider than the window", where, over)
			}
			b.silent("status of 404")
		}
	}
	pictures(b, n, paid)
}

// firstPage measures it as a newcomer's browser loads it. The machine may be busy: the best of many counts.
func firstPage(t *testing.T, b *tab, home string) {
	t.Helper()
	b.cached(false)
	var best measured
	for range 50 {
		b.goTo(home + "/")
		m := eval[measured](b, `new Promise(done => { const look = () => { const [n] = performance.getEntriesByType("navigation");
			if (!n.loadEventEnd) return setTimeout(look, 1);
			done({ms: n.loadEventEnd, bytes: [n, ...performance.getEntriesByType("resource")].reduce((sum, x) => sum + x.transferSize, 0),
				foreign: performance.getEntriesByType("resource").map(x => x.name).filter(x => !x.startsWith(location.origin + "/"))}) }; look() })`)
		if best.MS == 0 || m.MS < best.MS {
			best = m
		}
		if best.MS < pageTime/2 {
			break
		}
	}
	t.Logf("the first page is there in %.0f ms with %d bytes", best.MS, best.Bytes)
	if best.MS > pageTime || best.Bytes > pageBytes || best.Bytes == 0 || len(best.Foreign) > 0 {
		t.Errorf("the first page takes %.0f ms and %d bytes, want at most %d and %d; from elsewhere: %v", best.MS, best.Bytes, pageTime, pageBytes, best.Foreign)
	}
	b.cached(true)
	b.silent()
}

// measured is how a page was loaded.
type measured struct {
	MS      float64  `json:"ms"`
	Bytes   int      `json:"bytes"`
	Foreign []string `json:"foreign"` // what came from elsewhere
}

func signIn(b *tab, n *net) {
	b.t.Helper()
	b.goTo(n.nodes[0].URL + "/do")
	b.submit(`form[action="/session/open"]`, map[string]string{"[name=password]": n.cookie(0)})
	b.says("Sign out")
}

// pays with the form, and sees the payment light up on every node.
func pays(b *tab, n *net) (txid string) {
	b.t.Helper()
	watch := b.another()
	watch.look(1280, 800, "light")
	watch.goTo(n.nodes[0].URL + "/network")
	watch.until("three nodes are drawn", `document.querySelectorAll("#picture [data-node]").length === 3`)
	eval[bool](watch, `window.lit = {}; new MutationObserver(list => { for (const m of list) { const g = m.target.closest?.("[data-node]");
		if (g) for (const c of g.classList) if (c.startsWith("lit-")) (window.lit[c] ??= new Set()).add(g.dataset.node) } })
		.observe(document.getElementById("picture"), {subtree: true, attributes: true, attributeFilter: ["class"]}); true`)
	pool := b.another()
	pool.goTo(n.nodes[2].URL + "/pool")
	pool.says("Nothing waits.")

	to := n.run("wallet", "address", "--node", "1")
	b.submit(`form[action="/do/pay"]`, map[string]string{"[name=address]": to, "[name=amount]": "1.5"})
	var list []string
	if err := json.Unmarshal([]byte(n.rpc(0, "getrawmempool")), &list); err != nil || len(list) != 1 {
		b.t.Fatalf("the pool: %v %v; the page:\n%s", list, err, b.text())
	}
	txid = list[0]
	watch.until("the payment lights up on all nodes", `window.lit["lit-tx"]?.size === 3`)
	pool.says(txid[:8]) // by itself
	b.goTo(n.nodes[0].URL + "/tx/" + txid)
	b.says("waits for a block")
	n.rpc(0, "generatetoaddress", "1", to)
	b.says("1 confirmation") // by itself
	watch.until("the block lights up on all nodes", `window.lit["lit-block"]?.size === 3`)
	pool.says("Nothing waits.")
	watch.silent()
	pool.silent()
	return txid
}

// cutsAndHeals cuts node 0 off, lets both sides mine, and sees node 0's block leave the chain when they meet.
func cutsAndHeals(b *tab, n *net) (stale string) {
	b.t.Helper()
	b.goTo(n.nodes[0].URL + "/do")
	b.submit(`form[action="/do/cut"]`, map[string]string{"[name=links]": "0/1,2"})
	b.says("done")
	b.goTo(n.nodes[0].URL + "/network")
	b.says("✕")
	to := n.run("wallet", "address", "--node", "1")
	n.rpc(0, "generatetoaddress", "1", to)
	n.rpc(1, "generatetoaddress", "2", to)
	stale = n.rpc(0, "getbestblockhash")
	stale = strings.Trim(stale, `"`)

	b.goTo(n.nodes[0].URL + "/block/" + stale)
	b.says("active")
	heal := b.another()
	heal.goTo(n.nodes[0].URL + "/do")
	heal.submit(`form[action="/do/heal"]`, map[string]string{"[name=links]": "all"})
	heal.says("done")
	heal.silent()
	b.says("This block is not in the chain") // by itself
	b.says("a reorganisation has replaced it")
	b.goTo(n.nodes[0].URL + "/reorgs")
	b.says("valid-fork")
	return stale
}

func searches(b *tab, n *net, paid, stale string) {
	b.t.Helper()
	for text, leads := range map[string]string{paid: "/tx/" + paid, stale + " ": "/search?q=", paid + ":0": "/tx/" + paid, "tip": "/block/"} {
		b.goTo(n.nodes[0].URL + "/blocks")
		b.submit(".search", map[string]string{"[name=q]": text})
		b.until("the search for "+text+" leads to "+leads, fmt.Sprintf(`(location.pathname + location.search).startsWith(%s)`, quote(leads)))
	}
	b.silent()
	b.goTo(n.nodes[0].URL + "/search?q=" + url.QueryEscape("<b>nothing</b>"))
	b.says("<b>nothing</b>")
	b.says("What can be sought")
	b.silent("status of 404")
}

// maxPicture bounds a picture of the docs.
const maxPicture = 150_000

// pictures writes those of the docs, where PICTURES says so.
func pictures(b *tab, n *net, paid string) {
	b.t.Helper()
	dir := os.Getenv("PICTURES")
	to := n.run("wallet", "address", "--node", "2")
	for i, rate := range []string{"1", "2", "4", "7", "15", "25", "50", "80", "150", "3", "9", "30"} {
		n.run("wallet", "send", to, fmt.Sprintf("0.01%02d", i), "--feerate", rate, "--node", "0")
	}
	for _, p := range []struct{ name, path, scheme string }{
		{"page-network", "/network", "light"}, {"page-transaction", "/tx/" + paid, "light"}, {"page-pool", "/pool", "dark"}, {"page-reorgs", "/reorgs", "dark"},
	} {
		b.look(1200, 760, p.scheme)
		b.goTo(n.nodes[0].URL + p.path)
		b.until("it is quiet", `document.readyState === "complete"`)
		time.Sleep(300 * time.Millisecond) // until what follows from events is drawn; a picture is not compared
		// What travelled last stands still in the middle of its way.
		eval[bool](b, `(() => { const at = document.getElementById("scrub"); if (at) { at.value = 450; at.dispatchEvent(new Event("input", {bubbles: true})) } return true })()`)
		raw := run(b, "picture", chromedp.CaptureScreenshot())
		if len(raw) == 0 || len(raw) > maxPicture {
			b.t.Errorf("%s has %d bytes, want at most %d", p.name, len(raw), maxPicture)
		}
		if dir == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, p.name+".png"), raw, 0o600); err != nil {
			b.t.Error(err)
		}
	}
}
