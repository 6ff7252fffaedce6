package web_test

import (
	"strings"
	"testing"

	"grapevine/cmd/web"
)

const paid = "7b0d0000000000000000000000000000000000000000000000000000000091c4"

// known is a node that remembers how a payment came.
func known(events string) answers {
	a := peered(`[]`)
	a["traceevents"] = "[" + events + "]"
	return a
}

func TestTheWayOfAPaymentReadsWithoutAScript(t *testing.T) {
	own := known(`{"seq":1,"time":"2026-11-29T22:38:49.000000Z","kind":"heard","by":"self","tx":"` + paid + `"},
		{"seq":2,"time":"2026-11-29T22:38:49.001500Z","kind":"judged","verdict":"accepted","tx":"` + paid + `"},
		{"seq":3,"time":"2026-11-29T22:38:49.002000Z","kind":"relayed","by":"inv","tx":"` + paid + `","peer":{"id":1,"addr":"127.0.0.1:1001","local":"127.0.0.1:5555"}}`)
	alice := known(`{"seq":9,"time":"2026-11-29T22:38:49.004000Z","kind":"heard","by":"inv","tx":"` + paid + `","peer":{"id":1,"addr":"127.0.0.1:5555","local":"127.0.0.1:1001","inbound":true}},
		{"seq":10,"time":"2026-11-29T22:38:49.006200Z","kind":"heard","by":"tx","tx":"` + paid + `","peer":{"id":1,"addr":"127.0.0.1:5555","local":"127.0.0.1:1001","inbound":true}},
		{"seq":11,"time":"2026-11-29T22:38:49.007000Z","kind":"judged","verdict":"refused","reason":"<script>alert(1)</script>","tx":"` + paid + `"}`)
	p := newPage(t, web.Config{Call: own.call, Siblings: aNet{alice}})
	w := ask(p, "GET", "/network/trace?hash="+paid)
	page := w.Body.String()
	for _, want := range []string{
		"The way of a transaction", `href="/tx/` + paid, "1 of 3 nodes found it good, the last after 1.5 ms", `<th scope="row" class="nowrap">node 0</th><td class="number">0.0 ms</td><td class="nowrap">its owner</td>`,
		`alice (node 1)</th><td class="number">4.0 ms</td><td class="nowrap">node 0</td><td class="number">6.2 ms</td><td class="nowrap">node 0</td><td class="number">7.0 ms</td>`, "refused: &lt;script&gt;", "Every step", "was given it by node 0 (tx)", "told node 1 (inv)",
		"tells nothing: down",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if w.Code != 200 || strings.Contains(page, "<script>") || t.Failed() {
		t.Errorf("%d\n%s", w.Code, page)
	}
}

// A peer that is of no network is called by its address, and not a node of that number.
func TestAStrangerOnTheWayIsCalledByItsAddress(t *testing.T) {
	own := peered(`[{"id":1,"addr":"203.0.113.5:8333","addrbind":"127.0.0.1:5555","inbound":false,"connection_type":"outbound-full-relay"}]`)
	own["traceevents"] = `[{"seq":1,"time":"2026-11-29T22:38:49.000000Z","kind":"heard","by":"tx","tx":"` + paid + `","peer":{"id":1,"addr":"203.0.113.5:8333","local":"127.0.0.1:5555"}}]`
	page := ask(newPage(t, web.Config{Call: own.call}), "GET", "/network/trace?hash="+paid).Body.String()
	if !strings.Contains(page, "203.0.113.5:8333") || strings.Contains(page, "node 203.0.113.5") {
		t.Errorf("%s", page)
	}
}

func TestAWayThatNobodyKnowsIsSaidSo(t *testing.T) {
	p := newPage(t, web.Config{Call: known("").call})
	if w := ask(p, "GET", "/network/trace?hash="+paid); w.Code != 200 || !strings.Contains(w.Body.String(), "No node that was asked remembers") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, hash := range []string{"", "zz", paid[1:], paid + "0", strings.Repeat("0", 64), "%3Cscript%3E", "-1"} {
		if w := ask(p, "GET", "/network/trace?hash="+hash); w.Code != 400 || strings.Contains(w.Body.String(), "<script>") {
			t.Errorf("%q: %d", hash, w.Code)
		}
	}
	none := newPage(t, web.Config{}) // of an older program
	if w := ask(none, "GET", "/network/trace?hash="+paid); w.Code != 200 || !strings.Contains(w.Body.String(), "tells nothing") {
		t.Errorf("a node that cannot tell: %d\n%s", w.Code, w.Body)
	}
}
