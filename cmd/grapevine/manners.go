package main

import (
	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
)

// mannersFlags say how the node behaves towards its peers where Core's daemon does
// otherwise; under the name bitcoind the first five are on.
func mannersFlags() []urfave.Flag {
	return []urfave.Flag{
		cli.BoolFlag("reserved", "keep secrets from peers on a local network as on a public one: announce at random times, sync until the tip is young"),
		cli.BoolFlag("txdelays", "ask for transactions after Bitcoin Core's delays, 2 s for who came to us, and wait 60 s for an answer"),
		cli.BoolFlag("onesync", "ask one peer for headers while the best one is old, not all"),
		cli.BoolFlag("evendownload", "ask each peer for 16 blocks at most, and drop who stalls the download"),
		cli.BoolFlag("keepmanual", "do not drop peers of --connect and --addnode for an offence"),
		cli.BoolFlag("blocksonly", "take no transactions from peers"),
		cli.BoolFlag("peerbloomfilters", "serve bloom filters (BIP37)"),
		cli.BoolFlag("hidefilters", "do not serve the filters of --blockfilterindex to peers (BIP157)"),
		cli.IntFlag("maxorphans", 0, "`N` transactions that wait for their parents, chosen at random when there are more; 0: 1,000, the oldest go"),
	}
}

func mannersConfig(c *urfave.Context, cfg *node.Config) error {
	n := c.Int("maxorphans")
	if n < 0 || n > node.MostOrphans {
		return cli.Usagef("--maxorphans %d: want 0 to %d", n, node.MostOrphans)
	}
	cfg.HideFilters = c.Bool("hidefilters")
	cfg.Manners = node.Manners{
		Reserved: c.Bool("reserved"), TxDelays: c.Bool("txdelays"), OneSync: c.Bool("onesync"), Even: c.Bool("evendownload"),
		KeepManual: c.Bool("keepmanual"), BlocksOnly: c.Bool("blocksonly"), Bloom: c.Bool("peerbloomfilters"), MaxOrphans: n,
	}
	return nil
}
