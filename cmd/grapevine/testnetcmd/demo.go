package testnetcmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet/demo"
	"grapevine/testnet/process"
)

// demoScratch is the kind of the demo's folders.
const demoScratch = "grapevine-demo-"

// demo runs the story on a network of its own in a fresh directory, and leaves
// nothing behind unless it failed.
func (p *program) demo(c *urfave.Context) error {
	scratch, err := process.NewScratch(demoScratch)
	if err != nil {
		return cli.Fail("testnet demo", err)
	}
	var local *process.Net
	cfg, err := p.netConfig(scratch.Dir, false)
	if err == nil {
		local, err = process.Create(cfg)
	}
	if err != nil {
		return cli.Fail("testnet demo", errors.Join(err, scratch.Remove()))
	}
	teller := &teller{o: p.Out}
	if c.Bool("json") {
		teller.o = p.Err
	}
	opt := demo.Options{Past: shortPast}
	if pace := p.pace(c, teller.o); pace > 0 {
		opt = demo.Options{Past: longPast, Slow: slowDownload}
		teller.pause = func() {
			select {
			case <-c.Context.Done():
			case <-time.After(pace):
			}
		}
	}
	teller.title()
	res, err := demo.Run(c.Context, local, teller, opt)
	if err == nil {
		err = p.founding(c.Context, teller, &res)
	}
	if err != nil {
		teller.endBar()
		err = errors.Join(err, local.Stop(context.WithoutCancel(c.Context)))
		if c.Context.Err() != nil {
			return errors.Join(cli.Fail("testnet demo", c.Context.Err()), scratch.Remove())
		}
		return cli.Failf("testnet demo", "The nodes have been stopped; what they said is in "+scratch.Dir+"/node*/node.log", "%w", errors.Join(err, scratch.Keep()))
	}
	leave := scratch.Remove
	if c.Bool("keep") {
		teller.o.Printf("\nThe data is kept in %s\n", scratch.Dir)
		leave = scratch.Keep
	}
	if err := leave(); err != nil {
		return cli.Fail("testnet demo", err)
	}
	teller.farewell(res)
	if c.Bool("json") {
		return p.PrintJSON(res)
	}
	return nil
}

// The newcomer's past is long where somebody watches, so that its sync takes
// longer than a blink.
const (
	shortPast = 500  // blocks
	longPast  = 4000 // blocks, of some 250 bytes

	slowDownload = 250_000 // bytes a second: four seconds for the long past
)

// usualPace is how long the story rests after each paragraph where somebody
// reads it.
const usualPace = 1500 * time.Millisecond

// pace is what --pace says; else the usual one on a terminal, and none elsewhere.
func (p *program) pace(c *urfave.Context, o *cli.Out) time.Duration {
	switch {
	case c.IsSet("pace"):
		return c.Duration("pace")
	case o.TTY():
		return usualPace
	}
	return 0
}

// teller shows the story on a terminal.
type teller struct {
	o     *cli.Out
	bar   *cli.Progress
	pause func() // after a paragraph; nil does not
}

// maxText is how wide prose is: longer lines are hard to read.
const maxText = 92 // columns

func (t *teller) width() int { return min(t.o.Width(), maxText) }

func (t *teller) title() {
	t.o.Printf("\n%s\n%s", t.o.Paint(cli.Bold, "grapevine: money that passes from hand to hand, without a server"),
		cli.Wrap("What follows is real: real processes, real connections, Bitcoin's own rules and messages. Each ✓ is a check; the first that fails ends the demo with an error.", "", t.width()))
}

// Chapter is demo.Teller's.
func (t *teller) Chapter(number int, title string) {
	rule := strings.Repeat("─", max(3, t.width()-len(title)-5))
	t.o.Printf("\n%s %s %s\n", t.o.Paint(cli.Cyan, fmt.Sprint(number)), t.o.Paint(cli.Bold, title), t.o.Paint(cli.Dim, rule))
}

// Say is demo.Teller's.
func (t *teller) Say(text string) {
	t.o.Printf("%s", cli.Wrap(text, "  ", t.width()))
	if t.pause != nil {
		t.pause()
	}
}

// Table is demo.Teller's.
func (t *teller) Table(head []string, rows [][]any) {
	tab := cli.NewTable(head...)
	for _, r := range rows {
		cells := make([]string, len(r))
		for i, v := range r {
			cells[i] = fmt.Sprint(v)
		}
		tab.Row(cells...)
	}
	t.o.Printf("\n")
	tab.Write(t.o, "    ")
	t.o.Printf("\n")
}

// Bar is demo.Teller's.
func (t *teller) Bar(label, unit string) demo.Bar {
	t.bar = t.o.NewProgress("  "+label, unit)
	return t.bar
}

func (t *teller) endBar() {
	if t.bar != nil {
		t.bar.Done()
	}
}

// Check is demo.Teller's.
func (t *teller) Check(text string) {
	t.o.Printf("  %s %s\n", t.o.Paint(cli.Green, "✓"), text)
}

func (t *teller) farewell(res demo.Result) {
	t.o.Printf("\n%s\n\nNow your own: %s starts a network that stays.\n",
		t.o.Paint(cli.Green, fmt.Sprintf("All %d checks held, in %s.", res.Checks, cli.Short(res.Took))),
		t.o.Paint(cli.Bold, "grapevine testnet up"))
}
