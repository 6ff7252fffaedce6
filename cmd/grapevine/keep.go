package main

import (
	urfave "github.com/urfave/cli/v2"

	"grapevine/chain/ledger"
	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
)

// keepFlags say which blocks are kept, and what is made anew from them.
func keepFlags() []urfave.Flag {
	return []urfave.Flag{
		cli.IntFlag("prune", 0, "`MiB` of blocks kept, 550 at least; 1: what the RPC method pruneblockchain leaves; 0: all"),
		cli.BoolFlag("reindex", "build coins, indexes and what is known of blocks anew from the blocks in the file"),
		cli.BoolFlag("reindex-chainstate", "build coins and indexes anew"),
		cli.IntFlag("stopatheight", 0, "`HEIGHT` at which the node stops by itself; 0: none"),
	}
}

// maxPrune is in MiB: more than any chain, and within 32 bits.
const maxPrune = 1 << 30

func keepConfig(c *urfave.Context, cfg *node.Config) error {
	n := c.Int("prune")
	switch {
	case n < 0 || n > 1 && n < ledger.MinPruneTarget/mib || n > maxPrune:
		return cli.Usagef("--prune %d: want 0 for all blocks, 1 for pruning by hand, or %d MiB and more", n, ledger.MinPruneTarget/mib)
	case n > 0 && cfg.TxIndex && c.IsSet("txindex"):
		return cli.Usagef("--prune does not go with --txindex, which needs all blocks")
	case n > 0:
		cfg.TxIndex = false
	}
	if cfg.Prune.On = n > 0; n > 1 {
		cfg.Prune.Target = int64(n) * mib
	}
	switch {
	case c.Bool("reindex"):
		cfg.Rebuild = ledger.RebuildAll
	case c.Bool("reindex-chainstate"):
		cfg.Rebuild = ledger.RebuildCoins
	}
	at := c.Int("stopatheight")
	if at < 0 || at > maxHeight {
		return cli.Usagef("--stopatheight %d: want a height", at)
	}
	cfg.StopAt = int32(at)
	return nil
}

// maxHeight is more than any chain has.
const maxHeight = 1<<31 - 1
