package main

import (
	"context"
	"fmt"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/client"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// glance is the time between two looks of a watcher: longer than a small network
// needs to pass something on, and quick for the eye.
const glance = 250 * time.Millisecond

// watcher tells who told whom, from what each node says of its connections.
type watcher struct {
	net     testnet.Network
	clients map[int]*client.Client // by pid
	seen    testnet.Watcher
	height  int64
	pool    map[string]bool
	block   string // what the last blocks and transactions are called: some nodes may hear of them later
	tx      string
}

// netWatch is `grapevine testnet watch`.
func (p *program) netWatch(c *urfave.Context) error {
	if _, err := cli.WantArgs(c, 0, 0); err != nil {
		return err
	}
	w := &watcher{clients: map[int]*client.Client{}}
	defer w.close()
	if err := w.connect(p.NetDir(c)); err != nil {
		return cli.Fail("testnet watch", err)
	}
	w.news(c.Context) // what was told before does not count
	if !c.Bool("json") {
		p.Err.Printf("Who tells whom, until you press Ctrl-C. Pay or mine in another terminal:\n  %s\n\n", p.Advice("grapevine mine 1 --node 1"))
	}
	for {
		select {
		case <-c.Context.Done():
			return nil
		case <-time.After(glance):
		}
		if err := w.connect(p.NetDir(c)); err != nil {
			return cli.Fail("testnet watch", err)
		}
		for _, n := range w.news(c.Context) {
			if c.Bool("json") {
				if err := p.PrintJSON(n); err != nil {
					return err
				}
				continue
			}
			p.Out.Printf("%s  %-28s %s\n", p.Out.Paint(cli.Dim, time.Now().Format(time.TimeOnly)), n.What, n.Way)
		}
	}
}

// heard is one line of a watcher.
type heard struct {
	Kind       string     `json:"kind"` // "block" or "tx"
	What       string     `json:"what"`
	Way        string     `json:"way"` // 0 → 1, 2 · 2 → 3
	Deliveries []delivery `json:"deliveries"`
}

// delivery is so many from one node to another.
type delivery struct {
	From  int `json:"from"`
	To    int `json:"to"`
	Count int `json:"count"`
}

// connect makes clients of the nodes that are up now.
func (w *watcher) connect(dir string) error {
	f, err := process.ReadFile(dir)
	if err != nil {
		return err
	}
	w.net = testnet.Network{Members: f.Nodes, Nodes: make([]testnet.Node, len(f.Nodes))}
	for i, m := range f.Nodes {
		if m.PID == 0 {
			continue
		}
		cl := w.clients[m.PID]
		if cl == nil {
			if cl, err = cli.DialMember(m); err != nil {
				return err
			}
			w.clients[m.PID] = cl
		}
		w.net.Nodes[i] = cl
	}
	return nil
}

func (w *watcher) close() {
	for _, cl := range w.clients {
		cl.Close()
	}
}

// news gives what has been told since the last look.
func (w *watcher) news(ctx context.Context) (lines []heard) {
	w.name(ctx)
	deliveries := w.seen.Deliveries(ctx, w.net)
	for _, kind := range []struct {
		name, what string
		count      func(testnet.Delivery) int
	}{
		{"tx", w.tx, func(g testnet.Delivery) int { return g.Txs }},
		{"block", w.block, func(g testnet.Delivery) int { return g.Blocks }},
	} {
		line := heard{Kind: kind.name, What: kind.what}
		var some []testnet.Delivery
		for _, g := range deliveries {
			if n := kind.count(g); n > 0 {
				some = append(some, g)
				line.Deliveries = append(line.Deliveries, delivery{w.net.Members[g.From].Node, w.net.Members[g.To].Node, n})
			}
		}
		if len(some) > 0 {
			line.Way = w.net.Arrows(some)
			lines = append(lines, line)
		}
	}
	return lines
}

// name finds out what is new in the chain and pools, and what to call it.
func (w *watcher) name(ctx context.Context) {
	height, best, pool := w.height, "", map[string]bool{}
	for _, n := range w.net.Nodes {
		if n == nil {
			continue
		}
		var at int64
		var hash string
		var ids []string
		if n.Call(ctx, "getblockcount", &at) != nil || n.Call(ctx, "getblockhash", &hash, at) != nil || n.Call(ctx, "getrawmempool", &ids) != nil {
			continue // it is going, or comes just now
		}
		if at > height {
			height, best = at, hash
		}
		for _, id := range ids {
			pool[id] = true
		}
	}
	switch more := height - w.height; {
	case more == 1:
		w.block = fmt.Sprintf("block %s …%s", cli.Count(height), best[len(best)-8:])
	case more > 1:
		w.block = fmt.Sprintf("%s blocks to %s", cli.Count(more), cli.Count(height))
	case w.block == "":
		w.block = "blocks"
	}
	var fresh []string
	for id := range pool {
		if !w.pool[id] {
			fresh = append(fresh, id)
		}
	}
	switch {
	case len(fresh) == 1:
		w.tx = "transaction " + fresh[0][:8] + "…"
	case len(fresh) > 1:
		w.tx = cli.Count(int64(len(fresh))) + " transactions"
	case w.tx == "":
		w.tx = "transactions"
	}
	w.height, w.pool = height, pool
}
