package main

import (
	urfave "github.com/urfave/cli/v2"

	"grapevine/chain"
	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
)

// exploreFlags are about what explorers and light wallets ask.
func exploreFlags() []urfave.Flag {
	return []urfave.Flag{
		cli.BoolFlag("addressindex", "keep the history of each script, for Esplora and Electrum (default on regtest)"),
		cli.StringFlag("electrum", "`HOST[:PORT]` to serve Electrum's protocol at (port 50001, 60001 on testnets, 60401 on regtest)"),
		cli.StringFlag("electrumtls", "`HOST[:PORT]` to serve it at by TLS (one port up), with a certificate that is made in the data directory"),
		cli.BoolFlag("esplora", "answer Esplora's HTTP API under /api/ of RPC's port, without a password (default on regtest, on loopback)"),
	}
}

// exploreConfig reads them; what answers needs both indexes and switches them on.
func exploreConfig(c *urfave.Context, cfg *node.Config) error {
	cfg.AddressIndex = onOrLocal(c, "addressindex", cfg.Params)
	if c.IsSet("esplora") {
		on := c.Bool("esplora")
		if cfg.Esplora = &on; on {
			if err := needIndexes(c, cfg, "esplora"); err != nil {
				return err
			}
		}
	}
	port := electrumPort(cfg.Params)
	var err error
	if cfg.Electrum, err = electrumAddress(c, cfg, "electrum", port); err != nil {
		return err
	}
	cfg.ElectrumTLS, err = electrumAddress(c, cfg, "electrumtls", port+1)
	return err
}

// electrumAddress is where a flag has Electrum's protocol served; "": nowhere.
func electrumAddress(c *urfave.Context, cfg *node.Config, flag string, port uint16) (string, error) {
	if c.String(flag) == "" {
		return "", nil
	}
	at, err := listenAddress(flag, c.String(flag), port)
	if err != nil || at == "" {
		return "", err
	}
	return at, needIndexes(c, cfg, flag)
}

// electrumPort is where wallets look for a server in the clear, unless they are told.
func electrumPort(p *chain.Params) uint16 {
	switch {
	case p.Local():
		return 60401
	case p.Name == chain.MainNet().Name:
		return 50001
	}
	return 60001
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
