package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"grapevine/testnet/process"
)

type reorganised struct {
	Fork  int64 `json:"fork_height"`
	Nodes []struct {
		Before, After, Undone, Made int64
	}
	Txs []struct {
		TxID, Fate string
	}
	Spent *struct{ Loser, Winner string } `json:"double_spend"`
}

// Blocks are undone by command on all nodes; a payment in them comes back, or its coins
// are spent otherwise.
func TestAChainGivesWayByCommand(t *testing.T) {
	home := t.TempDir()
	raised(t, home, "--nodes", "3")
	txid := ok(t, home, "wallet", "send", ok(t, home, "wallet", "address", "--node", "1"), "2", "--node", "0")
	eventually(t, "the payment", func() bool { return gv(t, home, "tx", txid, "--node", "2").status == 0 })
	ok(t, home, "mine", "1", "--node", "2")
	stand(t, home, "the block", 102, 102, 102)
	var r reorganised
	asked(t, home, &r, "testnet", "reorg", "2", "--node", "1")
	if r.Fork != 100 || len(r.Nodes) != 3 || len(r.Txs) != 1 || r.Txs[0].TxID != txid || r.Txs[0].Fate != "waits" {
		t.Errorf("reorganised: %+v", r)
	}
	for _, n := range r.Nodes {
		if n.Before != 102 || n.After != 103 || n.Undone != 2 || n.Made != 3 {
			t.Errorf("a node: %+v", n)
		}
	}
	ok(t, home, "mine", "1", "--node", "1")
	stand(t, home, "the payment in a block", 104, 104, 104)
	r = reorganised{}
	asked(t, home, &r, "testnet", "reorg", "1", "--node", "2", "--double-spend", txid)
	if r.Spent == nil || r.Spent.Loser != txid || r.Txs[0].Fate != "gone" {
		t.Errorf("spent otherwise: %+v", r)
	}
	if out := ok(t, home, "wallet", "balance", "--node", "1"); !strings.HasPrefix(out, "0.00000000") {
		t.Errorf("who was paid has %s", out)
	}
	var d struct {
		Winner, Block string
		Payments      []struct{ TxID string }
		Nodes         []struct{ Heard string }
	}
	asked(t, home, &d, "testnet", "double-spend", "--amount", "0.5", "--miner", "1")
	if len(d.Payments) != 2 || d.Winner != d.Payments[0].TxID && d.Winner != d.Payments[1].TxID || len(d.Nodes) != 3 {
		t.Errorf("the race: %+v", d)
	}
	for line, want := range map[string]string{
		"testnet reorg 1000":       "so that 1000 cannot be undone",
		"testnet reorg 1 --node 9": "there is no node 9",
		"testnet reorg 1 --double-spend " + strings.Repeat("0", 64): "No such mempool or blockchain transaction",
		"testnet reorg 1 --double-spend " + r.Spent.Winner:          "blocks deep: reorganise as deep",
		"testnet double-spend --amount 500000":                      "has no confirmed coin",
		"testnet double-spend --miner 9":                            "there is no node",
		"testnet double-spend --node 1":                             "has no confirmed coin",
	} {
		if s := gv(t, home, strings.Fields(line)...); s.status != 1 || !strings.Contains(s.err, want) {
			t.Errorf("%s: %+v", line, s)
		}
	}
	for line, want := range map[string]string{
		"testnet reorg 0": "want a depth", "testnet reorg x": "want a depth", "testnet reorg 1001": "want a depth",
		"testnet reorg 1 --double-spend x": "is not a txid", "testnet double-spend --amount much": "want BTC", "testnet double-spend --amount 0": "want BTC",
	} {
		if s := gv(t, home, strings.Fields(line)...); s.status != 2 || !strings.Contains(s.err, want) {
			t.Errorf("%s: %+v", line, s)
		}
	}
}

// The chain that an earlier reorg has undone is not taken again in place of the one that is
// undone now: it would be longer than was asked for, and could have the payment that is to be gone.
func TestAReorgRevivesNoOlderChain(t *testing.T) {
	home := t.TempDir()
	raised(t, home, "--nodes", "2")
	txid := ok(t, home, "wallet", "send", ok(t, home, "wallet", "address", "--node", "1"), "2", "--node", "0")
	ok(t, home, "mine", "4", "--node", "0")
	stand(t, home, "the payment in a block", 105, 105)
	ok(t, home, "testnet", "reorg", "4", "--node", "0") // 101 to 106
	ok(t, home, "mine", "1", "--node", "1")
	stand(t, home, "the payment in another block", 107, 107)
	for _, line := range []string{"reorg 4 --node 1 --double-spend " + txid, "reorg 5 --node 0", "reorg 3 --node 1"} {
		var r reorganised
		asked(t, home, &r, append([]string{"testnet"}, strings.Fields(line)...)...)
		for _, n := range r.Nodes {
			if n.After != n.Before+1 || n.Made != n.Undone+1 {
				t.Errorf("%s: %+v", line, n)
			}
		}
		if strings.Contains(line, txid) && (r.Spent == nil || r.Txs[0].Fate != "gone") {
			t.Errorf("%s: %+v", line, r)
		}
	}
	if f, err := process.ReadFile(filepath.Join(home, ".grapevine", "testnet")); err != nil || f.Apart != nil {
		t.Errorf("left: %+v, %v", f.Apart, err)
	}
}

// A reorg that is killed leaves a node apart; heal brings it back, and so does whoever pays from it.
func TestAReorgThatIsKilledIsMended(t *testing.T) {
	home := t.TempDir()
	raised(t, home, "--nodes", "2")
	dir := filepath.Join(home, ".grapevine", "testnet")
	for round := range 4 {
		cmd := command(t, home, "testnet", "reorg", "40", "--node", "1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(20+round*25) * time.Millisecond) // any moment will do
		cmd.Process.Signal(syscall.SIGKILL)
		cmd.Wait()
		if round%2 == 0 {
			ok(t, home, "testnet", "heal")
		} else {
			ok(t, home, "testnet", "faucet", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", "1", "--node", "1")
		}
		if f, err := process.ReadFile(dir); err != nil || f.Apart != nil {
			t.Fatalf("round %d: %+v, %v", round, f.Apart, err)
		}
		ok(t, home, "mine", "50", "--node", "0") // more work than whatever was made apart
		eventually(t, "one network", func() bool { return testnetAgrees(t, home) && coinSet(t, home, "0") == coinSet(t, home, "1") })
	}
}
