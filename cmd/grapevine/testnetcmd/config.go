package testnetcmd

import (
	"context"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet"
	"grapevine/testnet/config"
	"grapevine/testnet/process"
)

// configFlags of `up` say more of a network than how many nodes it has.
func configFlags() []urfave.Flag {
	return []urfave.Flag{
		cli.StringFlag("names", "`NAMES` of the nodes, as alice,bob,miner"),
		cli.StringFlag("fund", "`BTC` that each node's wallet has to spend at the start (default: node 0 alone has money)"),
		cli.IntFlag("port-base", 0, "`PORT` of node 0; node N listens 2N higher, and one more for RPC (default: free ones)"),
		cli.StringFlag("config", "`FILE` that describes the network: network.yaml, with nodes, flags, links, money, mining"),
	}
}

// wanted is the network that the line describes: a file, or flags.
func (p *program) wanted(c *urfave.Context) (*config.Network, error) {
	nodes, mine := c.Int("nodes"), c.String("mine")
	if nodes < 1 || nodes > maxNodes {
		return nil, cli.Usagef("--nodes %d: want 1 to %d", nodes, maxNodes)
	}
	if _, err := cli.MineMode(mine); err != nil {
		return nil, err
	}
	if file := c.String("config"); file != "" {
		for _, flag := range []string{"nodes", "names", "mine", "fund", "port-base"} {
			if c.IsSet(flag) {
				return nil, cli.Usagef("--%s does not go with --config, whose file says it", flag)
			}
		}
		n, err := config.Read(file, p.NodeLines(c.App))
		if err != nil {
			return nil, cli.Usagef("--config %v", err)
		}
		if len(n.Nodes) > maxNodes {
			return nil, cli.Usagef("--config %s: line 1, column 1: %d nodes, and at most %d processes; `testnet export` and `simulate` take more", file, len(n.Nodes), maxNodes)
		}
		if first := n.Nodes[0]; !first.Wallet() {
			return nil, cli.Usagef("--config %s: line %d, column 1: node 0 makes the network's first money and needs a wallet: want no `wallet: false` among its flags", file, first.Line)
		}
		return n, nil
	}
	n := &config.Network{}
	if err := basePort(c, n, maxNodes); err != nil {
		return nil, err
	}
	if err := nameNodes(c, n, nodes); err != nil {
		return nil, err
	}
	n.Nodes[0].Mine = mine
	if s := c.String("fund"); s != "" {
		fund, err := testnet.ParseAmount(s)
		if err != nil || fund < config.MinFund || fund > config.MaxFund*testnet.CoinBTC {
			return nil, cli.Usagef("--fund %q: want BTC as in 10 or 0.5, at most %d and %s at least", s, config.MaxFund, testnet.Amount(config.MinFund))
		}
		for i := range n.Nodes {
			n.Nodes[i].Fund = fund
		}
		if n.Funds() > config.MaxFunds*testnet.CoinBTC {
			return nil, cli.Usagef("--fund %s: %d nodes are to have %s BTC together, and regtest's blocks make %d at most", s, len(n.Nodes), n.Funds(), config.MaxFunds)
		}
	}
	return n, nil
}

// basePort reads --port-base of a network that has so many nodes.
func basePort(c *urfave.Context, n *config.Network, nodes int) error {
	n.PortBase = c.Int("port-base")
	if b := n.PortBase; b != 0 && (b < 1024 || b+2*nodes > 65535) {
		return cli.Usagef("--port-base %d: want 1024 to %d", b, 65535-2*nodes)
	}
	return nil
}

// nameNodes makes the nodes with their names; the names say how many there are.
func nameNodes(c *urfave.Context, n *config.Network, nodes int) error {
	list := c.String("names")
	if list == "" {
		n.Nodes = make([]config.Node, nodes)
		return nil
	}
	seen := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		if err := testnet.CheckName(name); err != nil {
			return cli.Usagef("--names %v", err)
		}
		if seen[name] {
			return cli.Usagef("--names %s: two nodes cannot both be called %s", list, name)
		}
		seen[name] = true
		n.Nodes = append(n.Nodes, config.Node{Name: name})
	}
	if c.IsSet("nodes") && nodes < len(n.Nodes) {
		return cli.Usagef("--names has %d names for --nodes %d", len(n.Nodes), nodes)
	}
	for c.IsSet("nodes") && len(n.Nodes) < nodes {
		n.Nodes = append(n.Nodes, config.Node{})
	}
	if len(n.Nodes) > maxNodes {
		return cli.Usagef("--names has %d names, and at most %d nodes are started", len(n.Nodes), maxNodes)
	}
	return nil
}

// sameNodes is whether a network that is there has begun as this one: it may have more
// to come.
func sameNodes(old []testnet.Member, specs []testnet.Spec) bool {
	for i, m := range old {
		if i >= len(specs) || m.Name != specs[i].Name {
			return false
		}
	}
	return true
}

// linkUp makes the links as the file says, once the network is ready.
func (p *program) linkUp(ctx context.Context, local *process.Net, links []config.Link) error {
	err := local.Change(func(f *testnet.File) error {
		var both []testnet.Link
		for _, l := range links {
			if l.A < len(f.Nodes) && l.B < len(f.Nodes) {
				a, b := f.Nodes[l.A].Node, f.Nodes[l.B].Node
				both = append(both, testnet.Link{From: a, To: b, Way: l.Way}, testnet.Link{From: b, To: a, Way: l.Way})
			}
		}
		f.SetWays(both...)
		return nil
	})
	if err == nil {
		_, _, err = p.tellLinks(ctx, local.File())
	}
	return err
}
