package main

import (
	"github.com/urfave/cli/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/cmd/grapevine/shell"
	"grapevine/cmd/node"
)

// chainFlags reads what concerns the chain and its memory.
func chainFlags(c *cli.Context, cfg *node.Config) (err error) {
	cache := c.Int("dbcache")
	if cache < 4 || cache > maxCache {
		return shell.Usagef("--dbcache %d: want 4 to %d MiB", cache, maxCache)
	}
	cfg.DBCache = int64(cache) * mib
	cfg.TxIndex = onOrLocal(c, "txindex", cfg.Params)
	cfg.FilterIndex = onOrLocal(c, "blockfilterindex", cfg.Params)
	cfg.CoinStatsIndex = c.Bool("coinstatsindex")
	if cfg.Policy, err = policy.ParseRules(c.String("policy")); err != nil {
		return shell.Usagef("--policy: %v", err)
	}
	if c.IsSet("minimumchainwork") {
		if cfg.Params.MinimumChainWork, err = chain.ParseWork(c.String("minimumchainwork")); err != nil {
			return shell.Usagef("--minimumchainwork: %v", err)
		}
	}
	cfg.AssumeValid = cfg.Params.AssumeValid
	if c.IsSet("assumevalid") {
		cfg.AssumeValid, err = parseAssumed(c.String("assumevalid"))
	}
	return err
}

// onOrLocal is a switch that is on by default where blocks are few.
func onOrLocal(c *cli.Context, name string, p *chain.Params) bool {
	if c.IsSet(name) {
		return c.Bool(name)
	}
	return p.Local()
}

// parseAssumed reads the hash of a block; 0 is none.
func parseAssumed(s string) (*chain.Hash, error) {
	if s == "0" {
		return nil, nil
	}
	h, err := shell.ParseHash(s)
	if err != nil {
		return nil, shell.Usagef("--assumevalid %q: %v", s, err)
	}
	return &h, nil
}
