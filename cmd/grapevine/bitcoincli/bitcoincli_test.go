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
	"time"

	"grapevine/cmd/rpc/client"
	"grapevine/cmd/rpc/jsonrpc"
)

// fakeNode answers a few methods as bitcoind would.
func fakeNode(t *testing.T) (port string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if (user != "u" && user != "bare" && user != "many" || password != "p") && user != "__cookie__" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var q struct {
			ID     uint64
			Method string
			Params any
		}
		json.NewDecoder(r.Body).Decode(&q)
		if status, ok := map[string]int{"full": 503, "forbidden": 403, "large": 413, "html": 200, "silent": 500}[q.Method]; ok {
			w.WriteHeader(status)
			fmt.Fprint(w, map[string]string{"full": "Work queue depth exceeded", "html": "<html>"}[q.Method])
			return
		}
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
			result = map[string]any{"version": 310000, "connections": 3, "connections_in": 1, "connections_out": 2, "relayfee": json.Number("0.00001000"), "protocolversion": 70016, "subversion": "/x/", "warnings": []string{"old"},
				"localaddresses": []any{map[string]any{"address": "5.6.7.8", "port": 8333, "score": 4}},
				"networks":       []any{map[string]any{"name": "ipv4", "reachable": true, "proxy": "127.0.0.1:9050"}, map[string]any{"name": "onion", "proxy": "127.0.0.1:9050"}, map[string]any{"name": "ipv6", "proxy": ""}}}
		case "getwalletinfo":
			result = map[string]any{"walletname": "w", "keypoolsize": 4000, "paytxfee": json.Number("0.00000000")}
		case "getbalances":
			result = map[string]any{"mine": map[string]any{"trusted": json.Number("1.50000000")}}
		case "getnodeaddresses":
			result = []any{map[string]any{"network": "ipv4"}, map[string]any{"network": "ipv4"}, map[string]any{"network": "ipv6"}, map[string]any{"network": "not_publicly_routable"}}
		case "walletpassphrase":
			result = q.Params
		case "getpeerinfo":
			result = []any{
				map[string]any{"id": 0, "addr": "127.0.0.1:1", "network": "not_publicly_routable", "inbound": true, "connection_type": "inbound", "version": 70016, "subver": "/a/", "transport_protocol_type": "v2", "relaytxes": false},
				map[string]any{"id": 12, "addr": "1.2.3.4:8333", "network": "ipv4", "inbound": false, "connection_type": "manual", "version": 70016, "subver": "/b/", "transport_protocol_type": "v1", "relaytxes": true, "addr_relay_enabled": true, "minping": 0.0123, "pingtime": 0.5, "bip152_hb_to": true},
				map[string]any{"id": 13, "addr": "?", "network": "mars"},
			}
		case "listwallets":
			result = []string{"w"}
			if user == "many" {
				result = []string{"", "w"}
			}
		case "stop":
		default:
			code = -32601
		}
		if user == "bare" && (q.Method == "getwalletinfo" || q.Method == "getbalances") { // a node without a wallet
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
	conf, empty := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(conf, "bitcoin.conf"), []byte("regtest=1\nrpcuser=u\nrpcpassword=p\n[regtest]\nrpcport="+port+"\n"), 0o600); err != nil {
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
		{"not what the table says", "", append(user, "echojson", "x"), "", "error: Error parsing JSON: x", 1},
		{"wallet", "", append(user, "-rpcwallet=w", "echo"), "{\n  \"params\": [\n  ],\n  \"path\": \"/wallet/w\"\n}\n", "", 0},
		{"generate", "", append(user, "-generate", "1"), "{\n  \"address\": \"bcrt1q\",\n  \"blocks\": [\n    \"h1\"\n  ]\n}\n", "", 0},
		{"one screen", "", append(user, "-getinfo"), "Chain: regtest\nBlocks: 7\nHeaders: 9\nVerification progress: ▒▒▒▒▒▒▒▒▒▒░░░░░░░░░░ 50.0000%\nDifficulty: 1e-9\n\n" +
			"Network: in 1, out 2, total 3\nVersion: 310000\nTime offset (s): 0\nProxies: 127.0.0.1:9050 (ipv4, onion)\nMin tx relay fee rate (BTC/kvB): 0.00001000\n\nWallet: w\nKeypool size: 4000\nTransaction fee rate (-paytxfee) (BTC/kvB): 0.00000000\n\nBalance: 1.50000000\n\nWarnings: old\n", "", 0},
		{"one screen without a wallet", "", []string{"-rpcport=" + port, "-rpcuser=bare", "-rpcpassword=p", "-getinfo"},
			"Chain: regtest\nBlocks: 7\nHeaders: 9\nVerification progress: ▒▒▒▒▒▒▒▒▒▒░░░░░░░░░░ 50.0000%\nDifficulty: 1e-9\n\n" +
				"Network: in 1, out 2, total 3\nVersion: 310000\nTime offset (s): 0\nProxies: 127.0.0.1:9050 (ipv4, onion)\nMin tx relay fee rate (BTC/kvB): 0.00001000\n\nWarnings: old\n", "", 0},
		{"one screen with colours", "", []string{"-rpcport=" + port, "-rpcuser=bare", "-rpcpassword=p", "-getinfo", "-color=always"},
			"\x1b[34mChain: regtest\x1b[0m\nBlocks: 7\nHeaders: 9\nVerification progress: ▒▒▒▒▒▒▒▒▒▒░░░░░░░░░░ 50.0000%\nDifficulty: 1e-9\n\n" +
				"\x1b[32mNetwork: in 1, out 2, total 3\x1b[0m\nVersion: 310000\nTime offset (s): 0\nProxies: 127.0.0.1:9050 (ipv4, onion)\nMin tx relay fee rate (BTC/kvB): 0.00001000\n\n\x1b[33mWarnings:\x1b[0m old\n", "", 0},
		{"no such colour", "", append(user, "-getinfo", "-color=red"), "", "error: Invalid value for -color option. Valid values: always, auto, never.", 1},
		{"several wallets", "", []string{"-rpcport=" + port, "-rpcuser=many", "-rpcpassword=p", "-getinfo", "-color=never"},
			"Chain: regtest\nBlocks: 7\nHeaders: 9\nVerification progress: ▒▒▒▒▒▒▒▒▒▒░░░░░░░░░░ 50.0000%\nDifficulty: 1e-9\n\n" +
				"Network: in 1, out 2, total 3\nVersion: 310000\nTime offset (s): 0\nProxies: 127.0.0.1:9050 (ipv4, onion)\nMin tx relay fee rate (BTC/kvB): 0.00001000\n\n" +
				"Wallet: w\nKeypool size: 4000\nTransaction fee rate (-paytxfee) (BTC/kvB): 0.00000000\n\nBalance: 1.50000000\n\nBalances\n1.50000000 \"\"\n1.50000000 w\n\nWarnings: old\n", "", 0},
		{"peers", "", append(user, "-netinfo"), "grapevine client v1 regtest - server 70016/x/\n\n" +
			"         ipv4     npr   total   block  manual\nin          0       1       1\nout         1       0       1       0       1\ntotal       1       1       2\n\n" +
			"Local addresses\n5.6.7.8     port   8333    score      4\n", "", 0},
		{"peers in detail", "", append(user, "-netinfo", "4"), "grapevine client v1 regtest - server 70016/x/\n\n" +
			"<->   type   net  v  mping   ping send recv  txn  blk  hb addrp addrl  age id address      version\n" +
			" in          npr  2                            *              .             0 127.0.0.1:1  70016/a/\n" +
			"out manual  ipv4  1     12    500                      .                   12 1.2.3.4:8333 70016/b/\n" +
			"                        ms     ms  sec  sec  min  min                  min\n\n" +
			"         ipv4     npr   total   block  manual\nin          0       1       1\nout         1       0       1       0       1\ntotal       1       1       2\n\n" +
			"Local addresses\n5.6.7.8     port   8333    score      4\n", "", 0},
		{"peers of what", "", append(user, "-netinfo", "x"), "", "error: invalid -netinfo argument: x\nFor more information, run: bitcoin-cli -netinfo help", 1},
		{"password and passphrase from stdin", "p\nopen sesame\n60\n", []string{"-rpcport=" + port, "-rpcuser=u", "-stdinrpcpass", "-stdinwalletpassphrase", "-stdin", "walletpassphrase"},
			"[\n  \"open sesame\",\n  \"60\"\n]\n", "", 0},
		{"a passphrase for what", "x\n", append(user, "-stdinwalletpassphrase", "getblockcount"), "", "error: -stdinwalletpassphrase is only applicable for walletpassphrase(change)", 1},
		{"no passphrase", "", append(user, "-stdinwalletpassphrase", "walletpassphrase"), "", "error: -stdinwalletpassphrase specified but failed to read from standard input", 1},
		{"all from bitcoin.conf", "", []string{"-datadir=" + conf, "getblockcount"}, "7\n", "", 0},
		{"another file", "", []string{"-datadir=" + dir, "-conf=" + filepath.Join(conf, "bitcoin.conf"), "getblockcount"}, "7\n", "", 0},
		{"no such directory", "", []string{"-datadir=/nosuch", "getblockcount"}, "", "Error: Specified data directory \"/nosuch\" does not exist.", 1},
		{"no credentials", "", []string{"-rpcport=" + port, "-datadir=" + empty, "getblockcount"}, "", "error: Could not locate RPC credentials. No authentication cookie could be found", 1},
		{"known addresses", "", append(user, "-addrinfo"), "{\n  \"addresses_known\": {\n    \"ipv4\": 2,\n    \"ipv6\": 1,\n    \"onion\": 0,\n    \"i2p\": 0,\n    \"cjdns\": 0,\n    \"total\": 3\n  }\n}\n", "", 0},
		{"help", "", []string{"-?"}, help, "", 0},
		{"nothing", "", nil, help, "Error: too few parameters", 1},
		{"generate nothing", "", append(user, "-generate", "0"), "", "error: the first argument (number of blocks to generate, default: 1) must be an integer value greater than zero", 1},
		{"generate with tries", "", append(user, "-generate", "1", "1000"), "{\n  \"address\": \"bcrt1q\",\n  \"blocks\": [\n    \"h1\"\n  ]\n}\n", "", 0},
		{"generate too much", "", append(user, "-generate", "1", "2", "3"), "", "error: too many arguments (maximum 2 for nblocks and maxtries)", 1},
		{"generate words", "", append(user, "-generate", "x"), "", "error: Error parsing JSON: x", 1},
		{"one screen of what", "", append(user, "-getinfo", "1"), "", "error: -getinfo takes no arguments", 1},
		{"addresses of what", "", append(user, "-addrinfo", "1"), "", "error: -addrinfo takes no arguments", 1},
		{"two networks", "", append(user, "-signet", "getblockcount"), "", "Error: Invalid combination of -regtest, -signet, -testnet, -testnet4 and -chain. Can use at most one.", 1},
		{"one network twice", "", append(user, "-chain=regtest", "getblockcount"), "", "Error: Invalid combination", 1},
		{"a network switched off", "", append(user, "-nosignet", "getblockcount"), "7\n", "", 0},
		{"no such network", "", []string{"-chain=gold", "getblockcount"}, "", "Error: Unknown chain gold.", 1},
		{"no such file", "", append(user, "-conf=/nosuch.conf", "getblockcount"), "", "Error reading configuration file: specified config file \"/nosuch.conf\" could not be opened.", 1},
		{"no such port", "", []string{"-rpcconnect=127.0.0.1:99999", "-rpcuser=u", "-rpcpassword=p", "getblockcount"}, "", "error: Invalid port provided in -rpcconnect: 127.0.0.1:99999", 1},
		{"no port", "", []string{"-rpcport=0", "-rpcuser=u", "-rpcpassword=p", "getblockcount"}, "", "error: Invalid port provided in -rpcport: 0", 1},
		{"two ports", "", append(user, "-rpcconnect=127.0.0.1:1", "getblockcount"), "7\n", "Warning: Port specified in both -rpcconnect and -rpcport. Using -rpcport " + port, 0},
		{"unknown method", "", append(user, "getgold"), "", "error code: -32601\nerror message:\nMethod not found\n", 32601},
		{"no place in the queue", "", append(user, "full"), "", "error: Server response: Work queue depth exceeded\n", 1},
		{"a server that forbids", "", append(user, "forbidden"), "", "error: server returned HTTP error 403\n", 1},
		{"too large", "", append(user, "large"), "", "error: server returned HTTP error 413\n", 1},
		{"another server", "", append(user, "html"), "", "error: couldn't parse reply from server\n", 1},
		{"nothing in the answer", "", append(user, "silent"), "", "error: no response from server\n", 1},
		{"no method", "", user, "", "too few parameters", 1},
		{"unknown flag", "", []string{"-fast", "getblockcount"}, "", "Error parsing command line arguments: Invalid parameter -fast", 1},
		{"nobody there", "", []string{"-rpcport=1", "-rpcuser=u", "-rpcpassword=p", "getblockcount"}, "", "Could not connect", 1},
		{"nobody there, for a second", "", []string{"-rpcwait", "-rpcwaittimeout=1", "-rpcport=1", "-rpcuser=u", "-rpcpassword=p", "getblockcount"}, "", "Could not connect", 1},
		{"wrong password", "", []string{"-rpcport=" + port, "-rpcuser=u", "-rpcpassword=q", "getblockcount"}, "", "error: Authorization failed: Incorrect rpcuser or rpcpassword", 1},
	} {
		out, errs, status := bitcoinCLI(t, c.stdin, c.args...)
		if out != c.out || status != c.status || !strings.Contains(errs, c.errs) || (c.errs == "" && errs != "") {
			t.Errorf("%s: status %d, want %d; stdout %q, want %q; stderr %q, want %q", c.name, status, c.status, out, c.out, errs, c.errs)
		}
	}
}

func TestATryMayTakeAsLongAsItIsAllowed(t *testing.T) {
	for flag, want := range map[string]time.Duration{"-rpcclienttimeout=0": 0, "-rpcclienttimeout=7": 7 * time.Second, "-regtest": usualTimeout * time.Second, "-rpcclienttimeout=-1": 0} {
		o, err := read([]string{flag, "getblockcount"}, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		try, cancel := (&session{Args: o}).within(t.Context())
		defer cancel()
		end, limited := try.Deadline()
		if limited != (want > 0) || limited && (end.Before(begin.Add(want)) || end.After(time.Now().Add(want))) {
			t.Errorf("%s: limited %v, to %v", flag, limited, end.Sub(begin))
		}
	}
}

func TestEmptyListsAreWrittenAsUniValueDoes(t *testing.T) {
	for in, want := range map[string]string{
		`[]`:                   "[\n]\n",
		`{"a":[],"b":{}}`:      "{\n  \"a\": [\n  ],\n  \"b\": {\n  }\n}\n",
		`["[]","\"{}\\",[[]]]`: "[\n  \"[]\",\n  " + `"\"{}\\"` + ",\n  [\n    [\n    ]\n  ]\n]\n",
	} {
		var b bytes.Buffer
		if err := show(&b, json.RawMessage(in)); err != nil || b.String() != want {
			t.Errorf("%s is shown as %q, %v; want %q", in, b.String(), err, want)
		}
	}
}
