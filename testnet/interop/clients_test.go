package interop

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// startElectrum starts our node with Electrum's protocol at a port, and with money.
func startElectrum(t *testing.T) (gv node, port string) {
	t.Helper()
	at := freePort(t)
	_, port, _ = net.SplitHostPort(at)
	gv = startGrapevine(t, "electrum = "+at)
	mine(t, gv, 101)
	return gv, port
}

// wallet runs Debian's Electrum, with a home of its own.
type wallet struct {
	t   *testing.T
	dir string
}

func (w wallet) run(args ...string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), "electrum", append([]string{"--regtest", "-D", w.dir}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("electrum %s: %v\n%s", args[0], err, out)
	}
	return strings.TrimSpace(string(out))
}

// shows waits until a command answers with a value for a key.
func (w wallet) shows(command, key, want string) {
	w.t.Helper()
	answer := ""
	for deadline := time.Now().Add(3 * patience); ; time.Sleep(200 * time.Millisecond) {
		var got map[string]any
		answer = w.run(command)
		if json.Unmarshal([]byte(answer), &got) == nil && fmt.Sprint(got[key]) == want {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("electrum %s does not come to show %s = %s:\n%s", command, key, want, answer)
		}
	}
}

// Electrum, the wallet, is connected to us alone: it receives, sees the block, pays, and sees that block too.
func TestElectrumTheWallet(t *testing.T) {
	if _, err := exec.LookPath("electrum"); err != nil {
		t.Log("there is no Electrum here: apt-get install electrum")
		return
	}
	gv, port := startElectrum(t)
	w := wallet{t, filepath.Join(t.TempDir(), "home")}
	w.run("create", "--offline")
	w.run("setconfig", "--offline", "oneserver", "true")
	w.run("setconfig", "--offline", "server", "127.0.0.1:"+port+":t")
	w.run("daemon", "-d")
	defer w.run("stop")
	w.run("load_wallet")
	address := w.run("getunusedaddress")
	gv.call(t, "sendtoaddress", nil, address, 2.5)
	w.shows("getbalance", "unconfirmed", "2.5")
	mine(t, gv, 1)
	w.shows("getbalance", "confirmed", "2.5")

	var own string
	gv.call(t, "getnewaddress", &own)
	raw := w.run("payto", own, "0.7")
	txid := w.run("broadcast", raw)
	var pool []string
	if gv.call(t, "getrawmempool", &pool); !slices.Equal(pool, []string{txid}) {
		t.Fatalf("electrum has paid by %s, and the pool is %v", txid, pool)
	}
	mine(t, gv, 1)
	w.shows("getinfo", "blockchain_height", fmt.Sprint(gv.height(t)))
	var got float64
	if gv.call(t, "getreceivedbyaddress", &got, own); got != 0.7 {
		t.Errorf("our wallet has received %v BTC, want 0.7", got)
	}
}

// answers of testdata/clients/clients.js.
type sent struct {
	Tip     int
	TxID    string
	Script  string
	Changed bool
	Waiting []string
}

type mined struct {
	Height  int
	History []string
	Balance struct{ Confirmed, Unconfirmed int64 }
	Coins   []string
	Hex     string
	Proof   int
	Header  string
}

type explored struct {
	Height int
	Hash   string
	Chain  struct {
		Txs int `json:"tx_count"`
	}
	Txs       []string
	Coins     []string
	Hex       string
	Status    struct{ Confirmed bool }
	Outspends int
	Proof     int
	TxIDs     []string
	Pool      []string
}

// Client libraries of another language, for Electrum's protocol and for Esplora's API, do their calls.
func TestClientsFromNpm(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		t.Log("there is no npm here")
		return
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "clients"))); err != nil {
		t.Fatal(err)
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	gv, port := startElectrum(t)
	address, script, signed := payment(t, gv)
	run := exec.CommandContext(t.Context(), "node", "clients.js")
	run.Dir, run.Stderr = dir, os.Stderr
	run.Env = append(os.Environ(), "PORT="+port, "REST="+strings.TrimPrefix(gv.rpc.RPC, "http://"), "ADDRESS="+address, "SCRIPT="+script, "HEX="+signed)
	in, err := run.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	var s sent
	answered(t, lines, "sent", &s)
	if s.Tip != 101 || s.Script != script || !s.Changed || !slices.Equal(s.Waiting, []string{s.TxID}) {
		t.Errorf("after sending: %+v", s)
	}
	mine(t, gv, 1)
	fmt.Fprintln(in)
	var m mined
	answered(t, lines, "mined", &m)
	var header string
	gv.call(t, "getblockheader", &header, gv.tip(t), false)
	one := []string{s.TxID}
	if m.Height != 102 || !slices.Equal(m.History, one) || !slices.Equal(m.Coins, one) || m.Balance.Confirmed != 25_000_000 || m.Hex != signed || m.Proof != 102 || m.Header != header {
		t.Errorf("after the block: %+v", m)
	}
	var e explored
	answered(t, lines, "esplora", &e)
	if e.Height != 102 || e.Hash != gv.tip(t) || e.Chain.Txs != 1 || !slices.Equal(e.Txs, one) || !slices.Equal(e.Coins, one) || e.Hex != signed || !e.Status.Confirmed || e.Outspends != 2 ||
		e.Proof != 1 || len(e.TxIDs) != 2 || e.TxIDs[1] != s.TxID || len(e.Pool) != 0 {
		t.Errorf("Esplora's API: %+v", e)
	}
	if _, err := io.Copy(io.Discard, out); err != nil {
		t.Error(err)
	}
	if err := run.Wait(); err != nil {
		t.Error(err)
	}
}

// payment signs one to a new address, and sends it nowhere; script is what Electrum's protocol calls the address.
func payment(t *testing.T, gv node) (address, script, signed string) {
	t.Helper()
	gv.call(t, "getnewaddress", &address)
	var info struct {
		Script string `json:"scriptPubKey"`
	}
	gv.call(t, "getaddressinfo", &info, address)
	raw, err := hex.DecodeString(info.Script)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(raw)
	slices.Reverse(hash[:])
	var made struct{ Hex string }
	gv.call(t, "send", &made, map[string]float64{address: 0.25}, nil, "unset", nil, map[string]any{"add_to_wallet": false})
	return address, hex.EncodeToString(hash[:]), made.Hex
}

// answered reads one answer of the clients.
func answered(t *testing.T, lines *bufio.Scanner, name string, to any) {
	t.Helper()
	if !lines.Scan() {
		t.Fatalf("no answer %s: %v", name, lines.Err())
	}
	answer := struct {
		Part   string
		Answer any
	}{Answer: to}
	if err := json.Unmarshal(lines.Bytes(), &answer); err != nil || answer.Part != name {
		t.Fatalf("want %s: %v: %s", name, err, lines.Text())
	}
}
