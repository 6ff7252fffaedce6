package town

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/shell"
	"grapevine/cmd/grapevine/term"
	"grapevine/cmd/rpc/client"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// glance is the time between two looks of a watcher: longer than a small town
// needs to pass something on, and quick for the eye.
const glance = 250 * time.Millisecond

// watcher tells who told whom, from what each node says of its connections.
type watcher struct {
	town   testnet.Town
	doors  map[int]*client.Client // by pid
	ear    testnet.Ear
	height int64
	pool   map[string]bool
	block  string // what the last blocks and transactions are called: some of the town may hear of them a look later
	tx     string
}

// netWatch is `grapevine testnet watch`.
func (p *group) netWatch(c *cli.Context) error {
	if _, err := shell.WantArgs(c, 0, 0); err != nil {
		return err
	}
	w := &watcher{doors: map[int]*client.Client{}}
	defer w.close()
	if err := w.meet(p.NetDir(c)); err != nil {
		return shell.Fail("testnet watch", err)
	}
	w.look(c.Context) // what was told before does not count
	if !c.Bool("json") {
		p.Err.Printf("Who tells whom, until you press Ctrl-C. Pay or mine in another terminal:\n  %s\n\n", p.Advice("grapevine mine 1 --node 1"))
	}
	for {
		select {
		case <-c.Context.Done():
			return nil
		case <-time.After(glance):
		}
		if err := w.meet(p.NetDir(c)); err != nil {
			return shell.Fail("testnet watch", err)
		}
		for _, n := range w.look(c.Context) {
			if c.Bool("json") {
				if err := p.PrintJSON(n); err != nil {
					return err
				}
				continue
			}
			p.Out.Printf("%s  %-28s %s\n", p.Out.Paint(term.Dim, time.Now().Format(time.TimeOnly)), n.What, n.Way)
		}
	}
}

// heard is one line of a watcher.
type heard struct {
	Kind  string `json:"kind"` // "block" or "tx"
	What  string `json:"what"`
	Way   string `json:"way"` // 0 → 1, 2 · 2 → 3
	Gifts []gift `json:"gifts"`
}

// gift is so many from one node to another.
type gift struct {
	From  int `json:"from"`
	To    int `json:"to"`
	Count int `json:"count"`
}

// meet opens doors to the nodes that are up now.
func (w *watcher) meet(dir string) error {
	f, err := process.ReadFile(dir)
	if err != nil {
		return err
	}
	w.town = testnet.Town{Members: f.Nodes, Doors: make([]testnet.Node, len(f.Nodes))}
	for i, m := range f.Nodes {
		if m.PID == 0 {
			continue
		}
		cl := w.doors[m.PID]
		if cl == nil {
			if cl, err = shell.DialMember(m); err != nil {
				return err
			}
			w.doors[m.PID] = cl
		}
		w.town.Doors[i] = cl
	}
	return nil
}

func (w *watcher) close() {
	for _, cl := range w.doors {
		cl.Close()
	}
}

// look gives what has been told since the last look.
func (w *watcher) look(ctx context.Context) (lines []heard) {
	w.name(ctx)
	gifts := w.ear.Listen(ctx, w.town)
	for _, kind := range []struct {
		name, what string
		count      func(testnet.Gift) int
	}{
		{"tx", w.tx, func(g testnet.Gift) int { return g.Txs }},
		{"block", w.block, func(g testnet.Gift) int { return g.Blocks }},
	} {
		line := heard{Kind: kind.name, What: kind.what}
		var some []testnet.Gift
		for _, g := range gifts {
			if n := kind.count(g); n > 0 {
				some = append(some, g)
				line.Gifts = append(line.Gifts, gift{w.town.Members[g.From].Node, w.town.Members[g.To].Node, n})
			}
		}
		if len(some) > 0 {
			line.Way = w.town.Arrows(some)
			lines = append(lines, line)
		}
	}
	return lines
}

// name finds out what is new in the town's chain and pools, and what to call it.
func (w *watcher) name(ctx context.Context) {
	height, best, pool := w.height, "", map[string]bool{}
	for _, n := range w.town.Doors {
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
		w.block = fmt.Sprintf("block %s …%s", term.Count(height), best[len(best)-8:])
	case more > 1:
		w.block = fmt.Sprintf("%s blocks to %s", term.Count(more), term.Count(height))
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
		w.tx = term.Count(int64(len(fresh))) + " transactions"
	case w.tx == "":
		w.tx = "transactions"
	}
	w.height, w.pool = height, pool
}
