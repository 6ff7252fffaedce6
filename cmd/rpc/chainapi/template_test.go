package chainapi

import (
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/miner"
)

// Whoever solves a template of signet must know that it wants a signature (BIP325).
func TestATemplateOfSignetNamesItsRule(t *testing.T) {
	for _, p := range []*chain.Params{chain.SigNet([]byte{0x51}), chain.RegTest()} {
		g := p.Genesis()
		a := &API{Params: p, Versions: chain.NewVersionBits(p)}
		bt := a.newTemplate(&miner.Template{Parent: g, Height: 1, Header: wire.BlockHeader{Bits: g.Header.Bits, Timestamp: time.Unix(1, 0)}})
		rules, challenge := []string{"csv", "!segwit", "taproot"}, ""
		if p.SignetChallenge != nil {
			rules, challenge = []string{"csv", "!segwit", "!signet", "taproot"}, hex.EncodeToString(p.SignetChallenge)
		}
		if !slices.Equal(bt.Rules, rules) || bt.Challenge != challenge {
			t.Errorf("%s: rules %q, challenge %q", p.Name, bt.Rules, bt.Challenge)
		}
	}
}
