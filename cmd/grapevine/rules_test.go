package main

import (
	"io"
	"testing"

	urfave "github.com/urfave/cli/v2"

	"grapevine/chain"
	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
)

// configOf is what `grapevine node` would run with.
func configOf(t *testing.T, network string, args ...string) (cfg node.Config) {
	t.Helper()
	p := &program{}
	p.Err = cli.Plain(io.Discard)
	p.Env = func(string) string { return "" }
	app := p.app()
	app.Commands[0].Action = func(c *urfave.Context) (err error) {
		cfg, err = p.nodeConfig(c)
		return err
	}
	line := []string{"grapevine", "--network", network, "--datadir", t.TempDir(), "node"}
	if err := app.Run(append(line, args...)); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return cfg
}

func TestEachNetworkHasBitcoindsPortsAndItsOwnDefaults(t *testing.T) {
	for _, c := range []struct {
		network, listen, rpc string
		indexes, assumes     bool
	}{
		{"regtest", "127.0.0.1:18444", "127.0.0.1:18443", true, false},
		{"mainnet", "0.0.0.0:8333", "127.0.0.1:8332", false, true},
		{"testnet3", "0.0.0.0:18333", "127.0.0.1:18332", false, true},
		{"testnet4", "0.0.0.0:48333", "127.0.0.1:48332", false, true},
		{"signet", "0.0.0.0:38333", "127.0.0.1:38332", false, true},
	} {
		cfg := configOf(t, c.network)
		if cfg.Listen != c.listen || cfg.RPCListen != c.rpc || cfg.TxIndex != c.indexes || cfg.FilterIndex != c.indexes {
			t.Errorf("%s: listens at %s and %s, indexes %v %v", c.network, cfg.Listen, cfg.RPCListen, cfg.TxIndex, cfg.FilterIndex)
		}
		least := cfg.Params.MinimumChainWork.Cmp(chain.Work{}) > 0
		if (cfg.AssumeValid != nil) != c.assumes || least != c.assumes {
			t.Errorf("%s: assumes %v valid, wants work %v", c.network, cfg.AssumeValid, cfg.Params.MinimumChainWork)
		}
	}
}

func TestWhatIsTakenOnTrustCanBeSwitchedOff(t *testing.T) {
	cfg := configOf(t, "mainnet", "--assumevalid", "0", "--minimumchainwork", "00")
	if cfg.AssumeValid != nil || cfg.Params.MinimumChainWork != (chain.Work{}) {
		t.Errorf("still assumes %v and wants %v", cfg.AssumeValid, cfg.Params.MinimumChainWork)
	}
	const digits = "0000000000000000000000000000000000000000000000000000000000001234"
	cfg = configOf(t, "regtest", "--assumevalid", digits, "--minimumchainwork", "0x"+digits)
	if cfg.AssumeValid == nil || cfg.AssumeValid.String() != digits || cfg.Params.MinimumChainWork.String() != digits {
		t.Errorf("assumes %v and wants %v", cfg.AssumeValid, cfg.Params.MinimumChainWork)
	}
}

func TestRulesCanBeMovedWhereThatIsAllowed(t *testing.T) {
	cfg := configOf(t, "regtest", "--testactivationheight", "segwit@432", "--testactivationheight", "csv@7")
	if cfg.Params.SegwitHeight != 432 || cfg.Params.CSVHeight != 7 {
		t.Errorf("segwit from %d, csv from %d", cfg.Params.SegwitHeight, cfg.Params.CSVHeight)
	}
	public := configOf(t, "signet")
	own := configOf(t, "signet", "--signetchallenge", "51")
	if string(own.Params.SignetChallenge) != "\x51" || own.Params.Net == public.Params.Net || own.AssumeValid != nil {
		t.Errorf("own signet: challenge %x, magic %v, assumes %v", own.Params.SignetChallenge, own.Params.Net, own.AssumeValid)
	}
}

// Who stays within Tor asks no DNS seed by this machine's resolver, as in bitcoind.
func TestNoSeedIsAskedForNetworksThatAreNotDialled(t *testing.T) {
	onion := []string{"--onion", "127.0.0.1:9050"}
	for want, all := range map[bool][][]string{
		true:  {append(onion, "--onlynet", "onion"), {"--proxy", "127.0.0.1:9050", "--onlynet", "onion"}},
		false: {nil, onion, append(onion, "--onlynet", "onion", "--onlynet", "ipv6"), {"--onlynet", "ipv4"}},
	} {
		for _, args := range all {
			if got := configOf(t, "mainnet", args...).NoDNSSeeds; got != want {
				t.Errorf("%v: no DNS seeds is %v", args, got)
			}
		}
	}
}
