package bitcoincli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grapevine/cmd/rpc/client"
	"grapevine/cmd/rpc/jsonrpc"
)

// fakeNode answers a few methods as bitcoind would.
func fakeNode(t *testing.T) (port string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if (user != "u" && user != "bare" || password != "p") && user != "__cookie__" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var q struct {
			ID     uint64
			Method string
			Params any
		}
		json.NewDecoder(r.Body).Decode(&q)
		result, code := any(nil), 0
		switch q.Method {
		case "getblockcount":
			result = 7
		case "getbestblockhash":
			result = "abc"
		case "echo", "echojson":
			result = map[string]any{"path": r.URL.Path, "params": q.Params}
		case "getnewaddress":
			result = "bcrt1q"
		case "generatetoaddress":
			result = []string{"h1"}
		case "getblockchaininfo":
			result = map[string]any{"chain": "regtest", "blocks": 7, "headers": 9, "verificationprogress": 0.5, "difficulty": 1e-9}
		case "getnetworkinfo":
			result = map[string]any{"version": 310000, "connections": 3, "connections_in": 1, "connections_out": 2, "relayfee": json.Number("0.00001000")}
		case "listwallets":
			result = []string{"w"}
		case "getbalance":
			result = json.Number("1.50000000")
		case "stop":
		default:
			code = -32601
		}
		if user == "bare" && q.Method == "listwallets" { // a node without a wallet
			code = -32601
		}
		if code != 0 {
			fmt.Fprintf(w, `{"id":%d,"result":null,"error":{"code":%d,"message":"Method not found"}}`, q.ID, code)
			return
		}
		raw, _ := json.Marshal(result)
		fmt.Fprintf(w, `{"id":%d,"result":%s,"error":null}`, q.ID, raw)
	}))
	t.Cleanup(s.Close)
	_, port, _ = strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	return port
}

func bitcoinCLI(t *testing.T, stdin string, args ...string) (out, errs string, status int) {
	t.Helper()
	var o, e bytes.Buffer
	sys := System{In: strings.NewReader(stdin), Out: &o, Err: &e, Home: t.TempDir(), Version: "1",
		Table: client.NewTable([]jsonrpc.Method{{Name: "echojson", Params: "arg0:json"}, {Name: "generatetoaddress", Params: "nblocks:int address:text"}})}
	status = Run(t.Context(), sys, append([]string{"bitcoin-cli"}, args...))
	return o.String(), e.String(), status
}

func TestSpeaksAsBitcoinCLI(t *testing.T) {
	port := fakeNode(t)
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "regtest"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "regtest", ".cookie"), []byte("__cookie__:secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	user := []string{"-regtest", "-rpcport=" + port, "-rpcuser=u", "-rpcpassword=p"}
	for _, c := range []struct {
		name, stdin string
		args        []string
		out, errs   string
		status      int
	}{
		{"number", "", append(user, "getblockcount"), "7\n", "", 0},
		{"bare text", "", append(user, "getbestblockhash"), "abc\n", "", 0},
		{"null", "", append(user, "stop"), "", "", 0},
		{"cookie of bitcoind's layout", "", []string{"-chain=regtest", "-rpcport=" + port, "-datadir=" + dir, "getblockcount"}, "7\n", "", 0},
		{"two dashes, host and port in one", "", []string{"--rpcconnect=127.0.0.1:" + port, "--rpcuser=u", "--rpcpassword=p", "getblockcount"}, "7\n", "", 0},
		{"password and parameters from stdin", "p\n1\ntwo words\n", []string{"-rpcport=" + port, "-rpcuser=u", "-stdinrpcpass", "-stdin", "echo"},
			"{\n  \"params\": [\n    \"1\",\n    \"two words\"\n  ],\n  \"path\": \"/\"\n}\n", "", 0},
		{"by the table", "", append(user, "-named", "echojson", "arg0=[1]"), "{\n  \"params\": {\n    \"arg0\": [\n      1\n    ]\n  },\n  \"path\": \"/\"\n}\n", "", 0},
		{"not what the table says", "", append(user, "echojson", "x"), "", "error: echojson: parameter arg0: not JSON: x", 1},
		{"wallet", "", append(user, "-rpcwallet=w", "echo"), "{\n  \"params\": [],\n  \"path\": \"/wallet/w\"\n}\n", "", 0},
		{"generate", "", append(user, "-generate", "1"), "{\n  \"address\": \"bcrt1q\",\n  \"blocks\": [\n    \"h1\"\n  ]\n}\n", "", 0},
		{"one screen", "", append(user, "-getinfo"), "Chain: regtest\nBlocks: 7\nHeaders: 9\nVerification progress: 50.0000%\nDifficulty: 1e-9\n\n" +
			"Network: in 1, out 2, total 3\nVersion: 310000\nMin tx relay fee rate (BTC/kvB): 0.00001000\n\nWallet: \"w\"\nBalance: 1.50000000\n", "", 0},
		{"one screen without a wallet", "", []string{"-rpcport=" + port, "-rpcuser=bare", "-rpcpassword=p", "-getinfo"},
			"Chain: regtest\nBlocks: 7\nHeaders: 9\nVerification progress: 50.0000%\nDifficulty: 1e-9\n\n" +
				"Network: in 1, out 2, total 3\nVersion: 310000\nMin tx relay fee rate (BTC/kvB): 0.00001000\n", "", 0},
		{"unknown method", "", append(user, "getgold"), "", "error code: -32601\nerror message:\nMethod not found\n", 32601},
		{"no method", "", user, "", "too few parameters", 1},
		{"unknown flag", "", []string{"-fast", "getblockcount"}, "", "invalid parameter -fast", 1},
		{"nobody there", "", []string{"-rpcport=1", "-rpcuser=u", "-rpcpassword=p", "getblockcount"}, "", "Could not connect", 1},
		{"nobody there, for a second", "", []string{"-rpcwait", "-rpcwaittimeout=1", "-rpcport=1", "-rpcuser=u", "-rpcpassword=p", "getblockcount"}, "", "Could not connect", 1},
		{"wrong password", "", []string{"-rpcport=" + port, "-rpcuser=u", "-rpcpassword=q", "getblockcount"}, "", "error: ", 1},
	} {
		out, errs, status := bitcoinCLI(t, c.stdin, c.args...)
		if out != c.out || status != c.status || !strings.Contains(errs, c.errs) || (c.errs == "" && errs != "") {
			t.Errorf("%s: status %d, want %d; stdout %q, want %q; stderr %q, want %q", c.name, status, c.status, out, c.out, errs, c.errs)
		}
	}
}
