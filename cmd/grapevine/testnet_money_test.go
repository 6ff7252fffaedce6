package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Names, money and the faucet, from a file and from flags.
func TestNamedNodesHaveMoneyFromTheStart(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, "network.yaml")
	if err := os.WriteFile(file, []byte("nodes:\n- name: alice\n- name: bob\n  fund: 2.5\n  flags: {maxpeers: 20}\n- {}\nfund: 10\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := raised(t, home, "--config", file)
	if len(f.Nodes) != 3 || f.Nodes[1].Name != "bob" {
		t.Fatalf("%+v", f)
	}
	confirmed := func() (all []string) {
		t.Helper()
		var rows []struct{ Confirmed string }
		asked(t, home, &rows, "testnet", "balances")
		for _, r := range rows {
			all = append(all, r.Confirmed)
		}
		return all
	}
	if b := confirmed(); b[1] != "2.50000000" || b[2] != "10.00000000" || len(b[0]) < len("10.00000000") {
		t.Errorf("at the start: %v", b)
	}
	to := strings.TrimSpace(ok(t, home, "wallet", "address", "--node", "bob"))
	var did struct {
		TxID, Block string
		Mined       int
	}
	asked(t, home, &did, "testnet", "faucet", to, "200")
	if len(did.TxID) != 64 || len(did.Block) != 64 || did.Mined < 2 {
		t.Errorf("the faucet: %+v", did)
	}
	eventually(t, "bob has the money", func() bool { return confirmed()[1] == "202.50000000" })
	ok(t, home, "wallet", "create", "savings", "--node", "bob")
	var rows []struct{ Name, Wallet, Confirmed string }
	asked(t, home, &rows, "testnet", "balances")
	if len(rows) != 4 || rows[1].Wallet+rows[1].Confirmed != "202.50000000" || rows[2].Name+rows[2].Wallet != "bobsavings" {
		t.Errorf("a node with two wallets: %+v", rows)
	}
	if out := ok(t, home, "testnet", "balances"); !strings.Contains(out, "wallet") || !strings.Contains(out, "savings") {
		t.Errorf("with two wallets: %s", out)
	}

	for line, says := range map[string]string{
		"testnet faucet nowhere 1":        "it is no address of regtest",
		"testnet faucet " + to + " 0":     "more than 0",
		"testnet faucet " + to + " 1e3":   "want BTC",
		"testnet faucet " + to + " 3e7":   "at most 21 million",
		"testnet stop One":                "want a node's number or name",
		"testnet start 1 --all":           "--all alone",
		"testnet stop bob --node alice":   "names two nodes",
		"testnet up --config /no/network": "no such file",
	} {
		if s := gv(t, home, strings.Fields(line)...); s.status != 2 || !strings.Contains(s.err, says) {
			t.Errorf("%s: %d %s", line, s.status, s.err)
		}
	}
	for line, says := range map[string]string{
		"testnet stop carol":                  "only 0 (alice), 1 (bob), 2",
		"testnet faucet " + to + " 20000000":  "the reward halves every 150 blocks",
		"status --node 7":                     "there is no node 7",
		"testnet balances --node eve":         "there is no node \"eve\"",
		"status --node bob --nodes-file none": "none",
	} {
		if s := gv(t, home, strings.Fields(line)...); s.status != 1 || !strings.Contains(s.err, says) {
			t.Errorf("%s: %d %s", line, s.status, s.err)
		}
	}
	if out := ok(t, home, "testnet", "balances", "--node", "bob"); !strings.Contains(out, "bob") || strings.Contains(out, "alice") {
		t.Errorf("bob's balance: %s", out)
	}
	ok(t, home, "testnet", "stop", "bob")
	if s := gv(t, home, "testnet", "stop", "bob"); s.status != 1 || !strings.Contains(s.err, "bob (node 1) is not running") {
		t.Errorf("stopped twice: %d %s", s.status, s.err)
	}
	ok(t, home, "testnet", "kill", "2")
	if out := ok(t, home, "testnet", "balances"); !strings.Contains(out, "down") {
		t.Errorf("two are down:\n%s", out)
	}
	if out := ok(t, home, "testnet", "start", "--all"); !strings.Contains(out, "2 nodes started") {
		t.Errorf("all started: %s", out)
	}
}

// Nodes elsewhere are asked by their RPC addresses: status, balances, mine.
func TestNodesElsewhereAreNamedByAFile(t *testing.T) {
	home := t.TempDir()
	f := raised(t, home, "--names", "alice,bob", "--fund", "1", "--nodes", "3")
	raw, err := os.ReadFile(filepath.Join(home, ".grapevine", "testnet", "net.json"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, file := t.TempDir(), filepath.Join(t.TempDir(), "nodes.yaml")
	secret := filepath.Join(elsewhere, "password")
	if err := os.WriteFile(secret, []byte(passwordIn(t, raw)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("nodes:\n- name: far\n  rpc: " + f.Nodes[0].RPC + "\n  user: grapevine\n  passwordfile: " + secret + "\n- name: gone\n  rpc: http://127.0.0.1:1\n")
	out := ok(t, elsewhere, "testnet", "status", "--nodes-file", file)
	if !strings.Contains(out, "far") || !strings.Contains(out, "elsewhere") || !strings.Contains(out, "?") {
		t.Errorf("status:\n%s", out)
	}
	if out := ok(t, elsewhere, "mine", "2", "--node", "far", "--nodes-file", file); len(strings.Fields(out)) != 2 {
		t.Errorf("mined %q", out)
	}
	if s := gv(t, elsewhere, "mine", "1", "--nodes-file", file); s.status != 2 || !strings.Contains(s.err, "say which with --node N") {
		t.Errorf("which node: %d %s", s.status, s.err)
	}
	for _, line := range []string{"cut 0-1", "heal", "links", "clock +1h", "mine off", "reorg 1", "double-spend", "snapshot x", "snapshots", "restore x", "add", "kill 0", "start 0", "logs 0", "down"} {
		args := append([]string{"testnet"}, strings.Fields(line)...)
		if s := gv(t, elsewhere, append(args, "--nodes-file", file)...); s.status != 2 || !strings.Contains(s.err, "is for a network of this machine") {
			t.Errorf("%s of nodes elsewhere: %d %s", line, s.status, s.err)
		}
	}
	for text, says := range map[string]string{
		"nodes: []":                              "names no nodes",
		"nodes:\n- rpc: localhost:18443":         "want http://HOST:PORT",
		"nodes:\n- rcp: http://a:1":              "line 2",
		"nodes:\n- {rpc: 'http://a:1', name: A}": "small letter",
		"nodes:\n- {rpc: 'http://a:1', name: a}\n- {rpc: 'http://b:1', name: a}": "both called a",
	} {
		write(text)
		if s := gv(t, elsewhere, "testnet", "status", "--nodes-file", file); s.status != 1 || !strings.Contains(s.err, says) {
			t.Errorf("%q: %d %s", text, s.status, s.err)
		}
	}
}

// The file that starts processes describes the simulator's run too.
func TestTheSimulatorTakesTheSameFile(t *testing.T) {
	home := t.TempDir()
	var r struct {
		Config struct {
			Nodes   int
			Seed    int
			Latency float64
			Power   []float64
		}
		Wrong []string
	}
	asked(t, home, &r, "testnet", "simulate", "--config", "../../docs/network.yaml", "--blocks", "2", "--txs", "3")
	if c := r.Config; c.Nodes != 5 || c.Seed != 7 || c.Latency != 0.08 || len(c.Power) != 3 || c.Power[2] != 0.6 || len(r.Wrong) > 0 {
		t.Errorf("%+v", r)
	}
	asked(t, home, &r, "testnet", "simulate", "--config", "../../docs/network.yaml", "--blocks", "2", "--txs", "3", "--nodes", "9", "--seed", "2")
	if c := r.Config; c.Nodes != 9 || c.Seed != 2 {
		t.Errorf("what the line says counts more: %+v", c)
	}
}

// A node without a wallet is told of as that, and is asked for nothing that it cannot.
func TestANodeWithoutAWallet(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, "network.yaml")
	if err := os.WriteFile(file, []byte("nodes:\n- {}\n- flags: {wallet: false}\n- {}\nfund: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	raised(t, home, "--config", file)
	if out := ok(t, home, "testnet", "balances"); !strings.Contains(out, "no wallet") || !strings.Contains(out, "2.00000000") {
		t.Errorf("balances:\n%s", out)
	}
	for _, c := range []struct {
		line   string
		status int
	}{
		{"testnet faucet bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 1 --node 1", 1},
		{"testnet reorg 1 --node 1", 1},
		{"testnet double-spend --node 1", 1},
		{"testnet double-spend --miner 1", 1},
		{"testnet mine every=1h --node 1", 2},
		{"testnet mine every=1h --power 0:1,1:1", 2},
	} {
		if s := gv(t, home, strings.Fields(c.line)...); s.status != c.status || !strings.Contains(s.err, "node 1 has no wallet") {
			t.Errorf("%s: %d %s", c.line, s.status, s.err)
		}
	}
	if out := ok(t, home, "testnet", "mine"); !strings.Contains(out, "nobody mines") {
		t.Errorf("somebody mines:\n%s", out)
	}
	ok(t, home, "testnet", "double-spend") // to node 2
	ok(t, home, "testnet", "stop", "1")
	ok(t, home, "testnet", "start", "1")
}

// A node whose clock goes ahead from its start does so at each, beside others whose clocks do not.
func TestANodeOfNetworkYAMLStartsWithItsOwnClock(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, "network.yaml")
	if err := os.WriteFile(file, []byte("nodes:\n- {}\n- flags: {clockahead: 1h}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	raised(t, home, "--config", file)
	for _, again := range []bool{false, true} {
		if again {
			ok(t, home, "testnet", "clock", "+10m") // all, until they start again
			ok(t, home, "testnet", "stop", "1")
			ok(t, home, "testnet", "start", "1")
		}
		for node, want := range map[string]int64{"0": 0, "1": 3600} {
			if again && node == "0" {
				want = 600
			}
			var c struct{ Ahead int64 }
			if asked(t, home, &c, "rpc", "setclock", "--node", node); c.Ahead != want {
				t.Errorf("started again %t: node %s is %d s ahead, want %d", again, node, c.Ahead, want)
			}
		}
	}
}

// A flag of network.yaml that no node has, or that wants another value, is told where it
// stands, and nothing has been made.
func TestAWrongFlagInNetworkYAMLIsToldWithItsPlace(t *testing.T) {
	home, dir := t.TempDir(), filepath.Join(t.TempDir(), "net")
	file := filepath.Join(home, "network.yaml")
	for text, says := range map[string]string{
		"nodes:\n- flags:\n    foo: bar":                        `line 3, column 10: a node has no setting "foo"`,
		"nodes:\n- flags:\n    maxpeers: many":                  `line 3, column 15: maxpeers "many": want a whole number`,
		"nodes:\n- flags:\n    txindex: perhaps":                `line 3, column 14: txindex "perhaps": want true or false`,
		"nodes:\n- flags: {localnode: 1}":                       `line 2, column 11: localnode is not for a node's flags`,
		"nodes:\n- flags: {maxpeers: [1, 2]}":                   `line 2, column 22: maxpeers takes one value, not a list`,
		"nodes:\n- flags: {maxpeers: -5}":                       `line 2, column 21: --maxpeers -5: at least 1`,
		"nodes:\n- flags: {loglevel: loud}":                     `line 2, column 21: --loglevel "loud": want debug`,
		"nodes:\n- flags: {mineto: me}":                         `line 2, column 19: --mineto "me"`,
		"nodes:\n- flags: {pprof: \"0.0.0.0:1\"}":               `line 2, column 18: --pprof "0.0.0.0:1": want an address`,
		"nodes:\n- flags: {allowhost: \"a # b\"}":               `line 2, column 22: allowhost "a # b": in grapevine.conf a #`,
		"nodes:\n- {}\n- {mine: on-tx, flags: {wallet: false}}": `line 3, column 10: --mine needs --mineto`,
		"nodes:\n- {}\n- {fund: 1, flags: {wallet: false}}":     `line 3, column 10: fund: a node without a wallet holds no money`,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, line := range [][]string{{"testnet", "up", "-d", "--dir", dir}, {"testnet", "export", "compose"}, {"testnet", "simulate"}} {
			if s := gv(t, home, append(line, "--config", file)...); s.status != 2 || !strings.Contains(s.err, says) {
				t.Errorf("%s: %d %s", line, s.status, s.err)
			}
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("a network was made: %v", err)
		}
	}
}
