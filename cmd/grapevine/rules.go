package main

import (
	urfave "github.com/urfave/cli/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
)

// chainFlags reads what concerns the chain and its memory.
func chainFlags(c *urfave.Context, cfg *node.Config) (err error) {
	cache := c.Int("dbcache")
	if cache < 4 || cache > maxCache {
		return cli.Usagef("--dbcache %d: want 4 to %d MiB", cache, maxCache)
	}
	if c.IsSet("dbcache") {
		cfg.DBCache = int64(cache) * mib // else the node looks at GOMEMLIMIT
	}
	cfg.TxIndex = onOrLocal(c, "txindex", cfg.Params)
	cfg.FilterIndex = onOrLocal(c, "blockfilterindex", cfg.Params)
	cfg.CoinStatsIndex = c.Bool("coinstatsindex")
	if cfg.Policy, err = policy.ParseRules(c.String("policy")); err != nil {
		return cli.Usagef("--policy: %v", err)
	}
	if c.IsSet("minimumchainwork") {
		if cfg.Params.MinimumChainWork, err = chain.ParseWork(c.String("minimumchainwork")); err != nil {
			return cli.Usagef("--minimumchainwork: %v", err)
		}
	}
	cfg.AssumeValid = cfg.Params.AssumeValid
	if c.IsSet("assumevalid") {
		cfg.AssumeValid, err = parseAssumed(c.String("assumevalid"))
	}
	return err
}

// onOrLocal is a switch that is on by default where blocks are few.
func onOrLocal(c *urfave.Context, name string, p *chain.Params) bool {
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
	h, err := cli.ParseHash(s)
	if err != nil {
		return nil, cli.Usagef("--assumevalid %q: %v", s, err)
	}
	return &h, nil
}
