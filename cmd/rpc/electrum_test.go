package rpc_test

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"grapevine/cmd/node"
)

// electric is a node that serves Electrum's protocol.
func electric(t *testing.T) *testNode {
	t.Helper()
	return startIn(t, t.TempDir(), func(c *node.Config) {
		c.AddressIndex, c.Electrum, c.ElectrumTLS = true, "127.0.0.1:0", "127.0.0.1:0"
	})
}

// light is a light wallet's connection.
type light struct {
	net.Conn
	t     *testing.T
	in    *bufio.Reader
	id    int
	heard []string // notifications, as they came
}

func (w *testNode) light() *light {
	w.t.Helper()
	c, err := net.Dial("tcp", w.node.Electrum.Addrs()[0].String())
	if err != nil {
		w.t.Fatal(err)
	}
	return newLight(w.t, c)
}

func newLight(t *testing.T, c net.Conn) *light {
	t.Helper()
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &light{Conn: c, t: t, in: bufio.NewReader(c)}
}

func (l *light) say(line string) {
	l.t.Helper()
	if _, err := l.Write([]byte(line + "\n")); err != nil {
		l.t.Fatal(err)
	}
}

func (l *light) line() string {
	l.t.Helper()
	s, err := l.in.ReadString('\n')
	if err != nil {
		l.t.Fatalf("%v after %q", err, s)
	}
	return strings.TrimSuffix(s, "\n")
}

// ask calls a method; what it is told meanwhile is kept.
func (l *light) ask(method string, params ...any) (result json.RawMessage, fault string) {
	l.t.Helper()
	l.id++
	if params == nil {
		params = []any{}
	}
	raw, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": l.id, "method": method, "params": params})
	if err != nil {
		l.t.Fatal(err)
	}
	l.say(string(raw))
	for {
		line := l.line()
		var r struct {
			ID     *int
			Result json.RawMessage
			Error  *struct {
				Code    int
				Message string
			}
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			l.t.Fatalf("%v: %s", err, line)
		}
		switch {
		case r.ID == nil:
			l.heard = append(l.heard, line)
		case *r.ID != l.id:
			l.t.Fatalf("answer to %d instead of %d: %s", *r.ID, l.id, line)
		case r.Error != nil:
			return nil, fmt.Sprint(r.Error.Code, " ", r.Error.Message)
		default:
			return r.Result, ""
		}
	}
}

func (l *light) must(v any, method string, params ...any) string {
	l.t.Helper()
	raw, fault := l.ask(method, params...)
	if fault != "" {
		l.t.Fatalf("%s %v: %s", method, params, fault)
	}
	if v != nil {
		if err := json.Unmarshal(raw, v); err != nil {
			l.t.Fatalf("%s: %v: %s", method, err, raw)
		}
	}
	return string(raw)
}

// told waits for the next notification.
func (l *light) told() string {
	l.t.Helper()
	if len(l.heard) > 0 {
		first := l.heard[0]
		l.heard = l.heard[1:]
		return first
	}
	return l.line()
}

// electrumHash is an address's script hash in Electrum's protocol.
func (w *testNode) electrumHash(address string) string {
	w.t.Helper()
	raw, err := hex.DecodeString(w.object("validateaddress", address)["scriptPubKey"].(string))
	if err != nil {
		w.t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	slices.Reverse(sum[:])
	return hex.EncodeToString(sum[:])
}

// digest is a history's by the protocol's words.
func digest(entries ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(entries, "")))
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

type lightTx struct {
	Height int
	TxHash string `json:"tx_hash"`
	Fee    int
}

func TestALightWalletFollowsAPayment(t *testing.T) {
	w := electric(t)
	mine, to := w.text("getnewaddress"), w.text("getnewaddress")
	w.must("generatetoaddress", 101, mine)
	l := w.light()
	if got := l.must(nil, "server.version", "test", []string{"1.4", "1.6"}); got != `["grapevine 0.1.0","1.6"]` {
		t.Errorf("version: %s", got)
	}
	var tip struct {
		Height int
		Hex    string
	}
	if l.must(&tip, "blockchain.headers.subscribe"); tip.Height != 101 || tip.Hex != w.text("getblockheader", w.text("getbestblockhash"), false) {
		t.Errorf("tip: %+v", tip)
	}
	script := w.electrumHash(to)
	if got := l.must(nil, "blockchain.scripthash.subscribe", script); got != "null" {
		t.Errorf("without a history: %s", got)
	}
	id := w.text("sendtoaddress", to, 1)
	if got := l.told(); !strings.Contains(got, script) || !strings.Contains(got, digest(id+":0:")) {
		t.Errorf("told of the payment: %s, want %s", got, digest(id+":0:"))
	}
	var txs []lightTx
	if l.must(&txs, "blockchain.scripthash.get_history", script); len(txs) != 1 || txs[0].Height != 0 || txs[0].TxHash != id || txs[0].Fee <= 0 {
		t.Errorf("history: %+v", txs)
	}
	if got := l.must(nil, "blockchain.scripthash.get_balance", script); got != `{"confirmed":0,"unconfirmed":100000000}` {
		t.Errorf("balance: %s", got)
	}
	w.must("generatetoaddress", 1, w.text("getnewaddress"))
	told := []string{}
	want := digest(id + ":102:")
	for len(told) < 2 || !slices.ContainsFunc(told, func(s string) bool { return strings.Contains(s, want) }) {
		told = append(told, l.told())
	}
	if !slices.ContainsFunc(told, func(s string) bool { return strings.Contains(s, `"height":102`) }) {
		t.Errorf("told of the block: %v", told)
	}
	var coins []struct {
		Height int
		Pos    int    `json:"tx_pos"`
		TxHash string `json:"tx_hash"`
		Value  int
	}
	if l.must(&coins, "blockchain.scripthash.listunspent", script); len(coins) == 1 && (coins[0].Height != 102 || coins[0].Value != 1e8) {
		t.Errorf("coins: %+v", coins)
	}
	var proof struct {
		Height int `json:"block_height"`
		Pos    int
		Merkle []string
	}
	if l.must(&proof, "blockchain.transaction.get_merkle", id, 102); proof.Pos == 0 || len(proof.Merkle) == 0 {
		t.Errorf("proof: %+v", proof)
	}
	if got := l.must(nil, "blockchain.transaction.id_from_pos", 102, proof.Pos); got != `"`+id+`"` {
		t.Errorf("at its place: %s", got)
	}
	if got := l.must(nil, "blockchain.transaction.get", id); got != `"`+w.text("getrawtransaction", id)+`"` {
		t.Error("the transaction differs")
	}
	if got := l.must(nil, "blockchain.scripthash.unsubscribe", script); got != "true" {
		t.Errorf("unsubscribe: %s", got)
	}
	if got := l.must(nil, "blockchain.scripthash.unsubscribe", script); got != "false" {
		t.Errorf("again: %s", got)
	}
	// Back to before the block: the tip is told.
	w.must("invalidateblock", w.text("getbestblockhash"))
	if got := l.told(); !strings.Contains(got, `"height":101`) {
		t.Errorf("after the reorganisation: %s", got)
	}
}

func TestHeadersAreProven(t *testing.T) {
	w := electric(t)
	w.must("generatetoaddress", 40, stranger)
	old, l := w.light(), w.light()
	old.must(nil, "server.version", "old", "1.4.2")
	l.must(nil, "server.version", "new", "1.6")
	var chunk struct {
		Count, Max int
		Hex        string
		Headers    []string
	}
	if old.must(&chunk, "blockchain.block.headers", 39, 10); chunk.Count != 2 || len(chunk.Hex) != 2*160 || chunk.Max != 2016 || chunk.Headers != nil {
		t.Errorf("1.4: %+v", chunk)
	}
	chunk.Hex = ""
	if l.must(&chunk, "blockchain.block.headers", 39, 10); chunk.Count != 2 || len(chunk.Headers) != 2 || chunk.Hex != "" {
		t.Errorf("1.6: %+v", chunk)
	}
	// The protocol's own example holds by itself: fold the branch up to the root.
	for _, at := range []int{0, 1, 20, 36, 37} {
		var proof struct {
			Branch       []string
			Header, Root string
		}
		l.must(&proof, "blockchain.block.header", at, 37)
		if got := fold(t, w.text("getblockhash", at), at, proof.Branch); got != proof.Root {
			t.Errorf("the branch of %d leads to %s, not %s", at, got, proof.Root)
		}
	}
	for _, bad := range [][]any{{41}, {-1}, {5, 4}, {5, 41}, {"x"}, {}} {
		if _, fault := l.ask("blockchain.block.header", bad...); fault == "" {
			t.Errorf("header %v is answered", bad)
		}
	}
}

// fold goes up a branch.
func fold(t *testing.T, leaf string, at int, branch []string) string {
	t.Helper()
	now := turned(t, leaf)
	for _, b := range branch {
		both := append(slices.Clone(now), turned(t, b)...)
		if at&1 == 1 {
			both = append(turned(t, b), now...)
		}
		once := sha256.Sum256(both)
		twice := sha256.Sum256(once[:])
		now, at = twice[:], at/2
	}
	slices.Reverse(now)
	return hex.EncodeToString(now)
}

func turned(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(b)
	return b
}

func TestElectrumByTLSAndInBatches(t *testing.T) {
	w := electric(t)
	c, err := tls.Dial("tcp", w.node.Electrum.Addrs()[1].String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	l := newLight(t, c)
	l.say(`[{"jsonrpc":"2.0","id":1,"method":"server.version","params":["b","1.4"]},{"jsonrpc":"2.0","id":2,"method":"server.ping"},{"jsonrpc":"2.0","method":"server.ping"}]`)
	if got := l.line(); got != `[{"jsonrpc":"2.0","result":["grapevine 0.1.0","1.4"],"id":1},{"jsonrpc":"2.0","result":null,"id":2}]` {
		t.Errorf("batch: %s", got)
	}
	if got := l.must(nil, "blockchain.relayfee"); got != "0.00000100" && got != "0.00001000" {
		t.Errorf("relayfee: %s", got)
	}
	var f struct {
		Genesis string `json:"genesis_hash"`
		Hash    string `json:"hash_function"`
	}
	if l.must(&f, "server.features"); f.Genesis != w.text("getblockhash", 0) || f.Hash != "sha256" {
		t.Errorf("features: %+v", f)
	}
	for method, want := range map[string]string{
		"blockchain.estimatefee": "-1", "mempool.get_fee_histogram": "[]", "server.peers.subscribe": "[]", "server.donation_address": `""`,
	} {
		params := []any{}
		if method == "blockchain.estimatefee" {
			params = []any{2}
		}
		if got := l.must(nil, method, params...); got != want {
			t.Errorf("%s: %s, want %s", method, got, want)
		}
	}
}

func TestElectrumRefusesNonsense(t *testing.T) {
	w := electric(t)
	l := w.light()
	for _, c := range []struct {
		method string
		params []any
		want   string
	}{
		{"nosuch", nil, "-32601"},
		{"server.version", []any{"x", "nonsense"}, "1 invalid protocol version"},
		{"server.version", []any{"x", []any{"1.4", 1.6}}, "1 invalid protocol version"},
		{"blockchain.scripthash.subscribe", []any{"zz"}, "1 "},
		{"blockchain.scripthash.get_history", []any{nowhere[:63]}, "1 "},
		{"blockchain.scripthash.get_balance", []any{7}, "-3 "},
		{"blockchain.transaction.get", []any{nowhere}, "2 daemon error: No such mempool or blockchain transaction"},
		{"blockchain.transaction.get_merkle", []any{nowhere, 0}, "1 tx " + nowhere + " not in block"},
		{"blockchain.transaction.get_merkle", []any{nowhere, 9}, "1 height 9 is out of range"},
		{"blockchain.transaction.id_from_pos", []any{0, 1}, "1 no tx at position 1"},
		{"blockchain.transaction.broadcast", []any{"00"}, "1 the transaction was rejected by network rules."},
		{"blockchain.transaction.broadcast_package", []any{[]any{}}, "1 want 1 to"},
		{"blockchain.estimatefee", []any{0}, "1 "},
	} {
		if _, fault := l.ask(c.method, c.params...); !strings.HasPrefix(fault, c.want) {
			t.Errorf("%s %v: %s, want %s", c.method, c.params, fault, c.want)
		}
	}
	l.must(nil, "server.version", "x", []string{"1.1", "1.4.2"}, "and", map[string]any{"more": 1})
	if _, fault := l.ask("server.version", "x", "1.4"); !strings.Contains(fault, "already sent") {
		t.Errorf("a second version: %s", fault)
	}
	l.say("")
	l.say("nonsense")
	if got := l.line(); !strings.Contains(got, "-32700") {
		t.Errorf("nonsense: %s", got)
	}
	none := w.light()
	if _, fault := none.ask("server.version", "x", "1.7"); !strings.Contains(fault, "unsupported protocol version") {
		t.Errorf("a version of the future: %s", fault)
	}
	if _, err := none.in.ReadByte(); err == nil {
		t.Error("who speaks no version of ours is not hung up on")
	}
	long := w.light()
	if _, err := long.Write([]byte(strings.Repeat(" ", 24<<10))); err == nil {
		if _, err := long.in.ReadByte(); err == nil {
			t.Error("a first line without an end is read on")
		}
	}
}

// Who is subscribed to more scripts than a client may be is told so.
func TestElectrumSubscriptionsAreBounded(t *testing.T) {
	w := electric(t)
	l := w.light()
	l.must(nil, "server.version", "x", "1.4")
	batch := func(from, n int) string {
		var b strings.Builder
		for i := range n {
			sep := ","
			if i == 0 {
				sep = "["
			}
			fmt.Fprintf(&b, `%s{"jsonrpc":"2.0","id":%d,"method":"blockchain.scripthash.subscribe","params":["%064x"]}`, sep, i, from+i)
		}
		b.WriteString("]")
		l.say(b.String())
		return l.line()
	}
	for from := 0; from < 20_000; from += 2000 {
		if got := batch(from, 2000); strings.Contains(got, "error") {
			t.Fatalf("below the limit: %.200s", got)
		}
	}
	if got := batch(20_000, 1); !strings.Contains(got, "-101") {
		t.Errorf("one more: %s", got)
	}
	if got := batch(0, 1); strings.Contains(got, "error") {
		t.Errorf("one again: %s", got)
	}
}

// A block reaches all who watch, those who never read hold up nobody, and a digest that was remembered is
// made anew when its blocks leave the chain.
func TestABlockReachesAllWhoWatch(t *testing.T) {
	w := electric(t)
	to := w.text("getnewaddress")
	w.must("generatetoaddress", 600, to) // more than a digest is remembered from
	script := w.electrumHash(to)
	entries := func(n int) (list []string) {
		for h := 1; h <= n; h++ {
			list = append(list, fmt.Sprint(w.object("getblock", w.text("getblockhash", h))["tx"].([]any)[0], ":", h, ":"))
		}
		return list
	}
	var all []*light
	for range 50 {
		l := w.light()
		l.must(nil, "blockchain.headers.subscribe")
		if got := l.must(nil, "blockchain.scripthash.subscribe", script); len(all) == 0 && got != digest(entries(600)...) {
			t.Errorf("600 blocks: %s", got)
		}
		all = append(all, l)
	}
	all = all[1:] // one never reads again
	w.must("generatetoaddress", 1, to)
	want := digest(entries(601)...)
	for i, l := range all {
		if tip, status := l.told(), l.told(); !strings.Contains(tip, `"height":601`) || !strings.Contains(status, want) {
			t.Errorf("%d was told %.80s and %.200s, want %s", i, tip, status, want)
		}
	}
	w.must("invalidateblock", w.text("getblockhash", 599))
	want = digest(entries(598)...)
	for i, l := range all {
		for got := ""; !strings.Contains(got, want); got = l.told() {
			if i == 0 && strings.Contains(got, `"height":599`) {
				t.Error("the tip went the other way")
			}
		}
	}
}

// Libraries of before 1.4 ask for headers with a parameter more, and who counts otherwise wrongly is told so in a line.
func TestElectrumTellsWhoCountsParametersWrongly(t *testing.T) {
	l := electric(t).light()
	l.must(nil, "server.version", "old", "1.4")
	l.must(nil, "blockchain.headers.subscribe", false)
	for method, params := range map[string][]any{"blockchain.headers.subscribe": {false, 1}, "blockchain.block.header": {}, "blockchain.transaction.get": {"aa", false, 3}} {
		if _, fault := l.ask(method, params...); !strings.HasPrefix(fault, "-32602 wrong number of parameters, want: "+method) || strings.ContainsAny(fault, "\n>") {
			t.Errorf("%s%v: %s", method, params, fault)
		}
	}
}
