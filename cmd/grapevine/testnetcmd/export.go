package testnetcmd

import (
	"regexp"
	"strconv"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet"
	"grapevine/testnet/config"
	"grapevine/testnet/export"
)

// exportCommand is `grapevine testnet export`.
func (p *program) exportCommand() *urfave.Command {
	return &urfave.Command{
		Name: "export", Usage: "write the network for Docker Compose or Kubernetes", ArgsUsage: "compose|kubernetes|nodes",
		Description: `Writes manifests to stdout: for Compose, for Kubernetes (StatefulSets, a headless Service for first
contact, ConfigMaps, a PodDisruptionBudget, a NetworkPolicy), or the nodes that Compose publishes, for
--nodes-file. With --partition the policies alone that cut the network, to be applied and deleted.
docs/cluster.md goes through it; docs/docker/Dockerfile makes the image.

  $ grapevine testnet export compose --nodes 4 > compose.yaml
  $ grapevine testnet export nodes --nodes 4 > nodes.yaml
  $ grapevine testnet status --nodes-file nodes.yaml
  $ grapevine testnet export kubernetes --config network.yaml > net.yaml
  $ grapevine testnet export kubernetes --config network.yaml --partition alice,bob/miner > cut.yaml`,
		Flags: []urfave.Flag{
			cli.IntFlag("nodes", 4, "`N` nodes"),
			cli.StringFlag("names", "`NAMES` of the nodes, as alice,bob,miner"),
			cli.StringFlag("config", "`FILE` that describes the network: network.yaml"),
			cli.IntFlag("port-base", 0, "`PORT` of this machine: Compose publishes RPC of node N 2N+1 above it (default: from 18500 on)"),
			cli.StringFlag("image", "`IMAGE` of the container (default grapevine:latest)"),
			cli.StringFlag("name", "`NAME` of the network (default grapevine)"),
			cli.StringFlag("namespace", "`NAME` of Kubernetes' namespace (default kubectl's)"),
			cli.StringFlag("storage", "`SIZE` of a node's volume in Kubernetes' words (default 1Gi)"),
			cli.StringFlag("partition", "`GROUPS` of nodes as alice,bob/2,3: policies that cut them apart"),
		},
		Action: p.export,
	}
}

func (p *program) export(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	n, err := p.exported(c)
	if err != nil {
		return err
	}
	o := export.Options{Image: "grapevine:latest", Name: "grapevine", Storage: "1Gi", Namespace: c.String("namespace")}
	for _, f := range []struct {
		name string
		to   *string
		like string
	}{
		{"image", &o.Image, `^[a-zA-Z0-9][a-zA-Z0-9._/:@-]{0,254}$`}, {"name", &o.Name, `^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$`},
		{"namespace", &o.Namespace, `^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`}, {"storage", &o.Storage, `^[0-9]{1,6}(\.[0-9]+)?([kMGTPE]i?)?$`},
	} {
		if s := c.String(f.name); s != "" {
			if !regexp.MustCompile(f.like).MatchString(s) {
				return cli.Usagef("--%s %q: want something like %s", f.name, cli.Printable(s), *f.to)
			}
			*f.to = s
		}
	}
	if o.Partition, err = groupsOf(n, c.String("partition")); err != nil {
		return err
	}
	var write func() ([]byte, error)
	switch args[0] {
	case "compose":
		write = func() ([]byte, error) { return export.Compose(n, o) }
	case "kubernetes":
		write = func() ([]byte, error) { return export.Kubernetes(n, o) }
	case "nodes":
		write = func() ([]byte, error) { return export.NodesFile(n) }
	default:
		return cli.Usagef("testnet export %q: want compose, kubernetes or nodes", cli.Printable(args[0]))
	}
	if args[0] != "kubernetes" && c.String("partition") != "" {
		return cli.Usagef("--partition goes with kubernetes: Compose has no such policies")
	}
	raw, err := write()
	if err != nil {
		return cli.Fail("testnet export", err)
	}
	if c.Bool("json") {
		return p.PrintJSON(struct {
			Kind     string `json:"kind"`
			Manifest string `json:"manifest"`
		}{args[0], string(raw)})
	}
	p.Out.Printf("%s", raw)
	return nil
}

// exported is the network to be written: of a file, or so many nodes.
func (p *program) exported(c *urfave.Context) (*config.Network, error) {
	if file := c.String("config"); file != "" {
		if c.IsSet("nodes") || c.IsSet("names") || c.IsSet("port-base") {
			return nil, cli.Usagef("--nodes, --names and --port-base do not go with --config, whose file says them")
		}
		n, err := config.Read(file, p.NodeLines(c.App))
		if err != nil {
			return nil, cli.Usagef("--config %v", err)
		}
		return n, nil
	}
	nodes := c.Int("nodes")
	if nodes < 1 || nodes > config.MaxNodes {
		return nil, cli.Usagef("--nodes %d: want 1 to %d", nodes, config.MaxNodes)
	}
	n := &config.Network{}
	if err := basePort(c, n, nodes); err != nil {
		return nil, err
	}
	return n, nameNodes(c, n, nodes)
}

// groupsOf reads --partition.
func groupsOf(n *config.Network, s string) (groups [][]int, err error) {
	if s == "" {
		return nil, nil
	}
	f := testnet.File{}
	for i, node := range n.Nodes {
		f.Nodes = append(f.Nodes, testnet.Member{Node: i, Spec: testnet.Spec{Name: node.Name}})
	}
	seen := map[int]bool{}
	for group := range strings.SplitSeq(s, "/") {
		var g []int
		for word := range strings.SplitSeq(group, ",") {
			m, err := f.Find(strings.TrimSpace(word))
			if err != nil {
				return nil, cli.Usagef("--partition %q: %v", cli.Printable(s), err)
			}
			if seen[m.Node] {
				return nil, cli.Usagef("--partition %q: node %s stands twice", cli.Printable(s), strconv.Itoa(m.Node))
			}
			seen[m.Node] = true
			g = append(g, m.Node)
		}
		groups = append(groups, g)
	}
	if len(groups) == 1 && len(groups[0]) == len(n.Nodes) {
		return nil, cli.Usagef("--partition %q: everybody is in one group", cli.Printable(s))
	}
	return groups, nil
}
