package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/chain"
	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/events"
)

func (p *program) traceCommand() *urfave.Command {
	return &urfave.Command{
		Name:      "trace",
		Usage:     "the way of a transaction or block: heard when and from whom, judged, relayed to whom",
		ArgsUsage: "TXID|BLOCKHASH",
		Description: `A node knows the way of what it has met lately (its newest 32,768 events about transactions, 8,192 others).

  $ grapevine trace 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b
  $ grapevine trace --all 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b --json    from node to node of the local network`,
		Flags: []urfave.Flag{
			cli.BoolFlag("all", "ask all nodes of the local network that are up"),
			cli.BoolFlag("events", "list every event, not only what each node did"),
		},
		Action: p.trace,
	}
}

func (p *program) trace(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	hash, err := cli.ParseHash(args[0])
	if err != nil {
		return cli.Usagef("%q: %v", cli.Printable(args[0]), err)
	}
	t, err := p.askTrace(c, hash)
	if err != nil {
		return cli.Fail("trace", err)
	}
	if len(t.Events) == 0 && !c.Bool("json") {
		return cli.Failf("trace", "A node knows of what it has met since its start, and lately: try --all, or another node.", "nothing is known of the way of %s", hash)
	}
	return p.Show(c, t, func(o *cli.Out) { showTrace(o, t, c.Bool("events") || len(t.Hops) == 1) })
}

// askTrace asks the nodes that the line means.
func (p *program) askTrace(c *urfave.Context, hash chain.Hash) (events.Trace, error) {
	nodes, names, err := p.watchable(c)
	if err != nil {
		return events.Trace{}, err
	}
	defer hangUp(nodes)
	var lists [][]events.Event
	for _, n := range nodes {
		var list []events.Event
		if err := n.Call(c.Context, "traceevents", &list, hash.String()); err != nil {
			return events.Trace{}, err
		}
		for i := range list {
			if n.number != "" {
				list[i].Node = n.number
			}
		}
		lists = append(lists, list)
	}
	return names.Trace(hash, lists...), nil
}

// showTrace writes what each node did, a row each, and perhaps every event.
func showTrace(o *cli.Out, t events.Trace, each bool) {
	begun := t.Events[0].Time
	after := func(at *time.Time) string {
		if at == nil {
			return ""
		}
		return fmt.Sprintf("+%.1f ms", float64(at.Sub(begun).Microseconds())/1000)
	}
	o.Printf("%s, first heard of at %s\n\n", t.Hash, begun.Local().Format("15:04:05.000"))
	table := cli.NewTable("node", "heard", "from", "given", "by", "judged", "verdict", "told")
	for _, h := range t.Hops {
		verdict := h.Verdict
		if h.Reason != "" {
			verdict += ": " + h.Reason
		}
		table.Row(cli.Printable(cmp.Or(h.Node, "this")), after(h.Heard), cli.Printable(h.From), after(h.Given), cli.Printable(h.By), after(h.Judged),
			cli.Printable(verdict), cli.Sentences(strings.Join(h.Relayed, ", ")))
	}
	table.Write(o, "")
	if !each {
		return
	}
	o.Printf("\n")
	for i := range t.Events {
		e := &t.Events[i]
		who := ""
		if e.Node != "" {
			who = "node " + cli.Printable(e.Node)
		}
		o.Printf("  %12s  %-8s %s\n", after(&e.Time), who, e.Text())
	}
}
