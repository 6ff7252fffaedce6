package explorer_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"grapevine/chain/ledger"
	"grapevine/cmd/node"
)

// Whatever is asked, a page answers: never by a fault of its own, and never with much.
func FuzzPages(f *testing.F) {
	for _, path := range []string{"/blocks", "/block/1", "/block/0000000000000000000000000000000000000000000000000000000000000000", "/tx/00", "/address/bcrt1q", "/script/51",
		"/pool", "/reorgs", "/search", "/node", "/x/../y"} {
		for _, query := range []string{"", "page=2", "q=1", "block=00&in=3&out=4", "after=5&coins=6", "q=wpkh(02)", "q=bitcoin:ȺȺȺȺȺȺȺȺȺȺ", "%zz", "q=51,"} {
			f.Add(path, query)
		}
	}
	w := start(f)
	w.mine(5)
	f.Fuzz(func(t *testing.T, path, query string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/", nil)
		r.URL = &url.URL{Path: path, RawQuery: query}
		rec := httptest.NewRecorder()
		w.pages.ServeHTTP(rec, r)
		if !slices.Contains([]int{200, 303, 400, 404, 422, 503}, rec.Code) || rec.Body.Len() > largestPage {
			t.Errorf("%q?%q: %d, %d bytes: %s", path, query, rec.Code, rec.Body.Len(), text(rec.Body.String()))
		}
	})
}

// Of a block that was pruned the header is shown, and why the rest is not.
func TestPrunedBlocks(t *testing.T) {
	w := start(t, func(c *node.Config) {
		c.TxIndex, c.AddressIndex, c.Prune = false, false, ledger.Prune{On: true, Small: true}
	})
	w.mine(600)
	if err := w.node.Ledger.PruneTo(t.Context(), 250); err != nil {
		t.Fatal(err)
	}
	height, ok := w.node.Ledger.PruneHeight()
	if !ok {
		t.Fatal("nothing was pruned")
	}
	hash := w.node.Ledger.AtHeight(height).Hash.String()
	w.page("/block/"+hash, ">active<", "deleted this block", "Merkle root")
	w.fails(http.StatusNotFound, "/tx/"+hash+"?block="+hash, "--prune")
	w.page("/blocks?page=30", "pruned")
	w.page("/node", "up to height")
}
