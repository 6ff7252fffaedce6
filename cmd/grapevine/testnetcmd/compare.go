package testnetcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet"
	"grapevine/testnet/compare"
	"grapevine/testnet/demo"
	"grapevine/testnet/process"
)

// compareCommand is `grapevine testnet compare`.
func (p *program) compareCommand() *urfave.Command {
	text := func(name, value, usage string) urfave.Flag {
		f := cli.StringFlag(name, usage)
		f.Value = value
		return f
	}
	return &urfave.Command{
		Name:  "compare",
		Usage: "client-server against peer-to-peer: newcomers fetch one chain, both ways, measured and drawn",
		Description: `Starts a seed that alone has a chain and may send so many bytes a second, and newcomers that all
want it at once: first as clients, each from the seed alone and giving nobody, then as peers that give
what they have. Nothing can be faster than the bounds: N copies through the seed's line, or one.
With --with a third time with newcomers of another program. --model does the same in virtual time.

  $ grapevine testnet compare                                      8 newcomers, 50 MB at 4 MB/s: two minutes
  $ grapevine testnet compare --nodes 4 --size 5MB                 a small one, in ten seconds
  $ grapevine testnet compare --nodes 16 --runs 3 --svg swarm.svg --csv swarm.csv
  $ grapevine testnet compare --with bitcoind=/usr/bin/bitcoind
  $ grapevine testnet compare --nodes 2 --size 5MB --model 10,100,1000

It starts a network of its own in a fresh directory and takes it away again.`,
		Flags: []urfave.Flag{
			cli.IntFlag("nodes", 8, "`N` newcomers"),
			text("size", "50MB", "`BYTES` of the chain, as 50MB or 64MiB"),
			text("block", "250kB", "`BYTES` of a block, the piece that is fetched from one peer"),
			text("seedrate", "4MB/s", "`BYTES` a second that the seed sends to all together, as 4MB/s"),
			cli.StringFlag("rate", "`BYTES` a second that each newcomer may send (default no limit)"),
			cli.IntFlag("runs", 1, "`N` times each way, in turn; all are drawn"),
			cli.StringFlag("with", "`PROGRAM` that newcomers are too, as peers: bitcoind=PATH or btcd=PATH"),
			cli.StringFlag("model", "`NUMBERS` of newcomers in virtual time too, as 10,100,1000 (10,000 take minutes)"),
			cli.StringFlag("svg", "`FILE` for a picture of all runs beside the bounds"),
			cli.StringFlag("csv", "`FILE` for every newcomer's time and bytes"),
			cli.BoolFlag("keep", "keep the data directories afterwards"),
		},
		Action: p.compare,
	}
}

func (p *program) compare(c *urfave.Context) error {
	if _, err := cli.WantArgs(c, 0, 0); err != nil {
		return err
	}
	cfg, err := comparison(c)
	if err != nil {
		return err
	}
	files, err := cli.OpenFiles(c.String("svg"), c.String("csv"))
	if err != nil {
		return cli.Failf("testnet compare", "Name a file in a directory that is there and yours.", "%w", err)
	}
	defer files.Close()
	scratch, err := process.NewScratch("grapevine-compare-")
	if err != nil {
		return cli.Fail("testnet compare", err)
	}
	res, err := p.measure(c.Context, scratch.Dir, cfg)
	switch {
	case err == nil && c.Bool("keep"):
		err = scratch.Keep()
		p.Err.Printf("The data is kept in %s\n", scratch.Dir)
	case err == nil || c.Context.Err() != nil:
		err = errors.Join(err, scratch.Remove())
	default:
		return cli.Failf("testnet compare", "The nodes have been stopped; what they said is in "+scratch.Dir+"/*/*.log", "%w", errors.Join(err, scratch.Keep()))
	}
	if err != nil {
		return cli.Fail("testnet compare", err)
	}
	err = files.Write(func(w io.Writer) error { return compare.SVG(w, res) }, func(w io.Writer) error { return compare.CSV(w, res) })
	if err != nil {
		return cli.Fail("testnet compare", err)
	}
	return p.Show(c, res, func(o *cli.Out) { showComparison(o, res) })
}

// measure runs it in a network of its own.
func (p *program) measure(ctx context.Context, dir string, cfg compare.Config) (*compare.Result, error) {
	return p.measureWith(ctx, dir, cfg, func(what, unit string) demo.Bar { return p.Err.NewProgress(what, unit) })
}

// measureWith shows its progress by bars that begin makes.
func (p *program) measureWith(ctx context.Context, dir string, cfg compare.Config, begin func(what, unit string) demo.Bar) (*compare.Result, error) {
	conf, err := p.netConfig(dir, false)
	if err != nil {
		return nil, err
	}
	local, err := process.Create(conf)
	if err != nil {
		return nil, err
	}
	if cfg.With != nil {
		cfg.With.Dir, cfg.With.Dial = dir, conf.Dial
	}
	var bar demo.Bar
	last := ""
	cfg.Progress = func(what string, done, total int64) {
		if what != last {
			if last = what; bar != nil {
				bar.Done()
			}
			bar = begin(what, unitOf(what))
		}
		bar.Update(done, total, "")
	}
	res, err := compare.Measure(ctx, local, cfg)
	if bar != nil {
		bar.Done()
	}
	if err != nil {
		err = errors.Join(err, local.Stop(context.WithoutCancel(ctx)))
	}
	return res, err
}

func unitOf(what string) string {
	if strings.HasPrefix(what, "starting") {
		return "nodes"
	}
	return "blocks"
}

// comparison reads the flags.
func comparison(c *urfave.Context) (compare.Config, error) {
	cfg := compare.Config{Nodes: c.Int("nodes"), Runs: c.Int("runs")}
	var piece int64
	for _, f := range []struct {
		name string
		to   *int64
		read func(string) (int64, error)
	}{{"size", &cfg.Size, testnet.ParseBytes}, {"block", &piece, testnet.ParseBytes}, {"seedrate", &cfg.SeedRate, testnet.ParseRate}, {"rate", &cfg.Rate, testnet.ParseRate}} {
		if c.String(f.name) == "" {
			continue // rate: no limit
		}
		var err error
		if *f.to, err = f.read(c.String(f.name)); err != nil {
			return cfg, cli.Usagef("--%s %v", f.name, err)
		}
	}
	if piece < compare.MinPiece || piece > compare.MaxPiece {
		return cfg, cli.Usagef("--block %s: want %d to %d bytes", c.String("block"), compare.MinPiece, compare.MaxPiece)
	}
	cfg.Piece = int(piece)
	if with := c.String("with"); with != "" {
		var err error
		if cfg.With, err = compare.ParseWith(with); err != nil {
			return cfg, cli.Usagef("--with %v", err)
		}
	}
	if list := c.String("model"); list != "" {
		for field := range strings.SplitSeq(list, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(field))
			if err != nil {
				return cfg, cli.Usagef("--model %q: want numbers of newcomers as in 10,100,1000", list)
			}
			cfg.Model = append(cfg.Model, n)
		}
	}
	if err := cfg.Check(); err != nil {
		return cfg, cli.Usagef("%v", err)
	}
	return cfg, nil
}

// showComparison is the table: a line for each run.
func showComparison(o *cli.Out, r *compare.Result) {
	o.Printf("%s in %s; the seed sends %s a second to all together; %s; %s\n\n", megabytes(r.Bytes), cli.Plural(r.Blocks, "block"), megabytes(r.SeedRate), r.Date, r.Machine)
	t := cli.NewTable("", ">newcomers", ">first", ">median", ">last", ">bound", ">÷ bound", ">seed's copies", "each took", "each gave")
	for _, x := range r.Runs {
		name := string(x.Way)
		if x.Model {
			name += ", model"
		}
		row := []string{name, cli.Count(int64(x.Nodes))}
		for _, s := range []float64{x.First, x.Median, x.Last, x.Bound()} {
			row = append(row, span1(s))
		}
		row = append(row, fmt.Sprintf("%.2f", x.Last/x.Bound()), fmt.Sprintf("%.2f", x.Copies))
		if len(x.Newcomers) > 0 {
			took, gave := spread(x.Newcomers)
			row = append(row, took, gave)
		}
		t.Row(row...)
	}
	t.Write(o, "  ")
	o.Printf("\nBounds: client and server, %s; peers, %s.\n", "each newcomer's copy through the seed's one line", "one copy through it, for everybody passes on what it has")
}

func span1(s float64) string { return cli.Short(time.Duration(s * float64(time.Second))) }

// spread of what newcomers took and gave: the least and the most.
func spread(all []compare.Newcomer) (took, gave string) {
	least, most := all[0], all[0]
	for _, n := range all {
		least.Took, most.Took = min(least.Took, n.Took), max(most.Took, n.Took)
		least.Gave, most.Gave = min(least.Gave, n.Gave), max(most.Gave, n.Gave)
	}
	return between(least.Took, most.Took), between(least.Gave, most.Gave)
}

// megabytes: lines are sold by the million, so sizes here are told so too.
func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func between(least, most int64) string {
	if a, b := megabytes(least), megabytes(most); a != b {
		return a + " to " + b
	}
	return megabytes(most)
}

var _ compare.Lab = (*process.Net)(nil)
