package main

import (
	"strings"
	"testing"

	"grapevine/cmd/rpc/jsonrpc"
)

// The history says where a payment is, or what keeps it from a block for good.
func TestHistorySaysWhatBecameOfAPayment(t *testing.T) {
	for want, e := range map[string]historyEntry{
		"7":            {Confirmations: 3, Height: 7},
		"waits":        {Height: -1},
		"double spent": {Height: -1, Confirmations: -2},
		"given up":     {Height: -1, Abandoned: true},
		"orphaned":     {Height: -1, Abandoned: true, Category: "orphan"},
	} {
		if got := state(e); got != want {
			t.Errorf("%+v: %q, want %q", e, got, want)
		}
	}
}

func TestBalanceSaysWhenRewardsCanBeSpent(t *testing.T) {
	reward := func(deep int) coin { return coin{Generated: true, Confirmations: deep} }
	for want, coins := range map[string][]coin{
		", to be spent after 100 more blocks":                           {reward(1)},
		", to be spent after 1 more block":                              {reward(100), {Confirmations: 5}},
		", the first to be spent after 1 more block, the last after 60": {reward(100), reward(41), reward(101), reward(70)},
		", not to be spent yet":                                         nil,
	} {
		if got := ripening(coins); got != want {
			t.Errorf("%+v: %q, want %q", coins, got, want)
		}
	}
}

func TestBalanceSaysThatTheChangeOfABumpWaits(t *testing.T) {
	const btc = jsonrpc.Amount(100_000_000)
	inPool := []coin{{Amount: 3 * btc}, {Amount: 5 * btc, Safe: true}, {Amount: 2 * btc}, {Amount: 7 * btc, Confirmations: 1}, {Amount: 6 * btc, Reused: true}}
	for pending, want := range map[jsonrpc.Amount]jsonrpc.Amount{0: 5 * btc, 2 * btc: 3 * btc, 5 * btc: 0, 9 * btc: 0} {
		if got := changeOfBumps(inPool, balances{Trusted: 20 * btc, Pending: pending}); got != want {
			t.Errorf("of 5 BTC that are not safe with %s pending: %s, want %s", pending, got, want)
		}
	}
	if got := changeOfBumps(inPool, balances{Trusted: btc}); got != btc {
		t.Errorf("of 1 BTC in all: %s", got)
	}
}

// A wallet that is made with a passphrase shows its words once, and is locked then.
func TestAWalletIsMadeEncrypted(t *testing.T) {
	home := t.TempDir()
	d := startNode(t, home+"/node")
	create := func(stdin string, args ...string) said {
		cmd := command(t, home, append([]string{"wallet", "create", "--datadir", home + "/node"}, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		return run(t, cmd)
	}
	if s := create("", "savings", "--encrypt"); s.status == 0 {
		t.Error("without a passphrase one was made")
	}
	s := create("a passphrase\n", "savings", "--encrypt")
	if s.status != 0 || len(strings.Fields(s.out)) < 12 {
		t.Fatalf("%+v", s)
	}
	cmd := command(t, home, "wallet", "backup", "--datadir", home+"/node", "--wallet", "savings")
	if again := run(t, cmd); again.status == 0 || strings.Contains(again.out, strings.Fields(s.out)[0]+" ") {
		t.Errorf("a locked wallet tells its words: %+v", again)
	}
	unlock := command(t, home, "wallet", "unlock", "--datadir", home+"/node", "--wallet", "savings")
	unlock.Stdin = strings.NewReader("a passphrase\n")
	if got := run(t, unlock); got.status != 0 {
		t.Errorf("%+v", got)
	}
	if got := ok(t, home, "wallet", "backup", "--datadir", home+"/node", "--wallet", "savings"); strings.TrimSpace(got) != strings.TrimSpace(s.out) {
		t.Errorf("the words are %q, were %q", got, s.out)
	}
	d.kill()
}

// Where coins are worth something, who makes a wallet is told which file holds its words
// in clear, whether it has a name or not; of an encrypted one there is nothing to tell.
func TestWhoMakesAWalletIsToldWhereItsWordsAre(t *testing.T) {
	home := t.TempDir()
	d := startNode(t, home+"/node", "--network", "signet", "--connect", "127.0.0.1:1")
	for _, c := range []struct{ line, file string }{{"", "wallets/wallet.db"}, {"savings", "wallets/savings/wallet.db"}, {"sealed --encrypt", ""}} {
		cmd := command(t, home, append([]string{"wallet", "create", "--datadir", home + "/node"}, strings.Fields(c.line)...)...)
		cmd.Stdin = strings.NewReader("a passphrase\n")
		s := run(t, cmd)
		told := strings.Contains(s.err, "which is not encrypted: whoever can read that file has the money") && strings.Contains(s.err, c.file)
		if s.status != 0 || told != (c.file != "") {
			t.Errorf("wallet create %s: %+v", c.line, s)
		}
	}
	d.kill()
}
