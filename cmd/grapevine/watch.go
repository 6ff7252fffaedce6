package main

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	urfave "github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"grapevine/chain"
	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/client"
	"grapevine/cmd/rpc/events"
	"grapevine/p2p"
	"grapevine/testnet"
)

func (p *program) watchCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "watch",
		Usage: "what a node hears, judges and relays, as it happens",
		Description: `With --json each line is an event as docs/events.md describes it: the same that GET /events streams.

  $ grapevine watch                              the node on the default data directory
  $ grapevine watch --json --kind judged,tip     verdicts and new tips alone, for programs
  $ grapevine watch --all --json                 every node of the local network, merged`,
		Flags: []urfave.Flag{
			cli.BoolFlag("all", "watch all nodes of the local network that are up"),
			cli.ListFlag("kind", "`KIND` of events, with commas between: heard, asked, judged, relayed, removed, tip, reorganisation, connected, disconnected, peer"),
			cli.StringFlag("about", "`HASH` of a transaction (txid or wtxid) or block: what is about it alone"),
			cli.StringFlag("since", "`WHEN` to begin: now, all that the node still knows, or the seq of the last event that was seen"),
		},
		Action: p.watch,
	}
}

// watchedNode is a node whose events are asked for.
type watchedNode struct {
	number string // in the local network; "": it is alone
	*client.Client
}

// watchable are the nodes that the line means, and who is who among them.
func (p *program) watchable(c *urfave.Context) (nodes []watchedNode, names *events.Names, err error) {
	if !c.Bool("all") {
		cl, err := p.Dial(c)
		return []watchedNode{{"", cl}}, events.NewNames(nil), err
	}
	f, err := p.Net(c)
	if err != nil {
		return nil, nil, err
	}
	listens := map[string]string{}
	for _, m := range f.Nodes {
		number := strconv.Itoa(m.Node)
		if m.P2P != "" {
			listens[m.P2P] = number
		}
		if m.PID == 0 {
			continue
		}
		cl, err := cli.DialMember(m)
		if err != nil {
			return nil, nil, err
		}
		nodes = append(nodes, watchedNode{number, cl})
	}
	if len(nodes) == 0 {
		return nil, nil, testnet.ErrDown
	}
	names = events.NewNames(listens)
	for _, n := range nodes {
		var peers []p2p.PeerInfo
		if err := n.Call(c.Context, "getpeerinfo", &peers); err != nil {
			continue // its connections are learned from the others
		}
		for _, q := range peers {
			names.End(n.number, q.LocalAddr, q.Addr)
		}
	}
	return nodes, names, nil
}

func hangUp(nodes []watchedNode) {
	for _, n := range nodes {
		n.Close()
	}
}

// wanted reads which events are asked for.
func wanted(c *urfave.Context) (f events.Filter, since uint64, err error) {
	if list := c.StringSlice("kind"); len(list) > 0 {
		if f.Kinds, err = events.ParseKinds(list...); err != nil {
			return f, 0, cli.Usagef("--kind: %v", err)
		}
	}
	switch text := c.String("since"); text {
	case "", "now":
	case "all":
		since = events.All
	default:
		if since, err = strconv.ParseUint(text, 10, 64); err != nil {
			return f, 0, cli.Usagef("--since %q: want now, all or the number of an event", cli.Printable(text))
		}
	}
	return f, since, nil
}

func (p *program) watch(c *urfave.Context) error {
	if _, err := cli.WantArgs(c, 0, 0); err != nil {
		return err
	}
	filter, since, err := wanted(c)
	if err != nil {
		return err
	}
	var about chain.Hash
	if text := c.String("about"); text != "" {
		if about, err = cli.ParseHash(text); err != nil {
			return cli.Usagef("--about %q: %v", cli.Printable(text), err)
		}
	}
	nodes, names, err := p.watchable(c)
	if err != nil {
		return cli.Fail("watch", err)
	}
	defer hangUp(nodes)
	show := &printer{p: p, names: names, json: c.Bool("json"), about: about}
	all, ctx := errgroup.WithContext(c.Context)
	for _, n := range nodes {
		all.Go(func() error {
			return n.follow(ctx, filter, since, func(e events.Event) error { return show.event(n.number, e) })
		})
	}
	if err := all.Wait(); err != nil && c.Context.Err() == nil {
		return cli.Fail("watch", err)
	}
	return nil
}

// againAfter is how long a node of a network may be away before it is asked again.
const againAfter = time.Second

// follow hears a node's events. One of several may stop and come again: then they go on where they ended.
func (n watchedNode) follow(ctx context.Context, f events.Filter, since uint64, fn func(events.Event) error) error {
	var failed error // of fn
	for {
		err := events.Follow(ctx, n, f, since, func(e events.Event) error {
			if e.Seq > 0 {
				since = e.Seq
			}
			failed = fn(e)
			return failed
		})
		if _, refused := errors.AsType[*client.StatusError](err); refused || failed != nil || n.number == "" || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(againAfter):
		}
	}
}

// printer writes events, a line each.
type printer struct {
	p     *program
	json  bool
	about chain.Hash

	mu    sync.Mutex
	names *events.Names
}

func (w *printer) event(node string, e events.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if node != "" {
		e.Node = node
	}
	w.names.Learn(e)
	w.names.Name(&e)
	if w.about != (chain.Hash{}) && e.TxID != w.about && e.WTxID != w.about && e.Block != w.about && e.Kind != events.Lost {
		return nil
	}
	if w.json {
		return w.p.PrintLine(e)
	}
	who := ""
	if e.Node != "" {
		who = "node " + cli.Printable(e.Node) + "  "
	}
	w.p.Out.Printf("%s  %s%s\n", w.p.Out.Paint(cli.Dim, e.Time.Local().Format("15:04:05.000")), who, e.Text())
	return nil
}
