package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"grapevine/chain"
	"grapevine/cmd/node"
)

// Where coins are worth something, who makes a wallet is told that its file is not
// encrypted, and which file that is; with a passphrase, without keys, and on regtest, there is
// nothing to tell.
func TestWhoMakesAWalletIsToldThatItIsInClear(t *testing.T) {
	for _, p := range []*chain.Params{chain.RegTest(), chain.SigNet(nil), chain.MainNet()} {
		w := startIn(t, t.TempDir(), func(c *node.Config) {
			c.Params, c.DialNobody = p, true
			c.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no resolver") }
		})
		clear := "not encrypted: whoever can read that file has the money"
		first, named := fmt.Sprint(w.object("walletcreate")["warning"]), fmt.Sprint(w.object("createwallet", "savings")["warnings"])
		others := fmt.Sprint(w.object("createwallet", "sealed", false, false, "a passphrase"), w.object("createwallet", "blank", false, true), w.object("createwallet", "watching", true))
		for text, file := range map[string]string{first: filepath.Join("wallets", "wallet.db"), named: filepath.Join("savings", "wallet.db")} {
			if told := strings.Contains(text, clear) && strings.Contains(text, file); told == p.Local() {
				t.Errorf("%s: %q, of %s", p.Name, text, file)
			}
		}
		if strings.Contains(others, clear) {
			t.Errorf("%s: of wallets that hold no words in clear: %q", p.Name, others)
		}
		w.stop()
	}
}
