package simulatecmd

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet/model"
	"grapevine/testnet/model/picture"
)

type program struct{ *cli.Program }

// Command is `grapevine testnet simulate`.
func Command(on *cli.Program) *urfave.Command {
	p := &program{on}
	d := model.Default()
	return &urfave.Command{
		Name:  "simulate",
		Usage: "thousands of nodes in virtual time: how fast news travels, and at what cost",
		Description: `Runs the gossip code of this program (not a model of it) for every node, without sockets
or processes, in virtual time. The same seed gives the same run, to the last byte. At the end
it proves that all nodes have one tip and every transaction, and that nothing is left over.

  $ grapevine testnet simulate
  $ grapevine testnet simulate --nodes 1000 --regions --svg news.svg
  $ grapevine testnet simulate --validation 300ms --seeds 20
  $ grapevine testnet simulate --partition 3x60s --churn 20 --liars 10
  $ grapevine testnet simulate --nodes 12 --blocks 2000 --txs 0 --interval 60s --power 40 --selfish
  $ grapevine testnet simulate --nodes 200 --txs 500 --csv news.csv

Redundancy is what was sent twice, the orphan rate that of stale blocks. --json prints all
figures, with the curves of the picture; --csv tells which node had what when, to plot it yourself.`,
		Flags: []urfave.Flag{
			cli.IntFlag("nodes", d.Nodes, "`N` nodes (10,000 take a minute and 1 GiB)"),
			cli.IntFlag("outbound", d.Outbound, "`N` links that each node dials; as many come in (fewer in a small network)"),
			span("latency", d.Latency, "`TIME` one way, on every link"),
			cli.IntFlag("jitter", 0, "`PERCENT` by which the latencies of links differ, up and down (20 with --regions, as SimBlock has it)"),
			cli.IntFlag("rate", 0, "`BYTES` a second of each node's line, up and down; 0 is no limit"),
			cli.BoolFlag("regions", "latencies and lines of the world of 2019 (SimBlock's figures) instead"),
			cli.IntFlag("blocks", d.Blocks, "`N` blocks that somebody finds"),
			span("interval", d.Interval, "`TIME` between blocks, on average; short ones make stale blocks"),
			cli.IntFlag("txs", d.Txs, "`N` transactions that somebody makes"),
			cli.IntFlag("txsize", d.TxSize, "`BYTES` of a transaction; what comes between two blocks makes a block"),
			span("validation", d.Validation, "`TIME` that a node takes to check a block"),
			cli.StringFlag("power", "`PERCENTS` of the hash power that nodes 0, 1, … have, as in 30,20; the others share the rest"),
			cli.BoolFlag("selfish", "node 0 withholds its blocks as a selfish miner does"),
			cli.StringFlag("partition", "`TIME` for which the network is cut: 60s in two parts, 3x60s in three"),
			cli.IntFlag("churn", 0, "`PERCENT` of the nodes are killed and come back"),
			cli.IntFlag("liars", 0, "`PERCENT` of the nodes do not answer, invent or forge (at most 50)"),
			cli.IntFlag("loss", 0, "`N` times an hour each link breaks"),
			cli.BoolFlag("public", "announce transactions as on public networks: later, for privacy"),
			cli.IntFlag("stock", 0, "`PERCENT` of the nodes do not tell what they hold, as Bitcoin Core's do not"),
			cli.IntFlag("seed", int(d.Seed), "`N` that chance is drawn from"),
			cli.IntFlag("seeds", 1, "`N` runs, one for each seed from --seed on; medians are shown"),
			cli.StringFlag("config", "`FILE` that describes the network, network.yaml: its nodes, hash power, first link and seed count where no flag does"),
			cli.StringFlag("svg", "`FILE` for a picture of how news spread"),
			cli.StringFlag("csv", "`FILE` for every single arrival"),
		},
		Action: p.simulate,
	}
}

func span(name string, d time.Duration, usage string) urfave.Flag {
	return &urfave.DurationFlag{Name: name, Value: d, Usage: usage, EnvVars: cli.EnvVars(name)}
}

func (p *program) simulate(c *urfave.Context) error {
	if _, err := cli.WantArgs(c, 0, 0); err != nil {
		return err
	}
	cfg, err := p.simulation(c)
	if err != nil {
		return err
	}
	files, err := cli.OpenFiles(c.String("svg"), c.String("csv"))
	if err != nil {
		return cli.Failf("testnet simulate", "Name a file in a directory that is there and yours.", "%w", err)
	}
	defer files.Close()
	bar := p.Err.NewProgress("simulating", "arrivals")
	cfg.Progress = func(done, total int) { bar.Update(int64(done), int64(total), "") }
	began := time.Now()
	runs, err := model.RunSeeds(c.Context, cfg, c.Int("seeds"))
	bar.Done()
	if err != nil {
		return cli.Fail("testnet simulate", err)
	}
	r := model.Merge(runs)
	err = files.Write(func(w io.Writer) error { return picture.SVG(w, r) }, func(w io.Writer) error { return writeArrivals(w, runs) })
	if err != nil {
		return cli.Fail("testnet simulate", err)
	}
	took := time.Since(began)
	if err := p.Show(c, r, func(o *cli.Out) { showSimulation(o, r, took) }); err != nil {
		return err
	}
	if len(r.Wrong) > 0 {
		return cli.Failf("testnet simulate", "The same seed shows it again: that is a fault of grapevine, please report it.",
			"%d things did not hold, the first: %s", len(r.Wrong), r.Wrong[0])
	}
	return nil
}

// simulation reads the flags.
func (p *program) simulation(c *urfave.Context) (model.Config, error) {
	cfg := model.Default()
	if err := inRange(c); err != nil {
		return cfg, err
	}
	cfg.Nodes, cfg.Outbound = c.Int("nodes"), c.Int("outbound")
	cfg.Latency, cfg.Regions, cfg.Rate = c.Duration("latency"), c.Bool("regions"), int64(c.Int("rate"))
	cfg.Blocks, cfg.Interval, cfg.Txs = c.Int("blocks"), c.Duration("interval"), c.Int("txs")
	cfg.Validation, cfg.Public, cfg.TxSize = c.Duration("validation"), c.Bool("public"), c.Int("txsize")
	percent := func(name string) float64 { return float64(c.Int(name)) / 100 }
	cfg.Churn, cfg.Liars, cfg.Stock, cfg.Jitter = percent("churn"), percent("liars"), percent("stock"), percent("jitter")
	cfg.Loss, cfg.Selfish, cfg.Keep = float64(c.Int("loss")), c.Bool("selfish"), c.String("csv") != ""
	var err error
	file := c.String("config")
	if file != "" {
		if err := p.described(c, file, &cfg); err != nil {
			return cfg, err
		}
	}
	if cfg.Regions && !c.IsSet("jitter") {
		cfg.Jitter = regionsJitter
	}
	if !c.IsSet("outbound") && cfg.Nodes > 1 {
		cfg.Outbound = min(cfg.Outbound, cfg.Nodes-1)
	}
	if c.Int("seed") < 0 {
		return cfg, cli.Usagef("--seed %d: want 0 or more", c.Int("seed"))
	}
	if file == "" || c.IsSet("seed") {
		cfg.Seed = uint64(c.Int("seed"))
	}
	if said := c.String("power"); file == "" || said != "" {
		if cfg.Power, err = power(said); err != nil {
			return cfg, err
		}
	}
	if cfg.Groups, cfg.Partition, err = parts(c.String("partition")); err != nil {
		return cfg, err
	}
	if n := c.Int("seeds"); n < 1 || n > 100_000 {
		return cfg, cli.Usagef("--seeds %d: want 1 to 100000", n)
	}
	if err := cfg.Check(); err != nil {
		return cfg, cli.Usagef("%v", err)
	}
	return cfg, nil
}

// inRange refuses, in the flags' own units, what the simulator refuses in its own.
func inRange(c *urfave.Context) error {
	for name, most := range map[string]int{"churn": 100, "stock": 100, "jitter": 100, "liars": 50} {
		if n := c.Int(name); n < 0 || n > most {
			return cli.Usagef("--%s %d: want 0 to %d, per cent", name, n, most)
		}
	}
	for _, name := range []string{"latency", "validation"} {
		if d := c.Duration(name); d < 0 {
			return cli.Usagef("--%s %v: want 0 or more", name, d)
		}
	}
	if n := c.Int("rate"); n < 0 {
		return cli.Usagef("--rate %d: want 0 or more bytes a second", n)
	}
	return nil
}

// regionsJitter is how much SimBlock lets latencies vary.
const regionsJitter = 0.2

// parts reads --partition: 60s, or 3x60s.
func parts(s string) (groups int, d time.Duration, err error) {
	if s == "" {
		return 0, 0, nil
	}
	groups, span := 2, s
	if k, rest, found := strings.Cut(s, "x"); found {
		groups, err = strconv.Atoi(k)
		span = rest
	}
	if err == nil {
		d, err = time.ParseDuration(span)
	}
	if err != nil || groups < 2 || d <= 0 {
		return 0, 0, cli.Usagef("--partition %q: want a time, or parts and a time as in 3x60s", s)
	}
	return groups, d, nil
}

// power reads --power: 30,20 is 30 % and 20 %.
func power(s string) (shares []float64, err error) {
	if s == "" {
		return nil, nil
	}
	for field := range strings.SplitSeq(s, ",") {
		percent, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
		if err != nil || !(percent >= 0 && percent <= 100) {
			return nil, cli.Usagef("--power %q: want percents as in 30,20", s)
		}
		shares = append(shares, percent/100)
	}
	return shares, nil
}

// messagesShown of a run: the rest is small.
const messagesShown = 6

func showSimulation(o *cli.Out, r *model.Result, took time.Duration) {
	o.Printf("%s\n\n", r.Title())
	t := cli.NewTable("", ">half of the nodes", ">90 %", ">99 %", ">the last")
	row := func(name string, s model.Spread) {
		if s.Items > 0 {
			t.Row(name, inSeconds(s.P50), inSeconds(s.P90), inSeconds(s.P99), inSeconds(s.Last))
		}
	}
	row("a block reaches", r.Blocks)
	row("a transaction", r.Txs)
	t.Write(o, "  ")
	o.Printf("\n")
	cli.Pairs(o, "  ",
		[2]string{"bytes per node", cli.Bytes(int64(r.InBytes)) + " in; the busiest sent " + cli.Bytes(int64(r.OutBytes))},
		[2]string{"sent twice", fmt.Sprintf("%.1f %% of block bodies, %.1f %% of transactions", 100*r.ExtraBody, 100*r.ExtraTx)},
		[2]string{"stale blocks", fmt.Sprintf("%.1f %% of %d", 100*r.Stale, r.Found)},
		[2]string{"faults", faults(r)},
		[2]string{"simulated", fmt.Sprintf("%s of virtual time in %s, %s steps", cli.Short(time.Duration(r.Seconds*float64(time.Second))), cli.Short(took), cli.Count(int64(r.Steps)))},
	)
	o.Printf("\n")
	showMiners(o, r)
	m := cli.NewTable("message", ">sent", ">bytes")
	for _, s := range r.Said[:min(len(r.Said), messagesShown)] {
		if s.Count > 0 {
			m.Row(s.Name, cli.Count(s.Count), cli.Bytes(s.Bytes))
		}
	}
	m.Write(o, "  ")
	if len(r.Wrong) == 0 {
		held := "One tip, every transaction everywhere, no request without an owner, nothing left over."
		if r.Config.Public && r.Drops+r.Breaks+r.Stops > 0 { // there nobody tells a newcomer of the pool
			held = "One tip, no request without an owner, nothing left over."
		}
		o.Printf("\n%s\n", o.Paint(cli.Green, held))
		return
	}
	o.Printf("\n")
	for _, w := range r.Wrong {
		o.Printf("  %s\n", o.Paint(cli.Red, w))
	}
}

func showMiners(o *cli.Out, r *model.Result) {
	if len(r.Miners) == 0 {
		return
	}
	t := cli.NewTable(">node", ">hash power", ">found", ">in the chain", ">of the chain")
	for _, m := range r.Miners {
		t.Row(fmt.Sprint(m.Node), fmt.Sprintf("%.1f %%", 100*m.Power), cli.Count(int64(m.Found)), cli.Count(int64(m.Kept)), fmt.Sprintf("%.1f %%", 100*m.Share))
	}
	t.Write(o, "  ")
	o.Printf("\n")
}

func faults(r *model.Result) string {
	if r.Drops+r.Breaks+r.Stops == 0 {
		return ""
	}
	return fmt.Sprintf("%d nodes killed, %d links broke, %d dropped by a node", r.Stops, r.Breaks, r.Drops)
}

func inSeconds(s float64) string { return fmt.Sprintf("%.2f s", s) }
