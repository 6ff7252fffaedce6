package rpc_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/cmd/node"
)

// laden gives a node a full block, and a pool of n transactions; it returns the
// block's hash.
func laden(t *testing.T, w *testNode, n int) string {
	t.Helper()
	p, key := chain.RegTest(), chaintest.NewKey(1)
	first := chaintest.Mine(t, p, p.Genesis(), chaintest.PayTo(key.P2WPKH()))
	blocks := append([]chaintest.Mined{first}, chaintest.Grow(t, p, first.Node, chaintest.Times(100))...)
	// Forty transactions in a row, each with many outputs, and the last one's are
	// what the pool spends.
	var txs []*chain.Tx
	coin, value := first.Coinbase(key), int64(49e8)
	for range 40 {
		outs := []*wire.TxOut{wire.NewTxOut(value-20e5, key.P2WPKH())}
		for range 500 {
			outs = append(outs, chaintest.Pay(3000, key.P2WPKH()))
		}
		value -= 20e5
		tx := chaintest.Spend(t, []chaintest.Coin{coin}, outs...)
		txs, coin = append(txs, tx), chaintest.OutputOf(tx, 0, key)
	}
	full := chaintest.Mine(t, p, blocks[len(blocks)-1].Node, chaintest.With(txs...))
	for _, b := range append(blocks, full) {
		if got := string(w.must("submitblock", hex.EncodeToString(b.Block.Raw))); got != "null" {
			t.Fatalf("block %d: %s", b.Node.Height, got)
		}
	}
	for i := range n {
		tx := chaintest.SpendOne(t, chaintest.OutputOf(txs[39], 1+i, key), key.P2WPKH(), 1000)
		w.must("sendrawtransaction", hex.EncodeToString(tx.Raw()))
	}
	return full.Block.Hash.String()
}

// deaf asks for a path and does not read the answer.
func deaf(t *testing.T, w *testNode, path string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", w.node.RPC.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.(*net.TCPConn).SetReadBuffer(4096)
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
	return c
}

func TestT70_ReadersWhoReadNothingHoldLittle(t *testing.T) {
	w := start(t)
	block := laden(t, w, 300)
	for _, path := range []string{"/rest/mempool/contents.json", "/rest/block/" + block + ".json", "/rest/block/" + block + ".hex", "/rest/spenttxouts/" + block + ".json", "/metrics"} {
		t.Run(strings.ReplaceAll(strings.Trim(path, "/"), "/", "_"), func(t *testing.T) {
			grown := watchHeap(t)
			for range 100 {
				deaf(t, w, path)
			}
			// The same, and others, are answered meanwhile: whom nobody reads is cut.
			for _, other := range []string{"/rest/chaininfo.json", "/metrics", path, "/rest/block/" + block + ".bin"} {
				status, _, body := w.fetchAny(other)
				for deadline := time.Now().Add(2 * time.Minute); status != 200 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
					status, _, body = w.fetchAny(other) // a busy machine may take its time to cut them
				}
				if status != 200 || len(body) == 0 {
					t.Errorf("%s: status %d, %d bytes", other, status, len(body))
				}
			}
			w.must("getblockcount")
			if n := grown(); n > 64 {
				t.Errorf("the heap has grown by %d MiB", n)
			}
		})
	}
}

// fetchAny is fetch for answers that may come in chunks.
func (w *testNode) fetchAny(path string) (status int, length int64, body []byte) {
	w.t.Helper()
	resp, err := http.Get(w.url + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		w.t.Errorf("%s: %v", path, err)
	}
	return resp.StatusCode, resp.ContentLength, body
}

// What is written a transaction at a time is what is shown as a whole.
func TestStreamedAnswersAreTheWholeOnes(t *testing.T) {
	w := start(t)
	block := laden(t, w, 3)
	for path, method := range map[string][]any{
		"/rest/mempool/contents.json":               {"getrawmempool", true},
		"/rest/mempool/contents.json?verbose=true":  {"getrawmempool", true},
		"/rest/mempool/contents.json?verbose=false": {"getrawmempool", false},
		"/rest/block/" + block + ".json":            {"getblock", block, 3},
		"/rest/block/" + genesis + ".json":          {"getblock", genesis, 3},
	} {
		_, _, got := w.fetchAny(path)
		if want := string(w.must(method[0].(string), method[1:]...)) + "\n"; string(got) != want {
			t.Errorf("%s: %d bytes, want %d", path, len(got), len(want))
		}
	}
	empty := start(t)
	for path, want := range map[string]string{"/rest/mempool/contents.json": "{}\n", "/rest/mempool/contents.json?verbose=false": "[]\n"} {
		if _, _, got := empty.fetchAny(path); string(got) != want {
			t.Errorf("%s: %q", path, got)
		}
	}
}

func TestT71_CallsThatWaitLockNobodyOut(t *testing.T) {
	w := start(t)
	template := `{"id":1,"method":"getblocktemplate","params":[{"rules":["segwit"],"longpollid":"` + genesis + `0"}]}`
	ended := make(chan error, 3*64)
	for _, body := range []string{`{"id":1,"method":"waitfornewblock"}`, template, ""} {
		for range 64 {
			c, err := net.Dial("tcp", w.node.RPC.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			fmt.Fprintf(c, "POST / HTTP/1.1\r\nAuthorization: Basic dTpw\r\nContent-Length: %d\r\n\r\n%s", max(len(body), 1), body)
			go func() {
				_, err := io.Copy(io.Discard, c)
				ended <- err
			}()
		}
	}
	w.must("getblockcount")
	w.must("getrawmempool", true)
	w.must("getblocktemplate", map[string]any{"rules": []string{"segwit"}})
	if got := w.text("stop"); got != "grapevine stopping" {
		t.Errorf("stop: %q", got)
	}
	w.stop()
	for range 3 * 64 {
		<-ended // the node has closed them all
	}
}

// The calls of a batch, and how many small ones another has, are more with GRAPEVINE_FULL.
func TestT72_BatchesShareOneBudget(t *testing.T) {
	w := start(t)
	block := laden(t, w, 0)
	each, small := 2, 20_000
	if os.Getenv("GRAPEVINE_FULL") != "" {
		each, small = 6, 100_000
	}
	calls := make([]string, each)
	for i := range calls {
		calls[i] = fmt.Sprintf(`{"id":%d,"method":"getblock","params":["%s",3]}`, i, block)
	}
	grown := watchHeap(t)
	batch := "[" + strings.Join(calls, ",") + "]"
	done := make(chan error, 6)
	for range 6 {
		go func() { done <- askAll(w, batch, len(calls)) }()
	}
	w.must("getblockcount")
	for range 6 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := grown(); n > 384 {
		t.Errorf("the heap has grown by %d MiB", n)
	}
	many := strings.TrimSuffix(strings.Repeat(`{"id":1,"method":"getblockhash","params":[0]},`, small), ",")
	if err := askAll(w, "["+many+"]", small); err != nil {
		t.Error(err)
	}
}

// askAll sends a batch and wants n answers that are results or clear refusals.
func askAll(w *testNode, batch string, n int) error {
	r, _ := http.NewRequest("POST", w.url, strings.NewReader(batch))
	r.SetBasicAuth("u", "p")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	given, refused, kept := 0, 0, []byte(nil)
	piece := make([]byte, 64<<10)
	for err == nil {
		var got int
		got, err = resp.Body.Read(piece)
		kept = append(kept, piece[:got]...)
		given += bytes.Count(kept, []byte(givenEnd))
		refused += bytes.Count(kept, []byte(refusedEnd))
		kept = bytes.Clone(kept[max(0, len(kept)-len(givenEnd)+1):]) // shorter than either: counted once
	}
	if err != io.EOF || resp.StatusCode != 200 || given+refused != n {
		return fmt.Errorf("status %d, %d answers and %d refusals of %d, %w", resp.StatusCode, given, refused, n, err)
	}
	return nil
}

// How an answer ends; both are of one length.
const (
	givenEnd   = `"error":null,"id":`
	refusedEnd = `ess at once"},"id"`
)

func TestT73_PagesOfStrangersAreRefused(t *testing.T) {
	w := startIn(t, t.TempDir(), func(c *node.Config) { c.AllowHosts = []string{"node.lan"} })
	for _, c := range []struct {
		method, path, host, origin, password string
		want                                 int
	}{
		{"GET", "/rest/chaininfo.json", "", "", "", 200},
		{"GET", "/rest/chaininfo.json", "node.lan", "", "", 200},
		{"GET", "/rest/chaininfo.json", "evil.example", "", "", 403},
		{"GET", "/metrics", "evil.example", "", "", 403},
		{"GET", "/metrics", "", "http://evil.example", "", 403},
		{"GET", "/metrics", "", "", "", 200},
		{"POST", "/", "", "http://evil.example", "p", 403},
		{"POST", "/wallet/", "", "null", "p", 403},
		{"POST", "/", "evil.example", "", "", 403},
		{"POST", "/", "evil.example", "", "p", 200},
		{"POST", "/", "", "", "p", 200},
	} {
		r, _ := http.NewRequest(c.method, w.url+c.path, strings.NewReader(`{"id":1,"method":"setmocktime","params":[2000000000]}`))
		r.Header.Set("Content-Type", "text/plain")
		if c.host != "" {
			r.Host = c.host
		}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if c.password != "" {
			r.SetBasicAuth("u", c.password)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%+v: status %d", c, resp.StatusCode)
		}
	}
}

func TestRESTIsOffWhereStrangersMayReach(t *testing.T) {
	on, off := true, false
	for _, c := range []struct {
		name string
		edit func(*node.Config)
		want int
	}{
		{"regtest on loopback", func(*node.Config) {}, 200},
		{"regtest, not wanted", func(c *node.Config) { c.REST = &off }, 404},
		{"regtest on every address", func(c *node.Config) { c.RPCListen = "0.0.0.0:0" }, 404},
		{"regtest on every address, asked for", func(c *node.Config) { c.RPCListen, c.REST = "0.0.0.0:0", &on }, 200},
		{"a public network", func(c *node.Config) { c.Params = chain.TestNet4() }, 404},
		{"a public network, asked for", func(c *node.Config) { c.Params, c.REST = chain.TestNet4(), &on }, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := startIn(t, t.TempDir(), c.edit)
			w.url = strings.Replace(w.url, "[::]", "127.0.0.1", 1)
			for _, path := range []string{"/rest/chaininfo.json", "/metrics"} {
				if status, _, body := w.fetch(path); status != c.want {
					t.Errorf("%s: status %d %s", path, status, body)
				}
			}
		})
	}
}
