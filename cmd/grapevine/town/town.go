package town

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/shell"
	"grapevine/cmd/grapevine/term"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// showNet is the table of a network.
func (p *group) showNet(ctx context.Context, o *term.Out, town *process.Net) {
	t := term.NewTable(">node", "P2P", "RPC", ">pid", ">block", ">peers", ">pool", "data directory")
	for _, m := range town.Members() {
		s := look(ctx, m)
		row := []string{fmt.Sprint(m.Node), m.P2P, m.RPC, fmt.Sprint(m.PID), term.Count(int64(s.Height)), fmt.Sprint(s.Peers), fmt.Sprint(s.Pool), m.DataDir}
		switch {
		case m.PID == 0:
			row[3], row[4], row[5], row[6] = o.Paint(term.Red, "down"), "", "", ""
		case s.Err != "":
			row[4], row[5], row[6] = "?", "?", "?"
		}
		t.Row(row...)
	}
	t.Write(o, "")
}

func (p *group) netStatus(c *cli.Context) error {
	town, err := p.openNet(c)
	if err != nil {
		return shell.Fail("testnet status", err)
	}
	if !c.Bool("json") {
		p.showNet(c.Context, p.Out, town)
		return nil
	}
	var all []seen
	for _, m := range town.Members() {
		all = append(all, look(c.Context, m))
	}
	return p.PrintJSON(struct {
		Network string `json:"network"`
		Dir     string `json:"dir"`
		Nodes   []seen `json:"nodes"`
	}{"regtest", p.NetDir(c), all})
}

func (p *group) netLogs(c *cli.Context) error {
	n, err := parseNumber(c)
	if err != nil {
		return err
	}
	f, err := process.ReadFile(p.NetDir(c))
	if err != nil {
		return shell.Fail("testnet logs", err)
	}
	m, err := f.Member(n)
	if err != nil {
		return shell.Fail("testnet logs", err)
	}
	log, err := os.Open(process.LogPath(m))
	if err != nil {
		return shell.Fail("testnet logs", err)
	}
	defer log.Close()
	for {
		if _, err := io.Copy(p.Out, log); err != nil {
			return shell.Fail("testnet logs", err)
		}
		if !c.Bool("follow") {
			return nil
		}
		select {
		case <-c.Context.Done():
			return nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (p *group) netDown(c *cli.Context) error {
	town, err := p.openNet(c)
	if err != nil {
		return shell.Fail("testnet down", err)
	}
	release, err := town.Reserve()
	if err != nil {
		return shell.Fail("testnet down", err)
	}
	defer release()
	running := 0
	for _, m := range town.Members() {
		if m.PID != 0 {
			running++
		}
	}
	if err := town.Stop(c.Context); err != nil {
		return shell.Fail("testnet down", err)
	}
	done := struct {
		Stopped int  `json:"stopped"`
		Wiped   bool `json:"wiped"`
	}{running, c.Bool("wipe")}
	if done.Wiped {
		if err := town.Wipe(); err != nil {
			return shell.Fail("testnet down", err)
		}
	}
	return p.Show(c, done, func(o *term.Out) {
		o.Printf("%s stopped", term.Plural(running, "node"))
		if done.Wiped {
			o.Printf(", data deleted")
		}
		o.Printf("\n")
	})
}

func (p *group) netKill(c *cli.Context) error {
	n, err := parseNumber(c)
	if err != nil {
		return err
	}
	town, err := p.openNet(c)
	if err != nil {
		return shell.Fail("testnet kill", err)
	}
	if err := town.Kill(c.Context, n); err != nil {
		return shell.Fail("testnet kill", err)
	}
	done := struct {
		Killed int `json:"killed"`
	}{n}
	return p.Show(c, done, func(o *term.Out) {
		o.Printf("node %d is dead; `%s` wakes it\n", n, p.Advice(fmt.Sprintf("grapevine testnet start %d", n)))
	})
}

func (p *group) netStart(c *cli.Context) error {
	n, err := parseNumber(c)
	if err != nil {
		return err
	}
	town, err := p.openNet(c)
	if err != nil {
		return shell.Fail("testnet start", err)
	}
	m, err := town.Start(c.Context, n)
	if err != nil {
		return shell.Fail("testnet start", err)
	}
	return p.Show(c, m, func(o *term.Out) { o.Printf("node %d runs, pid %d\n", n, m.PID) })
}

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

func (p *group) netAdd(c *cli.Context) error {
	town, err := p.openNet(c)
	if err != nil {
		return shell.Fail("testnet add", err)
	}
	people, want, err := neighbours(c.Context, town)
	if err != nil {
		return shell.Fail("testnet add", err)
	}
	begin := time.Now()
	m, err := town.Add(c.Context, testnet.Spec{})
	if err != nil {
		return shell.Fail("testnet add", err)
	}
	cl, err := shell.DialMember(m)
	if err != nil {
		return shell.Fail("testnet add", err)
	}
	defer cl.Close()
	if !c.Bool("json") {
		p.Out.Printf("node %d runs (pid %d) and knows only node 0\n", m.Node, m.PID)
	}
	connections := testnet.Sightings{}
	if err := p.watchSync(c.Context, cl, want, connections); err != nil {
		return shell.Fail("testnet add", err)
	}
	res := grown{Member: m, Height: want, Seconds: time.Since(begin).Seconds()}
	people.Members, people.Doors = append(people.Members, m), append(people.Doors, cl)
	sent, err := people.Senders(c.Context, connections.All())
	if err != nil {
		return shell.Fail("testnet add", err)
	}
	for i, n := range sent[:len(sent)-1] {
		res.From = append(res.From, given{people.Members[i].Node, n})
	}
	return p.Show(c, res, func(o *term.Out) {
		t := term.NewTable(">from node", ">blocks")
		for _, g := range res.From {
			t.Row(fmt.Sprint(g.Node), term.Count(int64(g.Blocks)))
		}
		t.Write(o, "  ")
		o.Printf("node %d is at block %s after %s\n", m.Node, term.Count(want), term.Short(time.Since(begin)))
	})
}

// neighbours are the nodes that are up, and the height of the highest.
func neighbours(ctx context.Context, town *process.Net) (people testnet.Town, height int64, err error) {
	for _, m := range town.Members() {
		if m.PID == 0 {
			continue
		}
		cl, err := shell.DialMember(m)
		if err != nil {
			return people, 0, err
		}
		people.Members, people.Doors = append(people.Members, m), append(people.Doors, cl)
		height = max(height, int64(look(ctx, m).Height))
	}
	if len(people.Doors) == 0 {
		return people, 0, errors.New("all nodes of the network are down")
	}
	return people, height, nil
}

// watchSync shows a bar until the node has want blocks, and notes who sends them.
func (p *group) watchSync(ctx context.Context, n testnet.Node, want int64, connections testnet.Sightings) error {
	bar := p.Err.NewProgress("sync", "blocks")
	defer bar.Done()
	for {
		var have int64
		if err := n.Call(ctx, "getblockcount", &have); err != nil {
			return err
		}
		bar.Update(have, want, "")
		if err := connections.Look(ctx, n); err != nil {
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
