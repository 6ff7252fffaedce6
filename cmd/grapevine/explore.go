package main

import (
	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
)

// exploreFlags are about what explorers and light wallets ask.
func exploreFlags() []urfave.Flag {
	return []urfave.Flag{
		cli.BoolFlag("addressindex", "keep the history of each script, for Esplora and Electrum (default on regtest)"),
		cli.BoolFlag("esplora", "answer Esplora's HTTP API under /api/ of RPC's port, without a password (default on regtest, on loopback)"),
	}
}

// exploreConfig reads them; what answers needs both indexes and switches them on.
func exploreConfig(c *urfave.Context, cfg *node.Config) error {
	cfg.AddressIndex = onOrLocal(c, "addressindex", cfg.Params)
	if c.IsSet("esplora") {
		on := c.Bool("esplora")
		cfg.Esplora = &on
	}
	if cfg.Esplora == nil || !*cfg.Esplora {
		return nil
	}
	return needIndexes(c, cfg, "esplora")
}

// needIndexes switches on what a flag needs, unless it was switched off by name or cannot be.
func needIndexes(c *urfave.Context, cfg *node.Config, flag string) error {
	switch {
	case cfg.Prune.On:
		return cli.Usagef("--%s does not go with --prune: it needs the index of transactions, which needs all blocks", flag)
	case c.IsSet("txindex") && !c.Bool("txindex"):
		return cli.Usagef("--%s needs --txindex", flag)
	case c.IsSet("addressindex") && !c.Bool("addressindex"):
		return cli.Usagef("--%s needs --addressindex", flag)
	}
	cfg.TxIndex, cfg.AddressIndex = true, true
	return nil
}
