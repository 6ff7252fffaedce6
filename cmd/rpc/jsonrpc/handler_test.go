package jsonrpc

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// serve starts a server as cmd/rpc does and returns its address.
func serve(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: NewHandler(testConfig()), MaxHeaderBytes: maxHead}
	go func() { _ = serveMost(srv, 64, l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return l.Addr().String()
}

func testConfig() Config {
	return Config{
		Methods: []Method{
			{Name: "count", Do: func(context.Context, *Call) (any, error) { return 7, nil }},
			{Name: "long", Do: func(context.Context, *Call) (any, error) { return strings.Repeat("<ab>", 5000), nil }},
			{Name: "add", Help: "Adds.", Params: "a:int b:int=10", Do: func(_ context.Context, c *Call) (any, error) { return c.Int("a") + c.Int("b"), nil }},
			{Name: "wallet", Do: func(_ context.Context, c *Call) (any, error) { return c.Wallet, nil }},
			{Name: "nothing", Do: func(context.Context, *Call) (any, error) { return nil, nil }},
			{Name: "fail", Do: func(context.Context, *Call) (any, error) {
				return nil, Errorf(CodeVerifyRejected, "bad-txns-in-belowout")
			}},
		},
		Allow: func(user, password string) bool { return user == "u" && password == "p" },
	}
}

// post is one request and its answer.
func post(t *testing.T, addr, path, body string) (status int, answer string) {
	t.Helper()
	req, _ := http.NewRequest("POST", "http://"+addr+path, strings.NewReader(body))
	req.SetBasicAuth("u", "p")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

func TestAnswersAsBitcoindDoes(t *testing.T) {
	add := testConfig().Methods[2]
	help, _ := Encode(add.describe())
	usage := string(help)
	if !strings.HasPrefix(usage, `"add a ( b )\n\nAdds.\n\nArguments:\n1. a    (numeric, required) The a.\n2. b    (numeric, optional, default=10) The b.\n\nResult:\n`) {
		t.Fatal(usage)
	}
	addr := serve(t)
	for _, c := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"1.0", `{"jsonrpc":"1.0","id":1,"method":"count","params":[]}`, 200, `{"result":7,"error":null,"id":1}`},
		{"1.1 of python-bitcoinlib", `{"version":"1.1","id":5,"method":"count","params":[]}`, 200, `{"result":7,"error":null,"id":5}`},
		{"no version, no params", `{"id":"x","method":"count"}`, 200, `{"result":7,"error":null,"id":"x"}`},
		{"no id", `{"method":"count"}`, 200, `{"result":7,"error":null}`},
		{"no id, and an error", `{"method":"fail"}`, 500, `{"result":null,"error":{"code":-26,"message":"bad-txns-in-belowout"}}`},
		{"id null", `{"id":null,"method":"count"}`, 200, `{"result":7,"error":null,"id":null}`},
		{"2.0 id null", `{"jsonrpc":"2.0","id":null,"method":"count"}`, 200, `{"jsonrpc":"2.0","result":7,"id":null}`},
		{"id object", `{"id": {"b": 1,
			"a": [ ]},"method":"count"}`, 200, `{"result":7,"error":null,"id":{"b":1,"a":[]}}`},
		{"id array", `{"id":[1],"method":"count"}`, 200, `{"result":7,"error":null,"id":[1]}`},
		{"id bool", `{"id":true,"method":"count"}`, 200, `{"result":7,"error":null,"id":true}`},
		{"of two methods the first", `{"id":1,"method":"count","method":"fail"}`, 200, `{"result":7,"error":null,"id":1}`},
		{"names are case-sensitive", `{"ID":1,"Method":"count"}`, 400, `{"result":null,"error":{"code":-32600,"message":"Missing method"}}`},
		{"2.0", `{"jsonrpc":"2.0","id":"a","method":"count"}`, 200, `{"jsonrpc":"2.0","result":7,"id":"a"}`},
		{"2.0 null result", `{"jsonrpc":"2.0","id":1,"method":"nothing"}`, 200, `{"jsonrpc":"2.0","result":null,"id":1}`},
		{"id as text", `{"id":"1","method":"count"}`, 200, `{"result":7,"error":null,"id":"1"}`},
		{"id as a float", `{"id":1.50,"method":"count"}`, 200, `{"result":7,"error":null,"id":1.50}`},
		{"params null", `{"id":1,"method":"count","params":null}`, 200, `{"result":7,"error":null,"id":1}`},
		{"by position", `{"id":1,"method":"add","params":[1,2]}`, 200, `{"result":3,"error":null,"id":1}`},
		{"default", `{"id":1,"method":"add","params":[1]}`, 200, `{"result":11,"error":null,"id":1}`},
		{"null is the default", `{"id":1,"method":"add","params":[1,null]}`, 200, `{"result":11,"error":null,"id":1}`},
		{"by name", `{"id":1,"method":"add","params":{"b":5,"a":1}}`, 200, `{"result":6,"error":null,"id":1}`},
		{"by name and args", `{"id":1,"method":"add","params":{"args":[4],"b":5}}`, 200, `{"result":9,"error":null,"id":1}`},

		{"error", `{"id":1,"method":"fail"}`, 500, `{"result":null,"error":{"code":-26,"message":"bad-txns-in-belowout"},"id":1}`},
		{"error in 2.0", `{"jsonrpc":"2.0","id":1,"method":"fail"}`, 200, `{"jsonrpc":"2.0","error":{"code":-26,"message":"bad-txns-in-belowout"},"id":1}`},
		{"unknown method", `{"id":1,"method":"getinfo"}`, 404, `{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":1}`},
		{"too few", `{"id":1,"method":"add","params":[]}`, 500, `{"result":null,"error":{"code":-1,"message":` + usage + `},"id":1}`},
		{"too many", `{"id":1,"method":"add","params":[1,2,3]}`, 500, `{"result":null,"error":{"code":-1,"message":` + usage + `},"id":1}`},
		{"unknown name", `{"id":1,"method":"add","params":{"c":1}}`, 500, `{"result":null,"error":{"code":-8,"message":"Unknown named parameter c"},"id":1}`},
		{"twice", `{"id":1,"method":"add","params":{"args":[1],"a":1}}`, 500, `{"result":null,"error":{"code":-8,"message":"Parameter a specified twice both as positional and named argument"},"id":1}`},
		{"no method", `{"id":1}`, 400, `{"result":null,"error":{"code":-32600,"message":"Missing method"},"id":1}`},
		{"method no text", `{"id":1,"method":7}`, 400, `{"result":null,"error":{"code":-32600,"message":"Method must be a string"},"id":1}`},
		{"params no list", `{"id":1,"method":"count","params":"x"}`, 400, `{"result":null,"error":{"code":-32600,"message":"Params must be an array or object"},"id":1}`},
		{"version 3", `{"jsonrpc":"3.0","id":1,"method":"count"}`, 400, `{"result":null,"error":{"code":-32600,"message":"JSON-RPC version not supported"},"id":1}`},
		{"version no text", `{"jsonrpc":2,"id":1,"method":"count"}`, 400, `{"result":null,"error":{"code":-32600,"message":"jsonrpc field must be a string"},"id":1}`},
		{"2.0 without a method", `{"jsonrpc":"2.0","id":1}`, 400, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Missing method"},"id":1}`},
		{"2.0 with neither id nor method", `{"jsonrpc":"2.0"}`, 400, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Missing method"}}`},
		{"method null", `{"id":1,"method":null}`, 400, `{"result":null,"error":{"code":-32600,"message":"Missing method"},"id":1}`},
		{"number", `7`, 500, `{"result":null,"error":{"code":-32700,"message":"Top-level object parse error"},"id":null}`},
		{"null", `null`, 500, `{"result":null,"error":{"code":-32700,"message":"Top-level object parse error"},"id":null}`},
		{"text", `"x"`, 500, `{"result":null,"error":{"code":-32700,"message":"Top-level object parse error"},"id":null}`},
		{"no JSON", `{"id":1`, 500, `{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}`},
		{"empty", ``, 500, `{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}`},

		{"batch", `[{"id":1,"method":"count"},{"id":2,"method":"fail"},{"jsonrpc":"2.0","id":3,"method":"count"}]`, 200,
			`[{"result":7,"error":null,"id":1},{"result":null,"error":{"code":-26,"message":"bad-txns-in-belowout"},"id":2},{"jsonrpc":"2.0","result":7,"id":3}]`},
		{"empty batch", ` [ ] `, 200, `[]`},
		{"batch with nonsense", `[5]`, 200, `[{"result":null,"error":{"code":-32600,"message":"Invalid Request object"},"id":null}]`},
		{"batch with a notification", `[{"jsonrpc":"2.0","method":"count"},{"id":2,"method":"count"}]`, 200, `[{"result":7,"error":null,"id":2}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, answer := post(t, addr, "/", c.body)
			if status != c.status || answer != c.want+"\n" {
				t.Errorf("got %d %s\nwant %d %s", status, answer, c.status, c.want)
			}
		})
	}
}

func TestWrongTypeNamesItsPosition(t *testing.T) {
	_, answer := post(t, serve(t), "/", `{"id":1,"method":"add","params":["1"]}`)
	want := `"code":-3,"message":"Wrong type passed:\n{\n    \"Position 1 (a)\": \"JSON value of type string is not of expected type number\"\n}"`
	if !strings.Contains(answer, want) {
		t.Errorf("got %s", answer)
	}
}

func TestNotificationsHaveNoAnswer(t *testing.T) {
	addr := serve(t)
	for _, body := range []string{`{"jsonrpc":"2.0","method":"count"}`, `[{"jsonrpc":"2.0","method":"fail"}]`} {
		if status, answer := post(t, addr, "/", body); status != 204 || answer != "" {
			t.Errorf("%s: got %d %q", body, status, answer)
		}
	}
}

func TestPathsAndMethods(t *testing.T) {
	addr := serve(t)
	if _, answer := post(t, addr, "/wallet/alice%20b", `{"id":1,"method":"wallet"}`); !strings.Contains(answer, `"alice b"`) {
		t.Errorf("wallet path: got %s", answer)
	}
	for _, path := range []string{"/other", "/?", "/?a=b", "//", "/wallet"} {
		if status, _ := post(t, addr, path, `{"id":1,"method":"count"}`); status != 404 {
			t.Errorf("path %s: got %d", path, status)
		}
	}
	resp, err := http.Get("http://" + addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 405 {
		t.Errorf("GET: got %d", resp.StatusCode)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	addr := serve(t)
	for _, auth := range [][2]string{{}, {"u", "x"}, {"", "p"}} {
		req, _ := http.NewRequest("POST", "http://"+addr, strings.NewReader(`{"id":1,"method":"count"}`))
		if auth != [2]string{} {
			req.SetBasicAuth(auth[0], auth[1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 401 || resp.Header.Get("WWW-Authenticate") != `Basic realm="jsonrpc"` || len(body) != 0 {
			t.Errorf("%v: got %d %v %q", auth, resp.StatusCode, resp.Header, body)
		}
	}
}

const authLine = "Authorization: Basic dTpw" // u:p

// dial opens a raw connection.
func dial(t testing.TB, addr string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	return c, bufio.NewReader(c)
}

// readByHand reads an answer as mempool/electrs does: status line, a
// Content-Length header spelled so, an empty line, then one line of body.
func readByHand(t *testing.T, r *bufio.Reader) (status, body string) {
	t.Helper()
	line := func() string {
		s, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("answer ends early: %q, %v", s, err)
		}
		return strings.TrimRight(s, "\r\n")
	}
	status = line()
	length := -1
	for h := line(); h != ""; h = line() {
		if v, ok := strings.CutPrefix(h, "Content-Length: "); ok {
			length, _ = strconv.Atoi(v)
		}
		if strings.HasPrefix(h, "Transfer-Encoding") {
			t.Fatal("the answer is chunked")
		}
	}
	if length < 0 {
		t.Fatal("the answer has no Content-Length")
	}
	body = line()
	if length != len(body)+1 {
		t.Fatalf("Content-Length %d for a line of %d bytes", length, len(body)+1)
	}
	return status, body
}

func TestElectrsHeadsAreAccepted(t *testing.T) {
	addr := serve(t)
	body := `{"method":"count","params":[],"id":0}`
	for name, head := range map[string]string{
		"bare newlines, no Host": "POST / HTTP/1.1\n" + authLine + "\nContent-Length: " + strconv.Itoa(len(body)) + "\n\n",
		"no Host":                "POST / HTTP/1.1\r\n" + authLine + "\r\ncontent-length: " + strconv.Itoa(len(body)) + "\r\n\r\n",
		"with Host":              "POST / HTTP/1.1\r\nHost: x\r\n" + authLine + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n",
		"HTTP/1.0 keep-alive":    "POST / HTTP/1.0\r\nConnection: keep-alive\r\n" + authLine + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, r := dial(t, addr)
			for i := range 3 {
				fmt.Fprint(c, head+body)
				status, answer := readByHand(t, r)
				if !strings.HasSuffix(status, " 200 OK") || answer != `{"result":7,"error":null,"id":0}` {
					t.Fatalf("request %d: got %s %s", i, status, answer)
				}
			}
		})
	}
}

func TestStatusLinesAreSpelledAsElectrsReadsThem(t *testing.T) {
	c, r := dial(t, serve(t))
	for _, want := range []struct{ method, status string }{
		{"count", "HTTP/1.1 200 OK"}, {"fail", "HTTP/1.1 500 Internal Server Error"}, {"none", "HTTP/1.1 404 Not Found"},
	} {
		body := `{"id":1,"method":"` + want.method + `"}`
		fmt.Fprintf(c, "POST / HTTP/1.1\n%s\nContent-Length: %d\n\n%s", authLine, len(body), body)
		if status, _ := readByHand(t, r); status != want.status {
			t.Errorf("%s: got %q", want.method, status)
		}
	}
}

func TestLongAnswersAreNotChunked(t *testing.T) {
	c, r := dial(t, serve(t))
	body := `{"id":1,"method":"long"}`
	fmt.Fprintf(c, "POST / HTTP/1.1\n%s\nContent-Length: %d\n\n%s", authLine, len(body), body)
	if _, answer := readByHand(t, r); len(answer) < 20000 || !strings.Contains(answer, "<ab>") {
		t.Errorf("got %d bytes", len(answer))
	}
}

func TestPipelinedAndTornRequests(t *testing.T) {
	c, r := dial(t, serve(t))
	body := `{"id":1,"method":"count"}`
	one := fmt.Sprintf("POST / HTTP/1.1\n%s\nContent-Length: %d\n\n%s", authLine, len(body), body)
	fmt.Fprint(c, one+"\r\n"+one) // two at once, an empty line between
	readByHand(t, r)
	readByHand(t, r)
	for _, b := range []byte(one) { // and one byte by byte
		if _, err := c.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if _, answer := readByHand(t, r); answer != `{"result":7,"error":null,"id":1}` {
		t.Errorf("got %s", answer)
	}
}

func TestChunkedBodiesAreRead(t *testing.T) {
	c, r := dial(t, serve(t))
	body := `{"id":1,"method":"count"}`
	fmt.Fprintf(c, "POST / HTTP/1.1\r\n%s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", authLine, len(body), body)
	if _, answer := readByHand(t, r); answer != `{"result":7,"error":null,"id":1}` {
		t.Errorf("got %s", answer)
	}
}

// Who hangs up in the middle has not said what it seems to have said.
func TestHalfABodyIsNotObeyed(t *testing.T) {
	for _, head := range []string{"Content-Length: 100", "Transfer-Encoding: chunked"} {
		c, r := dial(t, serve(t))
		fmt.Fprintf(c, "POST / HTTP/1.1\r\n%s\r\n%s\r\n\r\n", authLine, head)
		if body := `{"id":1,"method":"count"}`; strings.HasPrefix(head, "Content") {
			fmt.Fprint(c, body)
		} else {
			fmt.Fprintf(c, "%x\r\n%s\r\n", len(body), body)
		}
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if status, err := r.ReadString('\n'); err == nil && !strings.HasPrefix(status, "HTTP/1.1 400 ") {
			t.Errorf("%s: got %q", head, status)
		}
	}
}

func TestT59_HostileBodiesAreRefusedAndBounded(t *testing.T) {
	addr := serve(t)
	batch := func(n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`{"id":1,"method":"count"},`, n), ",") + "]"
	}
	for _, c := range []struct {
		name, body string
		status     int
	}{
		{"trailing bytes", `{"id":1,"method":"count"} x`, 500},
		{"two objects", `{"id":1,"method":"count"}{"id":1,"method":"count"}`, 500},
		{"trailing bytes behind a batch", `[{"id":1,"method":"count"}]]`, 500},
		{"deep", `{"id":1,"method":"count","params":[` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `]}`, 500},
		{"deep objects", strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000), 500},
		{"depth in text does not count", `{"id":1,"method":"count","x":"` + strings.Repeat("[", 1000) + `"}`, 200},
		{"100,000 calls", batch(100_000), 200},
		{"more tiny elements than there is memory to answer them", "[" + strings.Repeat("0,", 2_000_000) + "0]", 413},
	} {
		if status, _ := post(t, addr, "/", c.body); status != c.status {
			t.Errorf("%s: got %d, want %d", c.name, status, c.status)
		}
	}
}

func TestT59_HugeBodyIsRefusedBeforeItIsRead(t *testing.T) {
	c, r := dial(t, serve(t))
	fmt.Fprintf(c, "POST / HTTP/1.1\n%s\nContent-Length: %d\n\n", authLine, 100_000_000)
	if status, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(status, "HTTP/1.1 413 ") {
		t.Errorf("got %q, %v", status, err)
	}
}

func TestT59_HugeChunkedBodyIsCutOff(t *testing.T) {
	c, r := dial(t, serve(t))
	go func() {
		fmt.Fprintf(c, "POST / HTTP/1.1\n%s\nTransfer-Encoding: chunked\n\n", authLine)
		chunk := bytes.Repeat([]byte(" "), 1<<20)
		for range 100 {
			if _, err := fmt.Fprintf(c, "%x\r\n%s\r\n", len(chunk), chunk); err != nil {
				return
			}
		}
	}()
	if status, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(status, "HTTP/1.1 413 ") {
		t.Errorf("got %q, %v", status, err)
	}
}

func TestT59_LongHeadsAreRefused(t *testing.T) {
	for name, junk := range map[string]string{"one line": strings.Repeat("x", 1<<20), "many lines": strings.Repeat("x: y\n", 1<<17)} {
		c, r := dial(t, serve(t))
		go func() { fmt.Fprint(c, "POST / HTTP/1.1\n"+junk) }()
		if status, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(status, "HTTP/1.1 431 ") {
			t.Errorf("%s: got %q", name, status)
		}
	}
}

// FuzzBody: whatever is sent, the answer is one line of JSON with a known
// status, and each answer of a batch has result, error and id.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		`{"id":1,"method":"add","params":[1]}`, `[{"id":{},"method":"add","params":{"a":1}}]`, `[]`, `{"jsonrpc":"2.0","id":null,"method":"count"}`,
		`{"id":"\ud800","method":"add","params":{"args":[1,2],"b":3}}`, `[[[[`, `{"params":[{}],"method":"add","id":[1]}`, "\x00", `{"id":1e999,"method":"count"}`,
	} {
		f.Add([]byte(s))
	}
	h := NewHandler(testConfig())
	f.Fuzz(func(t *testing.T, body []byte) {
		share := h.budget.Begin()
		defer share.End()
		status, parts := h.answerBody(t.Context(), asker{share: share}, body)
		reply := bytes.Join(parts, nil)
		switch status {
		case 200, 204, 400, 404, 500:
		default:
			t.Fatalf("status %d", status)
		}
		if status == 204 {
			return
		}
		if bytes.IndexByte(reply, '\n') != len(reply)-1 && !bytes.ContainsAny(body, "\n") {
			t.Fatalf("not one line: %q", reply)
		}
		if !json.Valid(reply) {
			t.Fatalf("not JSON: %q for %q", reply, body)
		}
	})
}
