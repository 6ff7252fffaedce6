package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWrongUsageEndsWithStatus2AndAHint(t *testing.T) {
	home := t.TempDir()
	for _, c := range []struct{ line, says, hint string }{
		{"nod", "there is no command `grapevine nod`", "did you mean `grapevine node`?"},
		{"wallet", "needs one of the commands above", "--help"},
		{"status extra", "unexpected argument \"extra\"", "grapevine status --help"},
		{"status --jsn", "there is no flag --jsn", "did you mean --json?"},
		{"trace", "wants TXID|BLOCKHASH", "grapevine trace --help"},
		{"trace abc", "want 64 hex digits, not 3", ""},
		{"watch now", "unexpected argument", "grapevine watch --help"},
		{"watch --kind tip,nothing", `kind "nothing" is not known: there are heard, asked`, ""},
		{"watch --since yesterday", "want now, all or the number of an event", ""},
		{"watch --about zz", "want 64 hex digits, not 2", ""},
		{"mine", "wants N, not 0 arguments", "grapevine mine --help"},
		{"mine x", "want a number of blocks", ""},
		{"mine 0", "want a number of blocks from 1", ""},
		{"wallet send only-one", "wants ADDRESS AMOUNT", "grapevine wallet send --help"},
		{"wallet send --all bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 1", "not 2 arguments", "grapevine wallet send --help"},
		{"wallet send --all bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 --subtractfee", "leave --subtractfee away", ""},
		{"wallet send bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 1 --feerate 1000.001", "add --anyfee", ""},
		{"wallet load", "wants NAME", "grapevine wallet load --help"},
		{"wallet use --forget savings", "takes no NAME", ""},
		{"wallet use a b", "", "grapevine wallet use --help"},
		{"wallet create --encrypt", "needs a NAME", ""},
		{"wallet create a b", "", "grapevine wallet create --help"},
		{"wallet unlock --seconds 100000001", "want 0 to 100000000", ""},
		{"wallet unlock --seconds -1", "want 0 to 100000000", ""},
		{"wallet encrypt secret", "", "grapevine wallet encrypt --help"},
		{"wallet bump", "wants TXID", "grapevine wallet bump --help"},
		{"wallet cancel a b", "wants TXID", "grapevine wallet cancel --help"},
		{"psbt", "needs one of the commands above", "--help"},
		{"psbt create only-one", "wants ADDRESS AMOUNT", "grapevine psbt create --help"},
		{"psbt create bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 0", "want an amount in BTC", ""},
		{"psbt combine cHNidP8BAAoCAAAAAAAAAAAAAA==", "wants PSBT PSBT…", "grapevine psbt combine --help"},
		{"psbt sign", "wants PSBT", "grapevine psbt sign --help"},
		{"testnet down --node 1", "ends the whole network: it takes no --node", "`grapevine testnet stop 1` stops one node."},
		{"testnet down --wipe --node 1", "takes no --node", "testnet stop 1"},
		{"testnet status --node 1", "testnet status is about the whole network", ""},
		{"testnet restore x --node alice", "testnet restore is about the whole network", ""},
		{"testnet simulate --churn 101", "--churn 101: want 0 to 100", ""},
		{"testnet simulate --liars 51", "--liars 51: want 0 to 50", ""},
		{"testnet simulate --latency -1s", "--latency -1s: want 0 or more", ""},
		{"testnet simulate --rate -1", "--rate -1: want 0 or more", ""},
		{"testnet compare --block 5MB", "--block 5MB: want 1000 to 950000 bytes", ""},
		{"testnet double-spend extra", "takes none", ""},
		{"testnet double-spend --amount 1.123456789", "want BTC with up to 8 decimals", ""},
		{"testnet double-spend --amount 1e0", "want BTC with up to 8 decimals", ""},
		{"testnet start", "wants the number or name of one node, or --all, not 0 arguments", ""},
		{"testnet snapshots --delete ..", "a snapshot's name has letters", ""},
		{"testnet up --mine every=1ns", "a millisecond to a year", "grapevine testnet up --help"},
		{"testnet up --fund 0.00000001", "and 0.00001000 at least", ""},
		{"testnet up --nodes 20 --fund 1000", "20 nodes are to have 20000.00000000 BTC together", ""},
		{"testnet up --network xnet", "there is no network \"xnet\"", ""},
		{"node --mine every=999us", "a millisecond to a year", ""},
		{"node --web maybe", "--web \"maybe\": want on or off", ""},
		{"node --web on --rpclisten off", "--web on needs --rpclisten", ""},
		{"node --esplora --txindex=false", "--esplora needs --txindex", ""},
		{"node --electrum 127.0.0.1 --addressindex=false", "--electrum needs --addressindex", ""},
		{"node --electrumtls 127.0.0.1 --prune 550", "--electrumtls does not go with --prune", ""},
		{"node --electrum 127.0.0.1:99999", "--electrum", ""},
		{"node --signetchallenge 51", "with --network signet", ""},
		{"node --network signet --signetchallenge 5x", "want a script in hex", ""},
		{"node --network signet --testactivationheight segwit@5", "is for regtest", ""},
		{"node --testactivationheight segwit", "want NAME@HEIGHT", ""},
		{"node --testactivationheight taproot@5", "can be", ""},
		{"node --minimumchainwork work", "want up to 64 hex digits", ""},
		{"node --network xnet", "there is no network \"xnet\"", ""},
		{"node --mine sometimes", "want manual, on-tx, every=10s or about=10s", ""},
		{"node --mine every=-1s", "want a time", ""},
		{"node --listen no/where", "--listen \"no/where\": want HOST or HOST:PORT", ""},
		{"status --node -1", "--node -1: want a node's number", ""},
		{"testnet up --nodes many", "--nodes \"many\": want a whole number", ""},
		{"testnet demo --pace soon", "want a time as in", ""},
		{"tx send", "wants HEX", "grapevine tx send --help"},
		{"node --dbcache 1", "--dbcache 1: want 4 to", ""},
		{"node --dbcache much", "--dbcache \"much\"", "grapevine node --help"},
		{"node --assumevalid 12", "want 64 hex digits", ""},
		{"node --loglevel loud", "want debug, info, warn or error", ""},
		{"node --rpcauth a:b", "--rpcauth: want USER:SALT$HASH", ""},
		{"node --rpcallowip 1.2.3.4/33", "--rpcallowip: want an address or a network", ""},
		{"node --rpcthreads 0", "--rpcthreads 0: at least 1", ""},
		{"node --rpcworkqueue -1", "--rpcworkqueue -1: at least 1", ""},
		{"node --rpcuser me", "--rpcuser needs --rpcpassword", ""},
		{"node --rpcpassword secret", "--rpcpassword --rpcuser", ""},
		// A port need not be given: what is wrong here is the last flag alone.
		{"node --pprof 0.0.0.0:6060", "--pprof \"0.0.0.0:6060\": want an address that only this machine reaches, as 127.0.0.1:6060", ""},
		{"node --pprof 6060", "--pprof \"6060\": want an address that only this machine reaches, as 127.0.0.1:6060", ""},
		{"node --addnode localhost --addnode [::1] --connect ::1 --listen 127.0.0.1 --rpclisten localhost --maxpeers 0", "--maxpeers 0: at least 1", ""},
		{"node --maxorphans -1", "--maxorphans -1: want 0 to 10000", ""},
		{"node --maxorphans 10001", "--maxorphans 10001: want 0 to 10000", ""},
		{"node --addnode 127.0.0.1:0", "--addnode \"127.0.0.1:0\": nobody listens at port 0", ""},
		{"node --connect off", "--connect \"off\": want HOST or HOST:PORT", ""},
		{"node --mineto nowhere", "--mineto \"nowhere\": Invalid checksum or length of Base58 address", ""},
		{"node --mineto bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "--mineto", ""},
		{"node --wallet=false --mine on-tx", "--mine needs --mineto", ""},
		{"node --listen", "--listen needs a value", ""},
		{"node --mineto=", "--mineto needs a value, and this one is empty", ""},
		{"wallet send bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 1 --feerate=", "--feerate needs a value", ""},
		{"testnet down --wipe --dir=", "--dir needs a value", ""},
		{"status --node 0 --rpc http://127.0.0.1:1", "name two nodes", ""},
		{"node --wallet=perhaps", "--wallet \"perhaps\": want true or false", ""},
		{"node --wallet=", "--wallet \"\": want true or false", ""},
		{"testnet up --nodes 0", "--nodes 0: want 1 to", ""},
		{"testnet compare --nodes 65", "65 newcomers: want 1 to 64", ""},
		{"testnet compare --size lots", "--size \"lots\": want bytes as in", ""},
		{"testnet compare --seedrate 1kB/s", "too slow to be measured", ""},
		{"testnet compare --with geth=/bin/sh", "want bitcoind=PATH or btcd=PATH", ""},
		{"testnet compare --with btcd=/no/such/program", "no such file", ""},
		{"testnet compare --model 10,many", "want numbers of newcomers as in", ""},
		{"testnet compare extra", "unexpected argument", ""},
		{"testnet up --names alice,Bob", "small letter", ""},
		{"testnet up --names alice,alice", "two nodes cannot both be called alice", ""},
		{"testnet up --names a,b,c --nodes 2", "3 names for --nodes 2", ""},
		{"testnet up --fund lots", "want BTC as in", ""},
		{"testnet up --fund 1000.1", "at most 1000", ""},
		{"testnet up --port-base 80", "want 1024 to", ""},
		{"testnet up --config x.yaml --nodes 3", "--nodes does not go with --config", ""},
		{"completion", "wants bash|zsh|fish", ""},
		{"completion tcsh", "want bash, zsh or fish", ""},
		{"man 1", "unexpected argument", ""},
		{"testnet export", "wants compose|kubernetes|nodes", ""},
		{"testnet export swarm", "want compose, kubernetes or nodes", ""},
		{"testnet export compose --nodes 0", "--nodes 0: want 1 to 1000", ""},
		{"testnet export compose --image $(rm)", "--image", ""},
		{"testnet export kubernetes --name A_b", "--name", ""},
		{"testnet export kubernetes --storage much", "--storage", ""},
		{"testnet export kubernetes --partition 0,1/1", "stands twice", ""},
		{"testnet export kubernetes --partition 0,9", "there is no node 9", ""},
		{"testnet export kubernetes --partition 0,1,2,3", "everybody is in one group", ""},
		{"testnet export compose --partition 0/1", "goes with kubernetes", ""},
		{"testnet faucet only-one", "wants ADDRESS AMOUNT", ""},
		{"testnet kill One", "want a node's number", ""},
		{"tx 00", "is not a txid", ""},
		{"block xyz", "neither a height nor a block's hash", ""},
		{"rpc", "wants a method", ""},
		{"rpc getblockhash x", "not JSON", ""},
	} {
		s := gv(t, home, strings.Fields(c.line)...)
		if s.status != 2 || !strings.Contains(s.err, c.says) || !strings.Contains(s.err, c.hint) || s.out != "" {
			t.Errorf("grapevine %s: status %d, stdout %q, stderr:\n%s", c.line, s.status, s.out, s.err)
		}
		lines := strings.Split(strings.TrimSpace(s.err), "\n")
		if n := len(lines); n < 2 || !strings.HasPrefix(lines[n-2], "grapevine: ") {
			t.Errorf("grapevine %s: want an error and a line that says what to do, got:\n%s", c.line, s.err)
		}
	}
}

func TestNoNodeIsSaidWithWhatToDo(t *testing.T) {
	home := t.TempDir()
	for _, line := range []string{"status", "peers", "wallet balance", "mine 1", "block 0", "rpc uptime", "status --rpc http://127.0.0.1:1 --rpcuser a --rpcpassword b"} {
		s := gv(t, home, strings.Fields(line)...)
		if s.status != 1 || !strings.Contains(s.err, "is the node running?") || !strings.Contains(s.err, "`grapevine node`") {
			t.Errorf("grapevine %s: status %d\n%s", line, s.status, s.err)
		}
	}
	for _, line := range []string{"status --node 0", "testnet status", "testnet down", "testnet logs 0", "testnet add"} {
		s := gv(t, home, strings.Fields(line)...)
		if s.status != 1 || !strings.Contains(s.err, "no local network is up") || !strings.Contains(s.err, "`grapevine testnet up`") {
			t.Errorf("grapevine %s: status %d\n%s", line, s.status, s.err)
		}
	}
}

func TestHelpTeachesWithExamples(t *testing.T) {
	home := t.TempDir()
	for _, line := range []string{"", "--help", "help", "node --help", "testnet --help", "wallet send -h", "rpc --help", "db help"} {
		s := gv(t, home, strings.Fields(line)...)
		if s.status != 0 || s.err != "" || !strings.Contains(s.out, "  $ grapevine ") || strings.Contains(s.out, "\x1b") {
			t.Errorf("grapevine %s: status %d\n%s%s", line, s.status, s.out, s.err)
		}
	}
	// Every command says what it is for.
	p := &program{}
	for _, c := range p.app().Commands {
		if c.Usage == "" {
			t.Errorf("%s has no usage", c.Name)
		}
		for _, s := range c.Subcommands {
			if s.Usage == "" || s.Action == nil {
				t.Errorf("%s %s has no usage or does nothing", c.Name, s.Name)
			}
		}
	}
}

func TestVersionNamesGo(t *testing.T) {
	var v struct{ Version, Commit, Go string }
	asked(t, t.TempDir(), &v, "version")
	if v.Version == "" || v.Commit == "" || !strings.HasPrefix(v.Go, "go1.") {
		t.Errorf("%+v", v)
	}
}

// The line counts more than the environment, that more than the file.
func TestSettingsComeFromLineEnvironmentAndFile(t *testing.T) {
	home, dir := t.TempDir(), t.TempDir()
	conf := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "grapevine.conf"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	says := func(env, want string, args ...string) {
		t.Helper()
		cmd := command(t, home, append(args, "--datadir", dir)...)
		if env != "" {
			cmd.Env = append(cmd.Env, env)
		}
		if s := run(t, cmd); s.status != 2 || !strings.Contains(s.err, want) {
			t.Errorf("%v %s: status %d, want %q in:\n%s", args, env, s.status, want, s.err)
		}
	}
	// A flag that is wrong in itself shows whose value arrived.
	conf("mine = file\n")
	says("", `--mine "file"`, "node")
	says("GRAPEVINE_MINE=env", `--mine "env"`, "node")
	says("GRAPEVINE_MINE=env", `--mine "line"`, "node", "--mine", "line")
	conf("[mainnet]\nmine = other\n[regtest]\nmine = ours")
	says("", `--mine "ours"`, "node")

	conf("minne = x\n")
	says("", `line 1: there is no setting "minne"`, "node")
	conf("# fine\nno equals sign\n")
	says("", "line 2:", "node")
	conf("mineto =\n")
	says("", "line 1: mineto needs a value", "node")
	conf("[regtset]\nmine = on-tx\n")
	says("", "line 1: [regtset] is no network", "node")
	conf("datadir = elsewhere\n")
	says("", "--datadir is read before this file", "node")
}

// What is set by environment is checked as what stands on the line.
func TestVariablesThatNothingReadsAreRefused(t *testing.T) {
	for setting, says := range map[string]string{
		"GRAPEVINE_NOD=0":      "did you mean GRAPEVINE_NODE?",
		"GRAPEVINE_DATA_DIR=x": "did you mean GRAPEVINE_DATADIR?",
		"GRAPEVINE_NODES=many": "GRAPEVINE_NODES=\"many\": want a whole number",
		"GRAPEVINE_NODE=-1":    "--node -1: want a node's number",
	} {
		cmd := command(t, t.TempDir(), "testnet", "up")
		cmd.Env = append(cmd.Env, setting)
		if s := run(t, cmd); s.status != 2 || !strings.Contains(s.err, says) {
			t.Errorf("%s: status %d\n%s", setting, s.status, s.err)
		}
	}
}

// Where no node answers, those that could have been meant are named.
func TestStatusNamesTheNodesThatAreUp(t *testing.T) {
	home := t.TempDir()
	if s := gv(t, home, "status"); s.status != 1 || !strings.Contains(s.err, "is the node running?") {
		t.Errorf("nobody: %d\n%s", s.status, s.err)
	}
	f := raised(t, home, "--nodes", "3")
	if s := gv(t, home, "status"); s.status != 1 || !strings.Contains(s.err, "3 nodes of the local network are up: `--node 0` to 2") {
		t.Errorf("three: %d\n%s", s.status, s.err)
	}
	for _, line := range []string{"testnet up -d", "testnet status", "testnet start 0", "status --node 0", "peers --node 0"} {
		s := gv(t, home, append(strings.Fields(line), "--json")...)
		if raw, err := os.ReadFile(filepath.Join(home, ".grapevine", "testnet", "net.json")); err != nil || strings.Contains(s.out, passwordIn(t, raw)) {
			t.Errorf("%s shows a password (%v)", line, err)
		}
	}
	eventually(t, "the peers by name", func() bool {
		out := ok(t, home, "peers", "--node", "0")
		return strings.Contains(out, "node 1 ("+f.Nodes[1].P2P+")") && strings.Contains(out, "node 2 ("+f.Nodes[2].P2P+")")
	})
}

// passwordIn net.json is the first node's.
func passwordIn(t *testing.T, raw []byte) string {
	t.Helper()
	_, rest, _ := strings.Cut(string(raw), `"password": "`)
	secret, _, _ := strings.Cut(rest, `"`)
	if len(secret) < 16 {
		t.Fatalf("no password in\n%s", raw)
	}
	return secret
}
