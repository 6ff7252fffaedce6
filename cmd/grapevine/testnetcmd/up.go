package testnetcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

func (p *program) up(c *urfave.Context) error {
	want, err := p.wanted(c)
	if err != nil {
		return err
	}
	cfg, err := p.netConfig(p.NetDir(c), c.Bool("detach"))
	if err != nil {
		return cli.Fail("testnet up", err)
	}
	cfg.PortBase = want.PortBase
	_, absent := os.Stat(cfg.Dir)
	local, started, err := p.raise(c, cfg, want.Specs())
	if local == nil && absent != nil {
		_ = os.Remove(cfg.Dir) // it is empty, unless somebody else has put something there
	}
	if err == nil {
		err = p.fund(c.Context, local, want)
	}
	if err == nil && len(want.Links) > 0 {
		err = p.linkUp(c.Context, local, want.Links)
	}
	if err != nil {
		return upFailed(c.Context, local, started, err)
	}
	if err := p.Show(c, testnet.File{Network: "regtest", Nodes: local.Members()}, func(o *cli.Out) { p.showNet(c.Context, o, local.Members()) }); err != nil {
		return err
	}
	if c.Bool("detach") {
		if !c.Bool("json") {
			p.Out.Printf("\nThe network runs in the background. Try:\n  %s\n  %s\n", p.Advice("grapevine wallet balance --node 0"), p.Advice("grapevine testnet down"))
		}
		return nil
	}
	return p.stay(c, local)
}

// upFailed stops what had been started.
func upFailed(ctx context.Context, local *process.Net, started []int, err error) error {
	if local != nil {
		err = errors.Join(err, local.StopNodes(context.WithoutCancel(ctx), started))
	}
	if ctx.Err() != nil || len(started) == 0 {
		return cli.Fail("testnet up", err)
	}
	return cli.Failf("testnet up", "What the nodes said: `grapevine testnet logs N`", "%w", err)
}

// raise starts the network, or those of its nodes that are down, and gives
// node 0 money.
func (p *program) raise(c *urfave.Context, cfg process.Config, specs []testnet.Spec) (local *process.Net, started []int, err error) {
	local, release, err := process.Reserve(cfg)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	old, nodes := local.Members(), len(specs)
	said := c.IsSet("nodes") || c.IsSet("names") || c.IsSet("config")
	if len(old) > 0 && (!said || nodes < len(old)) {
		nodes = len(old) // as it was
	}
	if len(old) > 0 && (c.IsSet("mine") || said && !sameNodes(old, specs)) {
		p.Err.Printf("%s holds a network of %s, which is started again as it was; `%s` makes room for another\n",
			cfg.Dir, cli.Plural(len(old), "node"), p.Advice("grapevine testnet down --wipe"))
	}
	bar := p.Err.NewProgress("starting", "nodes")
	defer bar.Done()
	up := 0
	done := func(testnet.Member) { up++; bar.Update(int64(up), int64(nodes), "") }
	if nodes > len(old) {
		if err := local.Enter(specs[len(old):]); err != nil {
			if len(old) == 0 { // nothing has begun: nothing of ours is left
				err = errors.Join(err, local.Unmake())
			}
			return nil, nil, err
		}
	}
	// Who comes to a chain that is there fetches it whole, and not block by block as it grows.
	members := local.Members()
	started, err = local.StartMany(c.Context, numbers(members[:1]), done)
	if err != nil {
		return local, started, err
	}
	height, mined, err := p.endow(c.Context, local.Members()[0]) // it may have come up at other ports
	if err != nil {
		return local, started, err
	}
	rest, err := local.StartMany(c.Context, numbers(members[1:]), done)
	if started = append(started, rest...); err != nil {
		return local, started, err
	}
	if !mined && len(started) == 0 {
		return local, nil, fmt.Errorf("the network in %s %w", cfg.Dir, testnet.ErrUp)
	}
	return local, started, p.agree(c.Context, local, height, mined)
}

func numbers(all []testnet.Member) []int {
	list := make([]int, 0, len(all))
	for _, m := range all {
		list = append(list, m.Node)
	}
	return list
}

// endow mines until node 0's wallet can spend, unless that was done before.
func (p *program) endow(ctx context.Context, m testnet.Member) (height int64, mined bool, err error) {
	first, err := cli.DialMember(m)
	if err != nil {
		return 0, false, err
	}
	defer first.Close()
	if err := first.Call(ctx, "getblockcount", &height); err != nil || height >= firstCoins {
		return height, false, err
	}
	_, err = (&bank{Node: first}).mine(ctx, int(firstCoins-height))
	return firstCoins, true, err
}

// agree waits until all nodes have node 0's chain, but for those that are cut off from it,
// which come when they are healed.
func (p *program) agree(ctx context.Context, local *process.Net, height int64, mined bool) error {
	f, reach := local.File(), []testnet.Member(nil)
	can := reachable(f, f.Nodes[0].Node)
	for _, m := range f.Nodes {
		if can[m.Node] {
			reach = append(reach, m)
		}
	}
	if mined {
		return waitHeight(ctx, reach, height)
	}
	// The chain was there before: what is behind goes on by itself.
	brief, cancel := context.WithTimeout(ctx, comeWithin)
	defer cancel()
	if err := waitHeight(brief, reach, height); err != nil && brief.Err() == nil {
		return err
	}
	return ctx.Err()
}

// comeWithin is how long `up` waits until the nodes of a network that was there before
// have one height.
const comeWithin = 10 * time.Second

// waitHeight waits until all members are at that height.
func waitHeight(ctx context.Context, members []testnet.Member, height int64) error {
	const limit = 2 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for _, m := range members {
		n, err := cli.DialMember(m)
		if err != nil {
			return err
		}
		for at := int64(-1); at < height; {
			err := n.Call(ctx, "getblockcount", &at)
			if err != nil && !cli.Hangs(err) { // a crowd that starts may take a while
				return fmt.Errorf("node %d (at block %d of %d): %w", m.Node, at, height, err)
			}
			if at < height {
				select {
				case <-ctx.Done():
				case <-time.After(10 * time.Millisecond):
				}
			}
		}
		n.Close()
	}
	return nil
}

// stay shows tips and peers until Ctrl-C, then stops the nodes.
func (p *program) stay(c *urfave.Context, local *process.Net) error {
	p.Err.Printf("\nThe network is up until you press Ctrl-C. Talk to it from another terminal:\n  %s\n  %s\n\n",
		p.Advice("grapevine wallet balance --node 0"), p.Advice("grapevine testnet add"))
	last := ""
	for c.Context.Err() == nil {
		if now := p.tips(c.Context, local); now != last && c.Context.Err() == nil {
			p.Err.Printf("%s  %s\n", p.Err.Paint(cli.Dim, time.Now().Format(time.TimeOnly)), now)
			last = now
		}
		select {
		case <-c.Context.Done():
		case <-time.After(time.Second):
		}
	}
	p.Err.Printf("\nstopping\n")
	if err := local.Stop(context.WithoutCancel(c.Context)); err != nil {
		return cli.Fail("testnet up", err)
	}
	return nil
}

// tips is a line like "node 0 block 101, 3 peers · node 1 …".
func (p *program) tips(ctx context.Context, local *process.Net) string {
	var parts []string
	for _, s := range inspectAll(ctx, local.Members()) {
		m := s.Member
		switch {
		case m.PID == 0:
			parts = append(parts, fmt.Sprintf("node %d is down", m.Node))
		case s.Err != "":
			parts = append(parts, fmt.Sprintf("node %d does not answer", m.Node))
		default:
			parts = append(parts, fmt.Sprintf("node %d block %d, %s", m.Node, s.Height, cli.Plural(s.Peers, "peer")))
		}
	}
	return strings.Join(parts, " · ")
}
