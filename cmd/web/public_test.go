package web_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"grapevine/cmd/web"
	"grapevine/cmd/web/layout"
)

// anExplorer answers everything with what a node's log could say.
type anExplorer struct{}

func (anExplorer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, "a log's line")
}
func (anExplorer) Run(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

// On a public network peers, log and the cookie file's path are shown to who has signed in, and the chain to all.
func TestPeersAreNobodysToKnowOnAPublicNetwork(t *testing.T) {
	node := peered(`[{"id":1,"addr":"198.51.100.7:8333","inbound":true,"subver":"/x/"}]`)
	b := newBrowser(t, web.Config{About: layout.About{Network: "mainnet"}, Call: node.call, CookiePath: "/home/alice/.cookie", Do: (&ran{}).do,
		Explorer: func(*layout.Layout) web.Section { return anExplorer{} }})
	tells := func(body string) bool {
		for _, secret := range []string{"198.51.100.7", "a log's line", "/home/alice"} {
			if strings.Contains(body, secret) {
				return true
			}
		}
		return false
	}
	private := []string{"/network", "/network/tables", "/network/pieces", "/network/pieces?node=0", "/network/trace?hash=" + paid, "/node", "/node/", "/%2Fnode", "/%6eode", "/node%2F"}
	for _, path := range append(private, "/network/live") {
		if w := b.do("GET", path, nil); w.Code == http.StatusOK || tells(w.Body.String()) {
			t.Errorf("%s tells a stranger: %d %s", path, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/", "/do", "/learn"} {
		if w := b.do("GET", path, nil); w.Code != http.StatusOK || tells(w.Body.String()) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := b.do("GET", "/blocks", nil); w.Code != http.StatusOK {
		t.Errorf("the chain needs no password: %d", w.Code)
	}
	b.signIn()
	for _, path := range private[:7] {
		if w := b.do("GET", path, nil); w.Code != http.StatusOK {
			t.Errorf("%s for who has signed in: %d", path, w.Code)
		}
	}
}
