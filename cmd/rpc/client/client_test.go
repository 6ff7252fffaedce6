package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

// answering is a server that answers each body by f.
func answering(t *testing.T, f func(body, user, password string) (int, string)) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		status, answer := f(string(raw), user, password)
		w.WriteHeader(status)
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestCallSendsAndReads(t *testing.T) {
	var sent string
	url := answering(t, func(body, user, password string) (int, string) {
		sent = user + ":" + password + " " + body
		return 200, `{"result":[1,"x"],"error":null,"id":1}`
	})
	c, err := Dial(strings.Replace(url, "//", "//alice:secret@", 1), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(c.URL(), "secret") {
		t.Error("the URL shows the password")
	}
	var got []any
	if err := c.Call(t.Context(), "m", &got, 1, "a", nil, json.RawMessage("0.10")); err != nil || len(got) != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	if want := `alice:secret {"jsonrpc":"1.0","id":1,"method":"m","params":[1,"a",null,0.10]}` + "\n"; sent != want {
		t.Errorf("sent %q", sent)
	}
	if err := c.CallNamed(t.Context(), "m", nil, map[string]any{"a": 1}); err != nil || !strings.Contains(sent, `"params":{"a":1}`) {
		t.Errorf("named: %q, %v", sent, err)
	}
	if err := c.Call(t.Context(), "m", nil); err != nil || !strings.Contains(sent, `"params":[]`) {
		t.Errorf("no params: %q, %v", sent, err)
	}
}

func TestRefusalsAreTyped(t *testing.T) {
	url := answering(t, func(string, string, string) (int, string) {
		return 500, `{"result":null,"error":{"code":-8,"message":"Block height out of range"},"id":1}`
	})
	c, _ := Dial(url, "u", "p")
	e, ok := errors.AsType[*Error](c.Call(t.Context(), "getblockhash", nil, 5))
	if !ok || e.Code != -8 || e.Error() != "Block height out of range" {
		t.Errorf("got %v", e)
	}
}

func TestFailuresSayWhatToDo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	l.Close()
	c, _ := Dial(url, "u", "p")
	if err := c.Call(t.Context(), "m", nil); !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), "cannot connect to "+url+" (is the node running?)") {
		t.Errorf("nobody there: %v", err)
	}
	c, _ = Dial(answering(t, func(string, string, string) (int, string) { return 401, "" }), "u", "p")
	if err := c.Call(t.Context(), "m", nil); !errors.Is(err, ErrUnauthorized) {
		t.Errorf("401: %v", err)
	}
	c, _ = Dial(answering(t, func(string, string, string) (int, string) { return 404, "<html>" }), "u", "p")
	if err := c.Call(t.Context(), "m", nil); err == nil || !strings.Contains(err.Error(), "HTTP 404, not JSON-RPC") {
		t.Errorf("another server: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Call(ctx, "m", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for _, bad := range []string{"https://127.0.0.1:1", "ftp://x", "http://", "http://a b"} {
		if _, err := Dial(bad, "", ""); err == nil {
			t.Errorf("Dial(%q) works", bad)
		}
	}
}

func TestCookieIsReadAtEachCall(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".cookie")
	url := answering(t, func(_, user, password string) (int, string) {
		return 200, fmt.Sprintf(`{"result":"%s/%s","error":null,"id":1}`, user, password)
	})
	c, err := DialCookie(url, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Call(t.Context(), "m", nil); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "is the node running?") {
		t.Errorf("no cookie: %v", err)
	}
	for _, secret := range []string{"one", "two"} {
		if err := os.WriteFile(path, []byte("__cookie__:"+secret), 0o600); err != nil {
			t.Fatal(err)
		}
		var who string
		if err := c.Call(t.Context(), "m", &who); err != nil || who != "__cookie__/"+secret {
			t.Errorf("%s, %v", who, err)
		}
	}
}

func TestWordsBecomeParametersAsWithBitcoinCLI(t *testing.T) {
	raw := func(s string) any { return json.RawMessage(s) }
	for _, c := range []struct {
		method string
		words  []string
		want   []any
	}{
		{"getblockhash", []string{"5"}, []any{raw("5")}},
		{"getblock", []string{"00ff", "2"}, []any{"00ff", raw("2")}},
		{"getblock", []string{"00ff", "false"}, []any{"00ff", raw("false")}},
		{"sendtoaddress", []string{"bcrt1q", "1.5", "5", "", "true"}, []any{"bcrt1q", raw("1.5"), "5", "", raw("true")}},
		{"sendrawtransaction", []string{"0200", "0"}, []any{"0200", raw("0")}},
		{"testmempoolaccept", []string{`["00"]`}, []any{raw(`["00"]`)}},
		{"createrawtransaction", []string{"[]", `{"a":1}`}, []any{raw("[]"), raw(`{"a":1}`)}},
		{"getblockstats", []string{"100"}, []any{raw("100")}},
		{"getblockstats", []string{"0f9188"}, []any{"0f9188"}},
		{"addnode", []string{"127.0.0.1:1", "add"}, []any{"127.0.0.1:1", "add"}},
		{"disconnectnode", []string{"", "7"}, []any{"", raw("7")}},
		{"echo", []string{"1"}, []any{"1"}},
		{"getnewaddress", []string{"5"}, []any{"5"}},
		{"unknown", []string{"1"}, []any{"1"}},
	} {
		got, err := Convert(c.method, c.words)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %q: got %q, %v", c.method, c.words, got, err)
		}
	}
	if _, err := Convert("getblockhash", []string{"x"}); err == nil || err.Error() != "getblockhash: parameter height: not JSON: x" {
		t.Errorf("no JSON: %v", err)
	}
	named, err := ConvertNamed("getblock", []string{"00ff", "verbosity=1"})
	if want := map[string]any{"args": []any{"00ff"}, "verbosity": raw("1")}; err != nil || !reflect.DeepEqual(named, want) {
		t.Errorf("named: %v, %v", named, err)
	}
}
