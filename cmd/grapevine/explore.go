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
		cfg.Esplora = &on
	}
	if cfg.Esplora != nil && *cfg.Esplora {
		if err := needIndexes(c, cfg, "esplora"); err != nil {
			return err
		}
	}
	port := electrumPort(cfg.Params)
	for i, flag := range []string{"electrum", "electrumtls"} {
		if c.String(flag) == "" {
			continue
		}
		at, err := listenAddress(flag, c.String(flag), port+uint16(i))
		if err != nil {
			return err
		}
		*[]*string{&cfg.Electrum, &cfg.ElectrumTLS}[i] = at
		if at == "" {
			continue
		}
		if err := needIndexes(c, cfg, flag); err != nil {
			return err
		}
	}
	return nil
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
