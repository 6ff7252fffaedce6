package chain_test

import (
	"errors"
	"testing"
	"time"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Testnet3 has mainnet's rules at heights of its own, and one block that P2SH does not hold for.
func TestTestnet3sRulesBeginWhereCoreSays(t *testing.T) {
	const (
		old  = txscript.ScriptBip16 | txscript.ScriptVerifyWitness | txscript.ScriptVerifyTaproot
		der  = txscript.ScriptVerifyDERSignatures
		cltv = txscript.ScriptVerifyCheckLockTimeVerify
		csv  = txscript.ScriptVerifyCheckSequenceVerify
	)
	p := chain.TestNet3()
	for _, tc := range []struct {
		height int32
		hash   string
		want   txscript.ScriptFlags
	}{
		{1, "", old},
		{514, "00000000dd30457c001f4095d208cc1296b0eed002427aa599874af7a432b105", 0},
		{330_775, "", old},
		{330_776, "", old | der},
		{581_884, "", old | der},
		{581_885, "", old | der | cltv},
		{770_111, "", old | der | cltv},
		{770_112, "", old | der | cltv | csv},
		{834_623, "", old | der | cltv | csv},
		{834_624, "", chain.ConsensusFlags},
	} {
		if got := chain.ScriptFlags(p, headerAt(tc.height, tc.hash)); got != tc.want {
			t.Errorf("height %d: got %x, want %x", tc.height, got, tc.want)
		}
	}
	if len(p.ScriptExceptions) != 1 || len(p.BIP30Exceptions) != 0 {
		t.Errorf("%d blocks excepted from scripts' rules, %d from BIP30", len(p.ScriptExceptions), len(p.BIP30Exceptions))
	}
	if p.WarnVersionsFrom != 836_640 || p.SignalThreshold != 1512 {
		t.Errorf("warns from %d, %d signals of a period", p.WarnVersionsFrom, p.SignalThreshold)
	}
	if len(p.DNSSeeds) != 5 || len(chain.TestNet3().DNSSeeds) != 5 {
		t.Errorf("DNS seeds %v", p.DNSSeeds)
	}
}

// What BIP94 mended on testnet4 holds here still: the new difficulty is reckoned from the last
// block's, though that had the minimum, and a period's first block may be of any time that the
// median allows.
func TestTestnet3ReckonsAsBeforeBIP94(t *testing.T) {
	p := chain.TestNet3()
	period := p.RetargetInterval()
	const limit, real = 0x1d00ffff, 0x1c05a3f4
	n := &chain.HeaderNode{}
	start := time.Unix(1_700_000_000, 0)
	for h := int32(0); h < period; h++ {
		n = &chain.HeaderNode{Parent: n, Height: h}
		n.Header.Bits, n.Header.Timestamp = real, start.Add(time.Duration(h)*10*time.Minute)
	}
	n.Header.Bits = limit
	// A period is measured over one block less than it has: 2015 of 2016 parts.
	if got := chain.NextBits(p, n, n.Header.Timestamp); got != 0x1d00ffde {
		t.Errorf("after an easy last block: %08x", got)
	}
	if got := chain.NextBits(chain.TestNet4(), n, n.Header.Timestamp); got != 0x1c05a33c {
		t.Errorf("testnet4 after an easy last block: %08x", got)
	}
	back := wire.BlockHeader{Version: 4, PrevBlock: n.Hash, Bits: 0x1d00ffde, Timestamp: n.Header.Timestamp.Add(-601 * time.Second)}
	if err := chain.CheckHeaderContext(p, n, &back, n.Header.Timestamp); err != nil {
		t.Errorf("a period that begins 601 s back: %v", err)
	}
}

// Checkpoints are asked for from the highest down, and hold only where they were switched on.
func TestCheckpointsAreThoseOfCore(t *testing.T) {
	for name, want := range map[string]int{"mainnet": 13, "testnet3": 1, "testnet4": 0, "signet": 0, "regtest": 0} {
		p, _ := chain.ForNetwork(name)
		if len(p.Checkpoints) != 0 {
			t.Errorf("%s has checkpoints that nobody asked for", name)
		}
		p.HoldCheckpoints()
		if len(p.Checkpoints) != want {
			t.Errorf("%s has %d checkpoints, want %d", name, len(p.Checkpoints), want)
		}
		for i, c := range p.Checkpoints {
			if c.Hash == nil || c.Hash[31] != 0 || i > 0 && c.Height >= p.Checkpoints[i-1].Height {
				t.Errorf("%s: checkpoint %d", name, c.Height)
			}
			asked := 0
			err := chain.CheckFork(p, c.Height-1, func(h chain.Hash) bool { asked++; return h == *c.Hash })
			if !errors.Is(err, chain.ErrCheckpoint) || asked != i+1 {
				t.Errorf("%s: a fork below %d: %v after %d", name, c.Height, err, asked)
			}
			if err := chain.CheckFork(p, c.Height, func(h chain.Hash) bool { return h == *c.Hash }); err != nil {
				t.Errorf("%s: a block of height %d: %v", name, c.Height, err)
			}
		}
	}
}
