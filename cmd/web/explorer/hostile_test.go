package explorer_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/cmd/node"
)

// largestPage is what no page may exceed, whatever it shows.
const largestPage = 200 << 10

func TestNonsenseIsAnsweredWithHelp(t *testing.T) {
	w, paid, _ := grown(t)
	tip, id := w.node.Ledger.Tip().Hash.String(), paid.ID.String()
	huge, unknown := strings.Repeat("9", 300), strings.Repeat("ab", 32)
	for path, status := range map[string]int{
		"/nothing": 404, "/block": 404, "/block/": 404, "/block/" + tip + "/more": 404, "/tx": 404, "//": 404, "/blocks/1": 404,
		"/block/104": 404, "/block/2147483647": 404, "/block/2147483648": 400, "/block/" + huge: 400, "/block/-1": 400, "/block/x": 400,
		"/block/" + unknown: 404, "/block/" + unknown + "00": 400, "/block/%3Cscript%3E": 400, "/block/%00": 400,
		"/block/" + tip + "?page=2": 404, "/block/" + tip + "?page=-1": 400, "/block/" + tip + "?page=" + huge: 400, "/block/" + tip + "?page=x": 400,
		"/blocks?page=7": 404, "/blocks?page=2147483647": 404, "/blocks?page=2147483648": 400, "/blocks?page=1e3": 400,
		"/tx/" + unknown: 404, "/tx/" + unknown[:63]: 400, "/tx/" + strings.Repeat("zz", 32): 400, "/tx/" + id + "?block=x": 400, "/tx/" + id + "?block=" + unknown: 404,
		"/tx/" + id + "?block=" + tip: 404, "/tx/" + id + "?in=2": 404, "/tx/" + id + "?out=2": 404, "/tx/" + id + "?out=0x1": 400,
		"/address/x": 400, "/address/bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4": 400, "/address/" + huge: 400, "/address/%E2%80%AE": 400,
		"/address/" + addressOf(w, w.key.P2WPKH()) + "?after=x": 400, "/address/" + addressOf(w, w.key.P2WPKH()) + "?after=" + unknown: 404,
		"/address/" + addressOf(w, w.key.P2WPKH()) + "?coins=99": 404,
		"/script/x": 400, "/script/" + scriptHash(w.key.P2WPKH()) + "?coins=-1": 400, "/script/" + scriptHash(nil) + "?after=" + id: 404,
		"/pool?page=2": 404, "/pool?page=x": 400, "/reorgs?page=2": 404, "/reorgs?page=x": 400, "/search?q=" + huge: 404,
	} {
		w.fails(status, path)
	}
	// Zero and nothing are the first page; a script that nobody has used has one.
	for _, path := range []string{"/blocks?page=0", "/blocks?page=", "/blocks?x=y", "/script/" + unknown, "/pool?page=0"} {
		w.page(path)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		if status, body, _ := w.send(method, "/blocks"); status < 400 {
			t.Errorf("%s: %d %s", method, status, body)
		}
	}
	status, body, head := w.send(http.MethodHead, "/blocks")
	if status != http.StatusOK || head.Get("Content-Length") == "0" {
		t.Errorf("HEAD: %d, %d bytes said, %d sent", status, len(head.Get("Content-Length")), len(body))
	}
}

// What strangers write is text, whatever it looks like.
func TestStrangersWordsAreText(t *testing.T) {
	const evil, turned = `<script>alert(1)</script>"'><b>`, "\u202egnp.exe\x00\x1b[31m"
	log := filepath.Join(t.TempDir(), "debug.log")
	if err := os.WriteFile(log, []byte("first\nheard "+evil+" "+turned+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, paid, _ := grown(t, func(c *node.Config) { c.Listen, c.LogPath = "127.0.0.1:0", log })
	says := append([]byte(evil), turned...)
	carries := chaintest.Spend(t, []chaintest.Coin{w.coinbase(w.node.Ledger.AtHeight(2).Hash)},
		chaintest.Pay(1e8, w.key.P2TR()), chaintest.Pay(0, append([]byte{txscript.OP_RETURN, byte(len(says))}, says...)))
	m := w.give(chaintest.Mine(t, chain.RegTest(), w.node.Ledger.Tip(), chaintest.With(carries), chaintest.Tamper(func(b *wire.MsgBlock) {
		in := b.Transactions[0].TxIn[0]
		in.SignatureScript = append(chain.HeightScript(104), says...)
	})))
	start(t, func(c *node.Config) {
		c.UserAgent, c.Connect = "/"+evil+turned+"/", []string{w.node.Swarm.Addr().String()}
	})
	for limit := time.Now().Add(time.Minute); len(w.node.Swarm.Peers()) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("the stranger has not come")
		}
	}
	for _, path := range []string{
		"/blocks", "/block/" + m.Node.Hash.String(), "/tx/" + carries.ID.String(), "/tx/" + m.Block.Txs[0].ID.String(), "/node",
		"/search?q=" + url.QueryEscape("x"+string(says)), "/" + url.PathEscape(evil), "/block/" + url.PathEscape(evil), "/address/" + url.PathEscape(evil+turned),
	} {
		status, body, head := w.get(path)
		w.sound(path, body, head)
		if !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("GET %s (%d) does not tell the words: %s", path, status, text(body))
		}
		for _, bad := range []string{"<script>alert", "\u202e", "\x00", "\x1b"} {
			if strings.Contains(body, bad) {
				t.Errorf("GET %s tells %q as it is", path, bad)
			}
		}
	}
	w.page("/tx/" + paid.ID.String())
}

// crowded has a block of n transactions; the first of them has n outputs that all the others spend, and
// long scripts in input, witness and output.
func crowded(t *testing.T, w *world, n int) (block chaintest.Mined, fan, long *chain.Tx) {
	t.Helper()
	w.mine(102)
	fan = chaintest.SpendWith(t, []chaintest.Coin{w.coinbase(w.node.Ledger.AtHeight(1).Hash)}, func(tx *wire.MsgTx) {
		for range n {
			tx.AddTxOut(chaintest.Pay(1000, chaintest.OpTrue()))
		}
	})
	script := bytes.Repeat([]byte{txscript.OP_NOP}, 10_000)
	long = chaintest.Spend(t, []chaintest.Coin{w.coinbase(w.node.Ledger.AtHeight(2).Hash)}, chaintest.Pay(1e8, script),
		chaintest.Pay(0, append([]byte{txscript.OP_RETURN, txscript.OP_PUSHDATA4, 0x00, 0x90, 1, 0}, bytes.Repeat([]byte("a<"), 51_200)...)))
	parent := w.give(chaintest.Mine(t, chain.RegTest(), w.node.Ledger.Tip(), chaintest.With(fan, long), chaintest.Fees(0)))
	txs := make([]*chain.Tx, n)
	for i := range txs {
		txs[i] = chaintest.SpendOne(t, chaintest.OutputOf(fan, i, nil), chaintest.OpTrue(), btcutil.Amount(i%900))
	}
	return w.give(chaintest.Mine(t, chain.RegTest(), parent.Node, chaintest.With(txs...))), fan, long
}

// A page stays small whatever it shows; the block is the fullest that fits with GRAPEVINE_FULL.
func TestPagesOfTheLargestStaySmall(t *testing.T) {
	n := 2000
	if os.Getenv("GRAPEVINE_FULL") != "" {
		n = 16_000
	}
	w := start(t)
	block, fan, long := crowded(t, w, n)
	many := block.Block.Txs[1].ID.String()
	for _, path := range []string{
		"/blocks", "/block/" + block.Node.Hash.String(), fmt.Sprintf("/block/%s?page=%d", block.Node.Hash, (n+25)/25), "/tx/" + fan.ID.String(),
		fmt.Sprintf("/tx/%s?out=%d", fan.ID, n/25), "/tx/" + long.ID.String(), "/tx/" + many, "/script/" + scriptHash(chaintest.OpTrue()),
		fmt.Sprintf("/script/%s?coins=%d", scriptHash(chaintest.OpTrue()), n/25), "/node", "/search?q=" + many,
	} {
		begin := time.Now()
		status, body, head := w.get(path)
		t.Logf("%-100.100s %6d bytes in %v", path, len(body), time.Since(begin).Round(time.Millisecond))
		if status >= 400 {
			t.Errorf("GET %s: %d %s", path, status, text(body))
		}
		if status == http.StatusOK {
			w.sound(path, body, head)
		}
		if len(body) > largestPage {
			t.Errorf("GET %s: %d bytes", path, len(body))
		}
	}
	w.page("/tx/"+long.ID.String(), "a script of 10000 bytes", "nonstandard", "more characters")
	w.fails(http.StatusNotFound, fmt.Sprintf("/block/%s?page=%d", block.Node.Hash, (n+25)/25+1))
}
