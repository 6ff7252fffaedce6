package testnetcmd

import (
	"context"
	"fmt"
	"slices"
	"time"

	urfave "github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/client"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// linkCommands shape what goes between the nodes.
func (p *program) linkCommands() []*urfave.Command {
	oneWay := cli.BoolFlag("one-way", "only what goes from the first side to the second")
	return []*urfave.Command{
		{Name: "cut", Usage: "no bytes go between these nodes until `heal`", ArgsUsage: "A/B", Action: p.netCut, Flags: []urfave.Flag{oneWay},
			Description: `Connections between them end and none is made; with --one-way what goes that way waits in
connections that stand, the other way is open, and no new connection is made.
Nodes that are down, or come later by the same number, go by it too.

  $ grapevine testnet cut 0,1/2,3                 two halves that hear nothing of each other
  $ grapevine testnet cut 0/1/2,3                 three parts
  $ grapevine testnet cut 0-2                     one link
  $ grapevine testnet cut 0-2 --one-way           what 0 says does not arrive at 2
  $ grapevine testnet watch                       in another terminal: who gives way after the heal`},
		{Name: "heal", Usage: "end all cuts, or those between these nodes", ArgsUsage: "[A/B]", Action: p.netHeal,
			Description: "The nodes dial each other at once. What `link` has slowed stays slow.\n\n  $ grapevine testnet heal\n  $ grapevine testnet heal 0-2"},
		{Name: "link", Usage: "slow a link down, or let it break now and then", ArgsUsage: "A-B", Action: p.netLink,
			Flags: []urfave.Flag{
				&urfave.DurationFlag{Name: "latency", Usage: "`TIME` that each byte takes one way", EnvVars: cli.EnvVars("latency"), DefaultText: " "},
				&urfave.DurationFlag{Name: "jitter", Usage: "`TIME` by which that differs at most, up and down", EnvVars: cli.EnvVars("jitter"), DefaultText: " "},
				cli.StringFlag("rate", "`RATE` each way, as in 1MB/s, 500kB/s or 10Mbit/s; 0: no limit"),
				cli.StringFlag("loss", "`HOW-OFTEN` its connection breaks, as in 1/h or 6/m; 0: never"),
				cli.BoolFlag("clear", "the link is as fast as the machine again"), oneWay,
			},
			Description: `What is not named stays as it was. It holds from now on, in connections that stand.

  $ grapevine testnet link 0-2 --latency 80ms --jitter 20ms --rate 1MB/s --loss 1/h
  $ grapevine testnet link 0-1,2 --latency 50ms        the links of node 0 to 1 and to 2
  $ grapevine testnet link all --latency 100ms         every link
  $ grapevine testnet link all --clear`},
		{Name: "links", Usage: "who is connected to whom, and how", Action: p.netLinks,
			Description: "A row says to whom that node is connected (●), is not (○) or cannot be (✕), and below which links are shaped.\n\n  $ grapevine testnet links"},
	}
}

// shaped is what cut, heal and link print with --json.
type shaped struct {
	Links []testnet.Link `json:"links"`          // of the network, all that are not as they come
	Down  []int          `json:"down,omitempty"` // nodes that go by it when they start
	pairs []pair
	moved int // nodes that went by other rules before
}

// shape changes the ways of some links, in net.json first, and then tells the nodes that
// run. Killed in the middle, the next of these commands tells them all again. Without
// --one-way both ways of each link change.
func (p *program) shape(c *urfave.Context, local *process.Net, spec string, edit func(w pair, way testnet.Way) (testnet.Way, error)) (s shaped, err error) {
	if s.pairs, err = p.between(local.File(), spec); err != nil {
		return s, err
	}
	err = local.Change(func(f *testnet.File) error {
		ways, changed := f.Ways(), []testnet.Link{}
		change := func(w pair) error {
			way, err := edit(w, ways[w.ends()])
			changed = append(changed, testnet.Link{From: w.from, To: w.to, Way: way})
			return err
		}
		for _, w := range s.pairs {
			err := change(w)
			if err == nil && !c.Bool("one-way") {
				err = change(w.back())
			}
			if err != nil {
				return err
			}
		}
		f.SetWays(changed...)
		return nil
	})
	if err != nil {
		return s, err
	}
	f := local.File()
	s.Links = append([]testnet.Link{}, f.Links...)
	s.Down, s.moved, err = p.tellLinks(c.Context, f)
	return s, notAllTold(err)
}

// tellLinks gives all nodes that run the rules of the network's file; moved is how many
// had others.
func (p *program) tellLinks(ctx context.Context, f testnet.File) (down []int, moved int, err error) {
	changed := make(chan bool, len(f.Nodes))
	down, err = p.each(ctx, f.Nodes, func(ctx context.Context, m testnet.Member, n testnet.Node) error {
		var had, want []testnet.Pair
		if err := n.Call(ctx, "setlinks", &had); err != nil {
			return err
		}
		want = f.Pairs(m.Node)
		changed <- !sameRules(had, want)
		return n.Call(ctx, "setlinks", nil, want)
	})
	close(changed)
	for x := range changed {
		if x {
			moved++
		}
	}
	return down, moved, err
}

// sameRules, in whatever order.
func sameRules(a, b []testnet.Pair) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(x testnet.Pair) bool { return !slices.Contains(b, x) })
}

func (p *program) netCut(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	local, err := p.openNet(c)
	if err != nil {
		return cli.Fail("testnet cut", err)
	}
	fresh := 0
	s, err := p.shape(c, local, args[0], func(_ pair, way testnet.Way) (testnet.Way, error) {
		if !way.Cut {
			fresh++
		}
		way.Cut = true
		return way, nil
	})
	if err != nil {
		return cli.Fail("testnet cut", err)
	}
	if fresh == 0 && s.moved == 0 {
		return cli.Failf("testnet cut", "`grapevine testnet heal` ends all cuts; `grapevine testnet links` shows them.", "%s: cut already", named(s.pairs))
	}
	return p.Show(c, s, func(o *cli.Out) {
		how := "cut"
		if c.Bool("one-way") {
			how = "cut one way"
		}
		o.Printf("%s %s: %s\n", cli.Plural(len(s.pairs), "link"), how, named(s.pairs))
		p.showDown(o, s.Down)
		o.Printf("`%s` makes the network whole again\n", p.Advice("grapevine testnet heal"))
	})
}

func (p *program) showDown(o *cli.Out, down []int) {
	if len(down) > 0 {
		o.Printf("down, and so when it starts: %s\n", nodesText(down))
	}
}

func (p *program) netHeal(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 0, 1)
	if err != nil {
		return err
	}
	spec := "all"
	if len(args) > 0 {
		spec = args[0]
	}
	local, err := p.openNet(c)
	if err == nil {
		err = p.mend(c.Context, local)
	}
	if err != nil {
		return cli.Fail("testnet heal", err)
	}
	if len(args) == 0 && len(local.Members()) == 1 {
		return p.Show(c, struct {
			Healed int `json:"healed"`
			shaped
		}{0, shaped{Links: []testnet.Link{}}}, func(o *cli.Out) { o.Printf("the network has one node, and no links\n") })
	}
	healed := map[pair]bool{}
	s, err := p.shape(c, local, spec, func(w pair, way testnet.Way) (testnet.Way, error) {
		if way.Cut {
			healed[pair{min(w.from, w.to), max(w.from, w.to)}] = true
		}
		way.Cut = false
		return way, nil
	})
	if err != nil {
		return cli.Fail("testnet heal", err)
	}
	return p.Show(c, struct {
		Healed int `json:"healed"`
		shaped
	}{len(healed), s}, func(o *cli.Out) {
		switch {
		case len(healed) == 0 && len(args) > 0:
			o.Printf("%s was not cut\n", spec)
			return
		case len(healed) == 0:
			o.Printf("no link was cut\n")
			return
		}
		o.Printf("%s healed; the nodes dial each other now\n", cli.Plural(len(healed), "link"))
		p.showDown(o, s.Down)
	})
}

func (p *program) netLink(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	change, err := wayOf(c)
	if err != nil {
		return err
	}
	local, err := p.openNet(c)
	if err != nil {
		return cli.Fail("testnet link", err)
	}
	s, err := p.shape(c, local, args[0], func(w pair, way testnet.Way) (testnet.Way, error) {
		way = change(way)
		if err := way.Check(); err != nil {
			return way, cli.Usagef("link %v: %v", w, err)
		}
		return way, nil
	})
	if err != nil {
		return cli.Fail("testnet link", err)
	}
	return p.Show(c, s, func(o *cli.Out) {
		way := ""
		for _, l := range s.Links {
			if l.From == s.pairs[0].from && l.To == s.pairs[0].to {
				way = l.String()
			}
		}
		if way == "" {
			way = "as fast as the machine"
		}
		o.Printf("%s: %s\n", named(s.pairs), way)
		p.showDown(o, s.Down)
	})
}

// wayOf reads the flags of link: what they change.
func wayOf(c *urfave.Context) (func(testnet.Way) testnet.Way, error) {
	var rate int64
	var loss float64
	var err error
	if c.IsSet("rate") {
		if rate, err = testnet.ParseRate(c.String("rate")); err != nil {
			return nil, cli.Usagef("--rate %v", err)
		}
	}
	if c.IsSet("loss") {
		if loss, err = testnet.ParseLoss(c.String("loss")); err != nil {
			return nil, cli.Usagef("--loss %v", err)
		}
	}
	for _, name := range []string{"latency", "jitter"} {
		if d := c.Duration(name); d < 0 || d > time.Minute {
			return nil, cli.Usagef("--%s %v: want a time from 0 to 30s", name, d)
		}
	}
	shaping := c.IsSet("latency") || c.IsSet("jitter") || c.IsSet("rate") || c.IsSet("loss")
	if shaping == c.Bool("clear") {
		return nil, cli.Usagef("testnet link wants some of --latency, --jitter, --rate and --loss, or --clear")
	}
	return func(w testnet.Way) testnet.Way {
		if c.Bool("clear") {
			return testnet.Way{Cut: w.Cut}
		}
		if c.IsSet("latency") {
			w.Latency = testnet.Span(c.Duration("latency"))
		}
		if c.IsSet("jitter") {
			w.Jitter = testnet.Span(c.Duration("jitter"))
		}
		if c.IsSet("rate") {
			w.Rate = rate
		}
		if c.IsSet("loss") {
			w.Loss = loss
		}
		return w
	}, nil
}

// linkView is one link of `testnet links --json`, in the direction from A to B and back.
type linkView struct {
	A         int         `json:"a"`
	B         int         `json:"b"`
	Connected bool        `json:"connected"`
	Out       testnet.Way `json:"a_to_b"`
	In        testnet.Way `json:"b_to_a"`
}

func (p *program) netLinks(c *urfave.Context) error {
	if _, err := cli.WantArgs(c, 0, 0); err != nil {
		return err
	}
	local, err := p.openNet(c)
	if err != nil {
		return cli.Fail("testnet links", err)
	}
	f := local.File()
	if len(running(f.Nodes)) == 0 {
		return cli.Fail("testnet links", errAllDown)
	}
	connected, stale, err := p.connected(c.Context, f)
	if err != nil {
		return cli.Fail("testnet links", err)
	}
	views, ways := []linkView{}, f.Ways()
	for i, a := range f.Nodes {
		for _, b := range f.Nodes[i+1:] {
			w := pair{a.Node, b.Node}
			views = append(views, linkView{a.Node, b.Node, connected[w], ways[w.ends()], ways[w.back().ends()]})
		}
	}
	return p.Show(c, struct {
		Links []linkView `json:"links"`
		Stale []int      `json:"not_told,omitempty"`
	}{views, stale}, func(o *cli.Out) {
		showMatrix(o, f, connected)
		if len(stale) > 0 {
			o.Printf("\nnot told yet, for the command that was to tell was ended: %s. `%s` tells all nodes again.\n", nodesText(stale), p.Advice("grapevine testnet heal"))
		}
	})
}

// connected tells which nodes are, both ways round, and which nodes go by other rules
// than the network's file says.
func (p *program) connected(ctx context.Context, f testnet.File) (links map[pair]bool, stale []int, err error) {
	net := testnet.Network{Members: f.Nodes, Nodes: make([]testnet.Node, len(f.Nodes))}
	clients, differ := make([]*client.Client, len(f.Nodes)), make([]bool, len(f.Nodes))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, m := range f.Nodes {
		if m.PID == 0 {
			continue
		}
		g.Go(func() error {
			cl, err := cli.DialMember(m)
			if err != nil {
				return err
			}
			var had []testnet.Pair
			if cl.Call(ctx, "setlinks", &had) == nil { // else it is going, comes just now, or hangs
				clients[i], differ[i] = cl, !sameRules(had, f.Pairs(m.Node))
			} else {
				cl.Close()
			}
			return nil
		})
	}
	err = g.Wait()
	for i, m := range f.Nodes {
		if clients[i] != nil {
			defer clients[i].Close()
			net.Nodes[i] = clients[i]
		}
		if differ[i] {
			stale = append(stale, m.Node)
		}
	}
	var all [][]int
	if err == nil {
		all, err = net.Links(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	links = map[pair]bool{}
	for i, others := range all {
		for _, j := range others {
			a, b := f.Nodes[i].Node, f.Nodes[j].Node
			links[pair{a, b}], links[pair{b, a}] = true, true
		}
	}
	return links, stale, nil
}

// widestMatrix is how many nodes a terminal shows side by side.
const widestMatrix = 24

func showMatrix(o *cli.Out, f testnet.File, connected map[pair]bool) {
	head := []string{"node"}
	for _, m := range f.Nodes {
		head = append(head, fmt.Sprint(m.Node))
	}
	t, cuts := cli.NewTable(head...), f.Ways()
	for _, a := range f.Nodes {
		row := []string{fmt.Sprint(a.Node)}
		for _, b := range f.Nodes {
			w := pair{a.Node, b.Node}
			cell := "○"
			switch {
			case a.Node == b.Node:
				cell = "·"
			case cuts[w.ends()].Cut:
				cell = o.Paint(cli.Red, "✕")
			case connected[w]:
				cell = o.Paint(cli.Green, "●")
			}
			row = append(row, cell)
		}
		t.Row(row...)
	}
	if len(f.Nodes) <= widestMatrix {
		t.Write(o, "")
		o.Printf("● connected  ○ not  ✕ cut, from the row's node to the column's\n")
	} else {
		o.Printf("%s of %d nodes\n", cli.Plural(len(connected)/2, "connection"), len(f.Nodes))
	}
	if len(f.Links) == 0 {
		return
	}
	ways := cli.NewTable(">from", ">to", "how")
	for _, l := range f.Links {
		ways.Row(fmt.Sprint(l.From), fmt.Sprint(l.To), l.Way.String())
	}
	o.Printf("\n")
	ways.Write(o, "")
}
