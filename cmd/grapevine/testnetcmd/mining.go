package testnetcmd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet"
)

func (p *program) mineCommand() *urfave.Command {
	return &urfave.Command{
		Name: "mine", Usage: "let nodes mine by themselves, or stop it", ArgsUsage: "[every=2s|on-tx|off]", Action: p.netMine,
		Flags: []urfave.Flag{cli.StringFlag("power", "`N:WEIGHT,…` nodes that mine at random times, each its share of the blocks, as in 0:3,1:1")},
		Description: `It holds from now on, and when the nodes are started again. One node mines, 0 unless --node
says which; with --power several do, as real miners: at random, so that two may find a block at the
same height. Without an argument it shows who mines.

  $ grapevine testnet mine every=2s                    a block every two seconds
  $ grapevine testnet mine on-tx --node 2              node 2 makes a block of each payment
  $ grapevine testnet mine every=2s --power 0:3,1:1    node 0 finds three of four blocks
  $ grapevine testnet mine off
  $ grapevine mine 1 --node 2                          one block now`,
	}
}

// minerView is how a node mines.
type minerView struct {
	Node int    `json:"node"`
	Mode string `json:"mode"`
}

func modeOf(m testnet.Member) string { return cmp.Or(m.Mine, "manual") }

func (p *program) netMine(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 0, 1)
	if err != nil {
		return err
	}
	local, err := p.openNet(c)
	if err != nil {
		return cli.Fail("testnet mine", err)
	}
	if len(args) == 0 && c.IsSet("power") {
		return cli.Usagef("--power goes with every=TIME, as in every=2s --power 0:3,1:1")
	}
	if len(args) > 0 {
		f := local.File()
		modes, err := p.miners(c, f, args[0])
		if err == nil {
			err = mayMine(f, modes)
		}
		if err != nil {
			return err
		}
		err = local.Change(func(f *testnet.File) error {
			for i := range f.Nodes {
				f.Nodes[i].Mine = modes[f.Nodes[i].Node]
			}
			return nil
		})
		if err == nil {
			_, err = p.each(c.Context, local.Members(), func(ctx context.Context, m testnet.Member, n testnet.Node) error {
				return n.Call(ctx, "setmining", nil, modeOf(m))
			})
			err = notAllTold(err)
		}
		if err != nil {
			return cli.Fail("testnet mine", err)
		}
	}
	return p.showMiners(c, local.File())
}

// mayMine refuses miners that nobody pays: a node does not start with that in its file.
func mayMine(f testnet.File, modes map[int]string) error {
	for _, m := range f.Nodes {
		if _, paid := m.Setting("mineto"); modes[m.Node] != "" && !m.Wallet() && !paid {
			return cli.Usagef("testnet mine: %s has no wallet to mine to, and no mineto among its flags", m.Title())
		}
	}
	return nil
}

// miners says how each node is to mine, by number; who is not named does not.
func (p *program) miners(c *urfave.Context, f testnet.File, mode string) (map[int]string, error) {
	if mode == "off" || mode == "manual" {
		if c.IsSet("power") {
			return nil, cli.Usagef("--power goes with every=TIME, not with %s", mode)
		}
		return map[int]string{}, nil
	}
	if _, err := cli.MineMode(mode); err != nil {
		return nil, cli.Usagef("testnet mine %q: want every=2s (a millisecond to a year), on-tx or off", cli.Printable(mode))
	}
	if !c.IsSet("power") {
		m, err := f.Find(cmp.Or(c.String("node"), "0"))
		if err != nil {
			return nil, cli.Fail("testnet mine", err)
		}
		return map[int]string{m.Node: mode}, nil
	}
	every, timed := strings.CutPrefix(mode, "every=")
	d, err := time.ParseDuration(every)
	if !timed || err != nil {
		return nil, cli.Usagef("--power goes with every=TIME, not with %s", mode)
	}
	if p.Said("node") != "" {
		return nil, cli.Usagef("--node and --power both say who mines: want one of them")
	}
	return p.shares(f, c.String("power"), d)
}

// shares reads --power: each node mines at random, as often as its weight among all.
func (p *program) shares(f testnet.File, power string, every time.Duration) (map[int]string, error) {
	const most = 1e6
	weights, sum := map[int]float64{}, 0.0
	for field := range strings.SplitSeq(power, ",") {
		word, weight, weighed := strings.Cut(field, ":")
		w, err := strconv.ParseFloat(weight, 64)
		if !weighed || err != nil || !(w > 0 && w <= most) {
			return nil, cli.Usagef("--power %q: want NODE:WEIGHT,… with weights above 0, as in 0:3,1:1", cli.Printable(power))
		}
		n, err := p.numberOf(f, strings.TrimSpace(word))
		if err != nil {
			return nil, err
		}
		if weights[n] > 0 {
			return nil, cli.Usagef("--power %q: node %d stands twice", cli.Printable(power), n)
		}
		weights[n] = w
		sum += w
	}
	modes := map[int]string{}
	for n, w := range weights {
		about := float64(every) * sum / w
		if about < float64(testnet.MinPause) || about > float64(testnet.MaxPause) {
			return nil, cli.Usagef("--power %q: node %d would mine a block every %.3g s on average: want a millisecond to a year", cli.Printable(power), n, about/float64(time.Second))
		}
		modes[n] = "about=" + time.Duration(about).Round(time.Millisecond).String()
	}
	return modes, nil
}

// otherwise are the nodes that run and do not mine as the network's file says.
func (p *program) otherwise(ctx context.Context, f testnet.File) (stale []int, err error) {
	differ := make(chan int, len(f.Nodes))
	_, err = p.each(ctx, f.Nodes, func(ctx context.Context, m testnet.Member, n testnet.Node) error {
		var now minerView
		if err := n.Call(ctx, "setmining", &now); err != nil {
			return err
		}
		if want, err := cli.MineMode(modeOf(m)); err != nil || want.String() != now.Mode {
			differ <- m.Node
		}
		return nil
	})
	close(differ)
	for n := range differ {
		stale = append(stale, n)
	}
	slices.Sort(stale)
	return stale, err
}

func (p *program) showMiners(c *urfave.Context, f testnet.File) error {
	views := []minerView{}
	for _, m := range f.Nodes {
		views = append(views, minerView{m.Node, modeOf(m)})
	}
	stale, err := p.otherwise(c.Context, f)
	if err != nil {
		return cli.Fail("testnet mine", err)
	}
	return p.Show(c, struct {
		Nodes []minerView `json:"nodes"`
		Stale []int       `json:"not_told,omitempty"`
	}{views, stale}, func(o *cli.Out) {
		some := false
		for _, v := range views {
			if kind, every, timed := strings.Cut(v.Mode, "="); v.Mode != "manual" {
				some = true
				switch {
				case kind == "about":
					o.Printf("node %d mines at random, a block every %s on average\n", v.Node, every)
				case timed:
					o.Printf("node %d mines a block every %s\n", v.Node, every)
				default:
					o.Printf("node %d mines a block of each payment\n", v.Node)
				}
			}
		}
		if len(stale) > 0 {
			o.Printf("not told yet, for the command that was to tell was ended: %s. `%s` and the like tells all nodes again.\n", nodesText(stale), p.Advice("grapevine testnet mine off"))
		}
		if !some {
			o.Printf("nobody mines by itself; `%s` makes a block\n", p.Advice(fmt.Sprintf("grapevine mine 1 --node %d", f.Nodes[0].Node)))
		}
	})
}
