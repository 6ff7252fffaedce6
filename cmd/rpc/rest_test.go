package rpc_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// request sends one; who calls it closes the answer's body.
func (w *testNode) request(method, path, body string, edits ...func(*http.Request)) *http.Response {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.ctx, method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, edit := range edits {
		edit(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp
}

// send is a request and its answer.
func (w *testNode) send(method, path, body string, edits ...func(*http.Request)) (status int, answer string) {
	w.t.Helper()
	resp := w.request(method, path, body, edits...)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Error(err)
	}
	return resp.StatusCode, string(raw)
}

func TestRESTRefusesInCoresWords(t *testing.T) {
	w := start(t)
	tip := fmt.Sprint(w.list("generatetoaddress", 1, stranger)[0])
	const all, jsonOnly = "output format not found (available: .bin, .hex, .json)", "output format not found (available: json)"
	const pool = "Invalid URI format. Expected /rest/mempool/<info|contents>.json"
	for path, want := range map[string]struct {
		status int
		why    string
	}{
		"block/" + tip:                        {404, all},
		"block/" + tip + ".txt":               {400, "Invalid hash: " + tip + ".txt"},
		"block/zz.bin":                        {400, "Invalid hash: zz"},
		"block/" + nowhere + ".bin":           {404, nowhere + " not found"},
		"block/notxdetails/" + tip:            {404, all},
		"tx/" + nowhere:                       {404, nowhere + " not found"},
		"headers/a/b/c.json":                  {400, "Invalid URI format. Expected /rest/headers/<hash>.<ext>?count=<count>"},
		"headers/0/" + tip + ".json":          {400, "Header count is invalid or out of acceptable range (1-2000): 0"},
		"headers/2001/" + tip + ".json":       {400, "Header count is invalid or out of acceptable range (1-2000): 2001"},
		"headers/" + tip + ".json?count=+1":   {400, "Header count is invalid or out of acceptable range (1-2000):  1"},
		"headers/" + tip + ".txt?count=1":     {400, "Invalid hash: " + tip + ".txt"},
		"blockhashbyheight/1":                 {404, all},
		"blockhashbyheight/1.txt":             {400, "Invalid height: 1.txt"},
		"blockhashbyheight/-1.bin":            {400, "Invalid height: -1"},
		"blockhashbyheight/2.bin":             {404, "Block height out of range"},
		"chaininfo.bin":                       {404, jsonOnly},
		"chaininfo":                           {404, jsonOnly},
		"deploymentinfo/" + nowhere + ".bin":  {404, jsonOnly},
		"deploymentinfo/" + nowhere + ".json": {400, "Block not found"},
		"deploymentinfo/zz.json":              {400, "Invalid hash: zz"},
		"mempool/nosuch.json":                 {400, pool},
		"mempool/info.txt":                    {400, pool},
		"mempool/contents.txt":                {400, pool},
		"mempool/info":                        {404, jsonOnly},
		"mempool/contents.hex?verbose=x":      {404, jsonOnly},
		"mempool/contents.json?verbose=x":     {400, `The "verbose" query parameter must be either "true" or "false".`},
		"mempool/contents.json?verbose=true&mempool_sequence=true": {400, `Verbose results cannot contain mempool sequence values. (hint: set "verbose=false")`},
		"blockfilter/basic.bin":                                     {400, "Invalid URI format. Expected /rest/blockfilter/<filtertype>/<blockhash>"},
		"blockfilter/nosuch/" + tip + ".bin":                        {400, "Unknown filtertype nosuch"},
		"blockfilter/basic/" + nowhere + ".bin":                     {404, nowhere + " not found"},
		"blockfilterheaders/basic.bin":                              {400, "Invalid URI format. Expected /rest/blockfilterheaders/<filtertype>/<blockhash>.<ext>?count=<count>"},
		"blockfilterheaders/basic/0/" + tip + ".bin":                {400, "Header count is invalid or out of acceptable range (1-2000): 0"},
		"blockfilterheaders/nosuch/" + tip + ".bin":                 {400, "Unknown filtertype nosuch"},
		"blockfilterheaders/basic/zz.bin":                           {400, "Invalid hash: zz"},
		"getutxos.json":                                             {400, "Error: empty request"},
		"getutxos.bin":                                              {400, "Error: empty request"},
		"getutxos/checkmempool.json":                                {400, "Error: empty request"},
		"getutxos/zz-0.json":                                        {400, "Parse error"},
		"getutxos/" + nowhere + ".json":                             {400, "Parse error"},
		"getutxos/" + nowhere + "-0":                                {404, all},
		"getutxos" + strings.Repeat("/"+nowhere+"-0", 16) + ".json": {400, "Error: max outpoints exceeded (max: 15, tried: 16)"},
	} {
		if status, why := w.send("GET", "/rest/"+path, ""); status != want.status || why != want.why+"\r\n" {
			t.Errorf("%s: %d %q, want %d %q", path, status, why, want.status, want.why)
		}
	}
	for _, path := range []string{"/rest/", "/rest/nosuch.json", "/rest/.bin"} {
		if status, why := w.send("GET", path, ""); status != 404 || why != "" {
			t.Errorf("%s: %d %q", path, status, why)
		}
	}
	for method, want := range map[string]int{"POST": 200, "PUT": 200, "DELETE": 405, "OPTIONS": 501, "PATCH": 501} {
		if status, _ := w.send(method, "/rest/chaininfo.json", ""); status != want {
			t.Errorf("%s: %d, want %d", method, status, want)
		}
	}
	if status, list := w.send("GET", "/rest/headers/"+nowhere+".json", ""); status != 200 || list != "[]\n" {
		t.Errorf("headers of an unknown block: %d %q", status, list)
	}
	if _, list := w.send("GET", "/rest/mempool/contents.json?verbose=false&mempool_sequence=true", ""); !strings.HasPrefix(list, `{"txids":[],"mempool_sequence":`) {
		t.Errorf("with a sequence: %s", list)
	}
}

func TestRESTFilterHeadersAreTheIndexs(t *testing.T) {
	w := start(t)
	w.must("generatetoaddress", 3, stranger)
	var want []string
	for height := range 4 {
		want = append(want, fmt.Sprint(w.object("getblockfilter", w.text("getblockhash", height))["header"]))
	}
	for path, n := range map[string]int{"2/" + genesis + ".json": 2, genesis + ".json?count=3": 3, genesis + ".json": 4, "2000/" + genesis + ".json": 4, nowhere + ".json": 0} {
		list := "[]\n"
		if n > 0 {
			list = `["` + strings.Join(want[:n], `","`) + "\"]\n"
		}
		if status, got := w.send("GET", "/rest/blockfilterheaders/basic/"+path, ""); status != 200 || got != list {
			t.Errorf("%s: %d %s, want %s", path, status, got, list)
		}
	}
	_, raw := w.send("GET", "/rest/blockfilterheaders/basic/1/"+genesis+".bin", "")
	if _, text := w.send("GET", "/rest/blockfilterheaders/basic/1/"+genesis+".hex", ""); text != hex.EncodeToString([]byte(raw))+"\n" || len(raw) != 32 {
		t.Errorf("bytes %x, hex %s", raw, text)
	}
}

// What is asked in the body is answered as what is asked in the path.
func TestRESTTakesOutpointsInTheBody(t *testing.T) {
	w := rich(t)
	id := w.text("sendtoaddress", stranger, 1)
	reversed, err := hex.DecodeString(id)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 16 {
		reversed[i], reversed[31-i] = reversed[31-i], reversed[i]
	}
	point := string(reversed) + "\x00\x00\x00\x00"
	body := func(pool byte, n int) string { return string([]byte{pool, byte(n)}) + strings.Repeat(point, n) }
	for _, c := range []struct{ body, path string }{
		{body(1, 1), "/checkmempool/" + id + "-0"}, {body(0, 1), "/" + id + "-0"}, {body(1, 2) + "more", "/checkmempool/" + id + "-0/" + id + "-0"},
	} {
		_, want := w.send("GET", "/rest/getutxos"+c.path+".bin", "")
		if status, got := w.send("POST", "/rest/getutxos.bin", c.body); status != 200 || got != want {
			t.Errorf("%s: %d %x, want %x", c.path, status, got, want)
		}
		if status, got := w.send("POST", "/rest/getutxos.hex", hex.EncodeToString([]byte(c.body))); status != 200 || got != hex.EncodeToString([]byte(want))+"\n" {
			t.Errorf("%s in hex: %d %s", c.path, status, got)
		}
	}
	for _, c := range []struct {
		path, body string
		status     int
		why        string
	}{
		{".bin", "\x01", 400, "Parse error"},
		{".bin", body(1, 3)[:100], 400, "Parse error"},
		{".bin", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff", 400, "Parse error"},
		{".bin", body(1, 16), 400, "Error: max outpoints exceeded (max: 15, tried: 16)"},
		{".json", body(1, 1), 400, "Error: empty request"},
		{"/" + id + "-0.bin", body(1, 1), 400, "Combination of URI scheme inputs and raw post data is not allowed"},
	} {
		if status, why := w.send("POST", "/rest/getutxos"+c.path, c.body); status != c.status || why != c.why+"\r\n" {
			t.Errorf("%s %x: %d %q, want %d %q", c.path, c.body, status, why, c.status, c.why)
		}
	}
	if status, _ := w.send("POST", "/rest/getutxos.hex", "no hex"); status != 200 {
		t.Errorf("no hex is no input: %d", status)
	}
}

// Paths that are no URIs reach who answers, as in libevent: what reads values says
// so, other paths name what they do not find.
func TestRESTAnswersWhatIsNoURI(t *testing.T) {
	w := start(t)
	for target, want := range map[string]string{
		"/rest/headers/" + genesis + "%": "URI parsing failed, it likely contained RFC 3986 invalid characters", "/rest/headers/2/" + genesis + "%.json": "Invalid hash: " + genesis + "%",
		"/rest/headers/" + genesis + ".json?count=2&x=|": "URI parsing failed, it likely contained RFC 3986 invalid characters",
		"/rest/mempool/contents.json?%":                  "URI parsing failed, it likely contained RFC 3986 invalid characters",
		"/rest/block/%.json":                             "Invalid hash: %",
		"/rest/block/%25.json":                           "Invalid hash: %25",
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nConnection: close\r\n\r\n", target)
		raw, err := io.ReadAll(c)
		c.Close()
		head, body, _ := strings.Cut(string(raw), "\r\n\r\n")
		if err != nil || !strings.HasPrefix(head, "HTTP/1.1 400 ") || body != want+"\r\n" {
			t.Errorf("%s: %v %q %q, want %q", target, err, head, body, want)
		}
	}
}
