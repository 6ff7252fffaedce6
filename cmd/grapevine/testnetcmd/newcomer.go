package testnetcmd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// grown is what `testnet add --json` prints.
type grown struct {
	testnet.Member
	Height  int64   `json:"height"`
	Seconds float64 `json:"seconds"`
	From    []given `json:"from"`
}

// given says how many blocks the newcomer was given by a node.
type given struct {
	Node   int `json:"node"`
	Blocks int `json:"blocks"`
}

func (p *program) netAdd(c *urfave.Context) error {
	local, err := p.openNet(c)
	if err != nil {
		return cli.Fail("testnet add", err)
	}
	others, want, err := p.othersUp(c.Context, local)
	if err != nil {
		return cli.Fail("testnet add", err)
	}
	begin := time.Now()
	m, err := local.Add(c.Context, testnet.Spec{})
	if err != nil {
		return cli.Fail("testnet add", err)
	}
	cl, err := cli.DialMember(m)
	if err != nil {
		return cli.Fail("testnet add", err)
	}
	defer cl.Close()
	if !c.Bool("json") {
		p.Out.Printf("node %d runs (pid %d) and knows only node 0\n", m.Node, m.PID)
	}
	connections := testnet.Connections{}
	if err := p.watchSync(c.Context, cl, want, connections); err != nil {
		return cli.Fail("testnet add", err)
	}
	res := grown{Member: m, Height: want, Seconds: time.Since(begin).Seconds()}
	others.Members, others.Nodes = append(others.Members, m), append(others.Nodes, cl)
	sent, err := others.Senders(c.Context, connections.All())
	if err != nil {
		return cli.Fail("testnet add", err)
	}
	for i, n := range sent[:len(sent)-1] {
		res.From = append(res.From, given{others.Members[i].Node, n})
	}
	return p.Show(c, res, func(o *cli.Out) {
		t := cli.NewTable(">from node", ">blocks")
		for _, g := range res.From {
			t.Row(fmt.Sprint(g.Node), cli.Count(int64(g.Blocks)))
		}
		t.Write(o, "  ")
		o.Printf("node %d is at block %s after %s\n", m.Node, cli.Count(want), cli.Short(time.Since(begin)))
	})
}

// othersUp are the nodes that are up and answer, and the height of the highest. One that hangs gives
// the newcomer nothing.
func (p *program) othersUp(ctx context.Context, local *process.Net) (others testnet.Network, height int64, err error) {
	members := local.Members()
	heights := slices.Repeat([]int64{-1}, len(members))
	_, failed := p.each(ctx, members, func(ctx context.Context, m testnet.Member, n testnet.Node) error {
		i := slices.IndexFunc(members, func(o testnet.Member) bool { return o.Node == m.Node })
		return n.Call(ctx, "getblockcount", &heights[i])
	})
	for i, m := range members {
		if heights[i] < 0 {
			continue
		}
		cl, err := cli.DialMember(m)
		if err != nil {
			return others, 0, err
		}
		others.Members, others.Nodes = append(others.Members, m), append(others.Nodes, cl)
		height = max(height, heights[i])
	}
	if len(others.Nodes) == 0 {
		return others, 0, cmp.Or(failed, errAllDown)
	}
	return others, height, nil
}

// watchSync shows a bar until the node has want blocks, and notes who sends them.
func (p *program) watchSync(ctx context.Context, n testnet.Node, want int64, connections testnet.Connections) error {
	bar := p.Err.NewProgress("sync", "blocks")
	defer bar.Done()
	for {
		var have int64
		if err := n.Call(ctx, "getblockcount", &have); err != nil {
			return err
		}
		bar.Update(have, want, "")
		if err := connections.Refresh(ctx, n); err != nil {
			return err
		}
		if have >= want {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
