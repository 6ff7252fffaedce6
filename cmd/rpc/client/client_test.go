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

	"grapevine/cmd/rpc/jsonrpc"
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
	if err := c.CallNamed(t.Context(), "m", nil, Named{{"a", 1}}); err != nil || !strings.Contains(sent, `"params":{"a":1}`) {
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
	c, _ = Dial(answering(t, func(string, string, string) (int, string) { return 503, "Work queue depth exceeded" }), "u", "p")
	if err := c.Call(t.Context(), "m", nil); err == nil || !strings.Contains(err.Error(), "has no place for the call now: Work queue depth exceeded") {
		t.Errorf("503: %v", err)
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

func TestWordsBecomeParametersByTheRows(t *testing.T) {
	raw := func(s string) any { return json.RawMessage(s) }
	table := NewTable([]jsonrpc.Method{
		{Name: "m", Params: "hash:hex level|verbose:level=1 list:[]? who:text? rate:amount? on:bool? word:word? object:{}? n:long?"},
		{Name: "echo", Params: "arg0:any? arg1:any?"},
		{Name: "echojson", Params: "arg0:json?"},
	})
	for _, c := range []struct {
		method string
		words  []string
		want   []any
	}{
		{"m", []string{"00ff", "2", `["00"]`, "5", "1.5", "true", "7", `{"a":1}`, "9"}, []any{"00ff", raw("2"), raw(`["00"]`), "5", raw("1.5"), raw("true"), raw("7"), raw(`{"a":1}`), raw("9")}},
		{"m", []string{"12", "false", "[]", "true", `"0.1"`, "null", "0f9188"}, []any{"12", raw("false"), raw("[]"), "true", raw(`"0.1"`), raw("null"), "0f9188"}},
		{"m", []string{"1", "1", "[]", "", "1", "true", "x", "{}", "1", "one too many"}, []any{"1", raw("1"), raw("[]"), "", raw("1"), raw("true"), "x", raw("{}"), raw("1"), "one too many"}},
		{"echo", []string{"1"}, []any{"1"}},
		{"echojson", []string{"1"}, []any{raw("1")}},
		{"unknown", []string{"1"}, []any{"1"}},
	} {
		got, err := table.Convert(c.method, c.words)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %q: got %q, %v", c.method, c.words, got, err)
		}
	}
	for i, name := range []string{1: "level", 2: "list", 4: "rate", 5: "on", 7: "object", 8: "n"} {
		words := []string{"", "1", "[]", "", "1", "true", "", "{}", "1"}
		if words[i] = "x"; name == "" {
			continue
		}
		if _, err := table.Convert("m", words); err == nil || err.Error() != "m: parameter "+name+": not JSON: x" {
			t.Errorf("no JSON: %v", err)
		}
	}
}

func TestWordsByNameBecomeParameters(t *testing.T) {
	table := NewTable([]jsonrpc.Method{{Name: "m", Params: "hash:hex level|verbose:level=1 ; rate:amount? word:text?"}})
	for _, c := range []struct {
		words []string
		want  string
	}{
		{nil, `{}`},
		{[]string{"00ff", "level=1"}, `{"level":1,"args":["00ff"]}`},
		{[]string{"verbose=true", "hash=12"}, `{"verbose":true,"hash":"12"}`},
		{[]string{"level=1", "hash=0", "level=2"}, `{"level":2,"hash":"0"}`},
		{[]string{"gold=1", "args=[1]", "a", "2"}, `{"gold":"1","args":"[1]","args":["a",2]}`},
		{[]string{"00", "rate=2", "word=3"}, `{"rate":2,"word":"3","args":["00"]}`},
		{[]string{"hash=a=b"}, `{"hash":"a=b"}`},
	} {
		got, err := table.ConvertNamed("m", c.words)
		if err != nil {
			t.Errorf("%q: %v", c.words, err)
			continue
		}
		if raw, err := json.Marshal(got); err != nil || string(raw) != c.want {
			t.Errorf("%q: %s, %v, want %s", c.words, raw, err, c.want)
		}
	}
	for _, words := range [][]string{{"level=x"}, {"00ff", "x"}} {
		if _, err := table.ConvertNamed("m", words); err == nil || err.Error() != "m: parameter level: not JSON: x" {
			t.Errorf("%q: %v", words, err)
		}
	}
}
