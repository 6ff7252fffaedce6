package testnetcmd

import (
	"context"
	"fmt"
	"slices"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet"
)

// glance is the time between two looks of a watcher: longer than a small network
// needs to pass something on, and quick for the eye.
const glance = 250 * time.Millisecond

// netWatch is `grapevine testnet watch`.
func (p *program) netWatch(c *urfave.Context) error {
	if _, err := cli.WantArgs(c, 0, 0); err != nil {
		return err
	}
	w := newWatcher()
	ctx, stop := context.WithCancel(c.Context)
	defer w.close()
	defer stop() // first: close waits for what goes on
	if err := w.connect(p, c); err != nil {
		return cli.Fail("testnet watch", err)
	}
	w.news(ctx) // what was told before does not count
	if !c.Bool("json") {
		p.Err.Printf("Who tells whom, until you press Ctrl-C. Pay or mine in another terminal:\n  %s\n\n", p.Advice(fmt.Sprintf("grapevine mine 1 --node %d", w.advised())))
	}
	for {
		select {
		case <-c.Context.Done():
			return nil
		case <-time.After(glance):
		}
		if err := w.connect(p, c); err != nil {
			return cli.Fail("testnet watch", err)
		}
		for _, n := range w.news(ctx) {
			if c.Bool("json") {
				if err := p.PrintLine(n); err != nil {
					return err
				}
				continue
			}
			p.Out.Printf("%s  %-28s %s\n", p.Out.Paint(cli.Dim, n.Time.Format(time.TimeOnly)), n.What, n.Way)
		}
	}
}

// heard is one line of a watcher.
type heard struct {
	Time         time.Time  `json:"time"`
	Kind         string     `json:"kind"` // "block", "tx" or "reorganisation"
	What         string     `json:"what"`
	Way          string     `json:"way,omitempty"` // 0 → 1, 2 · 2 → 3
	Deliveries   []delivery `json:"deliveries,omitempty"`
	TxIDs        []string   `json:"txids,omitempty"` // that were new of late
	*reorganised            // of a reorganisation
	Block        string     `json:"block,omitempty"` // the newest
	Height       int64      `json:"height,omitempty"`
}

// delivery is so many from one node to another.
type delivery struct {
	From  int `json:"from"`
	To    int `json:"to"`
	Count int `json:"count"`
}

// watcher tells who told whom, from what each node says of its connections, its
// tip and its pool.
type watcher struct {
	net     testnet.Network
	clients map[int]*cli.Glanced // by pid
	seen    testnet.Watcher
	tips    map[int]block   // of each node, by number
	known   map[string]bool // transactions
	first   bool
	// What the last blocks and transactions are called: some nodes may hear of
	// them later.
	blocks string
	newest block
	told   string             // the newest that a line was about
	early  []testnet.Delivery // of blocks that no tip shows yet: see named
	txids  []string
}

func newWatcher() *watcher {
	return &watcher{clients: map[int]*cli.Glanced{}, tips: map[int]block{}, known: map[string]bool{}, first: true}
}

// connect makes clients of the nodes that are up now.
func (w *watcher) connect(p *program, c *urfave.Context) error {
	f, err := p.Net(c)
	if err != nil {
		return err
	}
	w.net = testnet.Network{Members: f.Nodes, Nodes: make([]testnet.Node, len(f.Nodes))}
	for i, m := range f.Nodes {
		if m.PID == 0 {
			continue
		}
		g := w.clients[m.PID]
		if g == nil {
			cl, err := cli.DialMember(m)
			if err != nil {
				return err
			}
			g = &cli.Glanced{Node: cl, Hangup: cl.Close}
			w.clients[m.PID] = g
		}
		if text := g.News(m); text != "" {
			p.Err.Printf("%s\n", text)
		}
		w.net.Nodes[i] = g
	}
	return nil
}

// advised is the node for who is told to try something: the second that is up, or the first.
func (w *watcher) advised() int {
	switch up := running(w.net.Members); len(up) {
	case 0:
		return w.net.Members[0].Node
	case 1:
		return up[0].Node
	default:
		return up[1].Node
	}
}

func (w *watcher) close() {
	for _, g := range w.clients {
		g.Close()
	}
}

// news gives what has happened since it was asked last.
func (w *watcher) news(ctx context.Context) (lines []heard) {
	given := w.seen.Deliveries(ctx, w.net) // before names are asked for, which come later
	lines = w.follow(ctx)
	deliveries := w.named(given)
	tx := heard{Kind: "tx", What: nameTxs(w.txids), TxIDs: w.txids}
	lines = w.add(lines, tx, deliveries, func(g testnet.Delivery) int { return g.Txs })
	block := heard{Kind: "block", What: w.blocks, Block: w.newest.hash, Height: w.newest.height}
	lines = w.add(lines, block, deliveries, func(g testnet.Delivery) int { return g.Blocks })
	for i := range lines {
		lines[i].Time = time.Now()
	}
	w.first = false
	return lines
}

// named is what can be told of now by name. A body is there before it is validated: blocks
// that came while all tips are those told of last wait for the next look, once.
func (w *watcher) named(given []testnet.Delivery) []testnet.Delivery {
	isBlock := func(g testnet.Delivery) bool { return g.Blocks > 0 }
	waited := w.early
	w.early = nil
	if len(waited) == 0 && w.newest.hash == w.told && slices.ContainsFunc(given, isBlock) {
		for i := range given {
			if isBlock(given[i]) {
				w.early = append(w.early, testnet.Delivery{From: given[i].From, To: given[i].To, Blocks: given[i].Blocks})
				given[i].Blocks = 0
			}
		}
		return given
	}
	for _, g := range waited {
		at := slices.IndexFunc(given, func(o testnet.Delivery) bool { return o.From == g.From && o.To == g.To })
		if at < 0 {
			given = append(given, g)
		} else {
			given[at].Blocks += g.Blocks
		}
	}
	if slices.ContainsFunc(given, isBlock) {
		w.told = w.newest.hash
	}
	return given
}

// add a line of who gave what to whom, if anybody did.
func (w *watcher) add(lines []heard, line heard, all []testnet.Delivery, count func(testnet.Delivery) int) []heard {
	var some []testnet.Delivery
	for _, g := range all {
		if n := count(g); n > 0 {
			some = append(some, g)
			line.Deliveries = append(line.Deliveries, delivery{w.net.Members[g.From].Node, w.net.Members[g.To].Node, n})
		}
	}
	if len(some) == 0 {
		return lines
	}
	line.Way = w.net.Arrows(some)
	return append(lines, line)
}

// nameTxs names the first few.
func nameTxs(ids []string) string {
	const most = 3
	if len(ids) == 0 {
		return "transactions"
	}
	name := "transaction "
	if len(ids) > 1 {
		name = "transactions "
	}
	for i, id := range ids[:min(most, len(ids))] {
		if i > 0 {
			name += ", "
		}
		name += id[:8] + "…"
	}
	if more := len(ids) - most; more > 0 {
		name += " and " + cli.Count(int64(more)) + " more"
	}
	return name
}

// nameBlocks names those above a height up to a tip.
func nameBlocks(above int64, tip block) string {
	if tip.height <= above+1 {
		return fmt.Sprintf("block %s %s", cli.Count(tip.height), tip.short())
	}
	return fmt.Sprintf("blocks %s to %s %s", cli.Count(above+1), cli.Count(tip.height), tip.short())
}
