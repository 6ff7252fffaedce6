package explorer_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/cmd/rpc/show"
)

func addressOf(w *world, pk []byte) string { return show.Address(pk, chain.RegTest().Params) }

func scriptHash(pk []byte) string {
	sum := sha256.Sum256(pk)
	return hex.EncodeToString(sum[:])
}

func TestSearchFindsAnything(t *testing.T) {
	w, paid, waits := grown(t)
	tip, genesis := w.node.Ledger.Tip(), chain.RegTest().Genesis()
	mine := addressOf(w, w.key.P2WPKH())
	reversed, _ := hex.DecodeString(scriptHash(w.key.P2WPKH()))
	slices.Reverse(reversed)
	for q, to := range map[string]string{
		"103":                              "/block/" + tip.Hash.String(),
		" 103 ":                            "/block/" + tip.Hash.String(),
		"0":                                "/block/" + genesis.Hash.String(),
		"genesis":                          "/block/" + genesis.Hash.String(),
		"Tip":                              "/block/" + tip.Hash.String(),
		tip.Hash.String():                  "/block/" + tip.Hash.String(),
		strings.ToUpper(tip.Hash.String()): "/block/" + tip.Hash.String(),
		paid.ID.String():                   "/tx/" + paid.ID.String(),
		waits.ID.String():                  "/tx/" + waits.ID.String(),
		waits.WID.String():                 "/tx/" + waits.ID.String(),
		paid.WID.String():                  "/tx/" + paid.ID.String() + "?block=" + tip.Parent.Hash.String(),
		paid.ID.String() + ":1":            "/tx/" + paid.ID.String() + "#out-1",
		genesis.Header.MerkleRoot.String(): "/tx/" + genesis.Header.MerkleRoot.String(),
		mine:                               "/address/" + mine,
		strings.ToUpper(mine):              "/address/" + mine,
		"bitcoin:" + mine + "?amount=1":    "/address/" + mine,
		scriptHash(w.key.P2WPKH()):         "/script/" + scriptHash(w.key.P2WPKH()),
		fmt.Sprintf("%x", w.key.P2WPKH()):  "/address/" + mine,
		hex.EncodeToString(paid.Raw()):     "/tx/" + paid.ID.String(),
	} {
		status, body, head := w.get("/search?q=" + url.QueryEscape(q))
		if status != http.StatusSeeOther || head.Get("Location") != to {
			t.Errorf("%.100s: %d to %q, want %s: %s", q, status, head.Get("Location"), to, text(body))
		}
	}
	key := fmt.Sprintf("%x", w.key.Private().PubKey().SerializeCompressed())
	for q, says := range map[string][]string{
		key:                          {"Several things fit", mine, addressOf(w, w.key.P2PKH()), "P2TR"},
		hex.EncodeToString(reversed): {scriptHash(w.key.P2WPKH()), "Electrum"},
		"wpkh(" + key + ")":          {mine, "of the descriptor"},
	} {
		w.page("/search?q="+url.QueryEscape(q), says...)
	}
}

func TestSearchSaysWhatItDoesNotFind(t *testing.T) {
	w, paid, _ := grown(t)
	unknown := chaintest.SpendOne(t, w.coinbase(w.node.Ledger.AtHeight(2).Hash), w.key.P2TR(), 1000)
	for q, says := range map[string]string{
		"104":                             "reaches to height 103",
		"99999999999999999999999":         "What can be sought",
		"-1":                              "What can be sought",
		strings.Repeat("ab", 32):          "What can be sought",
		paid.ID.String() + ":2":           "has 2 outputs",
		strings.Repeat("ab", 32) + ":0":   "knows no transaction",
		paid.ID.String() + ":99999999999": "What can be sought",
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4":  "mainnet",
		"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt08": "no address of regtest",
		"hello, world":                       "What can be sought",
		"<script>alert(1)</script>":          "&lt;script&gt;",
		"wpkh(nonsense)":                     "cannot be read",
		hex.EncodeToString(unknown.Raw()):    "does not know it",
		"\x00\u202e":                         "What can be sought",
		strings.Repeat("x", 8000):            "more characters",
		"bitcoin:" + strings.Repeat("Ⱥ", 40): "What can be sought", // in lower case it is longer
	} {
		w.fails(http.StatusNotFound, "/search?q="+url.QueryEscape(q), says)
	}
	secret := "wpkh(cVpF924EspNh8KjYsfhgY96mmxvT6DgdWiTYMtMjuM74hJaU5psW)"
	status, body, _ := w.get("/search?q=" + url.QueryEscape(secret))
	if status != http.StatusNotFound || !strings.Contains(body, "private keys") || strings.Contains(body, "cVpF") {
		t.Errorf("a secret: %d %s", status, text(body))
	}
	w.fails(http.StatusBadRequest, "/search?q=%zz")
}
