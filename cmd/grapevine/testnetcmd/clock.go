package testnetcmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet"
)

func (p *program) clockCommand() *urfave.Command {
	return &urfave.Command{
		Name: "clock", Usage: "move the clocks of all nodes at once", ArgsUsage: "[+TIME|set TIME|real]", Action: p.netClock,
		Description: `The clocks go on ticking from there, also when a node is started again, and those of nodes that
are added. Time locks can be tested without waiting. Without an argument it shows them.

  $ grapevine testnet clock +2h                       two hours on from what they show now
  $ grapevine testnet clock +3d; grapevine testnet clock back 1h
  $ grapevine testnet clock set 2030-01-01T00:00:00Z
  $ grapevine testnet clock set 1900000000            a Unix time
  $ grapevine testnet clock real                      the machine's time again
  $ grapevine testnet clock +3h --node 2              that node alone: who lives in the future is not believed`,
	}
}

// clockView is what a node's clock says.
type clockView struct {
	Node  int   `json:"node"`
	Time  int64 `json:"time"`
	Ahead int64 `json:"ahead"` // seconds before the machine's
	Still bool  `json:"still"` // setmocktime holds it
}

func (v clockView) at() time.Time { return time.Unix(v.Time, 0) }

// driftTold is how far clocks may differ before it is told: blocks of a clock that is
// more than two hours ahead are refused [MAX_FUTURE_BLOCK_TIME], and a node whose peers
// differ by ten minutes is warned [TimeOffsets].
const (
	driftTold   = 10 * 60     // seconds
	futureBlock = 2 * 60 * 60 // seconds
)

func (p *program) netClock(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 0, 2)
	if err != nil {
		return err
	}
	move, err := clockMove(args)
	if err != nil {
		return err
	}
	local, err := p.openNet(c)
	if err != nil {
		return cli.Fail("testnet clock", err)
	}
	f := local.File()
	members := f.Nodes
	if alone := c.String("node") != ""; alone && move != nil {
		m, err := p.theNode(c, f)
		if err != nil {
			return cli.Fail("testnet clock", err)
		}
		was, err := p.clocks(c.Context, []testnet.Member{m}, nil)
		if err == nil {
			var ahead int64
			if ahead, err = within(move, was[0].Ahead); err == nil {
				_, err = p.clocks(c.Context, []testnet.Member{m}, &ahead)
			}
		}
		if err != nil {
			return cli.Fail("testnet clock", err)
		}
	} else if move != nil {
		err := local.Change(func(f *testnet.File) (err error) { f.Ahead, err = within(move, f.Ahead); return err })
		if err != nil {
			return cli.Fail("testnet clock", err)
		}
		ahead := local.File().Ahead
		if _, err := p.clocks(c.Context, members, &ahead); err != nil {
			return cli.Fail("testnet clock", notAllTold(err))
		}
	}
	return p.showClocks(c, local.File())
}

// clockMove reads what is asked for: by how much the clocks are to be ahead, given by how
// much they are; nil: nothing, look only.
func clockMove(args []string) (func(ahead int64) int64, error) {
	usage := func(word string) error {
		return cli.Usagef("testnet clock %s: want +2h, back 1h, set TIME or real", cli.Printable(word))
	}
	switch {
	case len(args) == 0:
		return nil, nil
	case len(args) == 1 && args[0] == "real":
		return func(int64) int64 { return 0 }, nil
	case len(args) == 1 && strings.HasPrefix(args[0], "+"), len(args) == 2 && args[0] == "back":
		d, err := cli.ParseSpan(strings.TrimPrefix(args[len(args)-1], "+"))
		if err != nil {
			return nil, cli.Usagef("testnet clock: %v", err)
		}
		if args[0] == "back" {
			d = -d
		}
		return func(ahead int64) int64 { return ahead + int64(d/time.Second) }, nil
	case len(args) == 2 && args[0] == "set":
		at, err := cli.ParseTime(args[1])
		if err != nil {
			return nil, cli.Usagef("testnet clock set: %v", err)
		}
		return func(int64) int64 { return at.Unix() - time.Now().Unix() }, nil
	}
	return nil, usage(strings.Join(args, " "))
}

// within is where a move leads from so many seconds ahead; a node is not started that is to be
// farther from the machine's clock than testnet.MaxAhead.
func within(move func(ahead int64) int64, from int64) (to int64, err error) {
	to = move(from)
	if limit := int64(testnet.MaxAhead / time.Second); to > limit || to < -limit {
		return from, cli.Usagef("testnet clock: the clocks would show %s, %s before the machine's: want 50 years at most, before or behind it",
			time.Unix(time.Now().Unix()+to, 0).Format(time.DateTime), signed(to))
	}
	return to, nil
}

// clocks asks the nodes that run for their clocks, which are first put so much ahead.
func (p *program) clocks(ctx context.Context, members []testnet.Member, ahead *int64) (all []clockView, err error) {
	answers := make([]*clockView, len(members))
	place := map[int]int{}
	for i, m := range members {
		place[m.Node] = i
	}
	_, err = p.each(ctx, members, func(ctx context.Context, m testnet.Member, n testnet.Node) error {
		v := &clockView{}
		params := []any{}
		if ahead != nil {
			params = append(params, *ahead)
		}
		if err := n.Call(ctx, "setclock", v, params...); err != nil {
			return err
		}
		v.Node = m.Node
		answers[place[m.Node]] = v
		return nil
	})
	for _, v := range answers {
		if v != nil {
			all = append(all, *v)
		}
	}
	return all, err
}

// showClocks shows them, and says which nodes do not go with the others.
func (p *program) showClocks(c *urfave.Context, f testnet.File) error {
	all, err := p.clocks(c.Context, f.Nodes, nil)
	if err != nil {
		return cli.Fail("testnet clock", err)
	}
	return p.Show(c, struct {
		Ahead int64       `json:"ahead"`
		Nodes []clockView `json:"nodes"`
	}{f.Ahead, append([]clockView{}, all...)}, func(o *cli.Out) {
		t := cli.NewTable(">node", "clock", "before the machine's")
		for _, v := range all {
			still := ""
			if v.Still {
				still = ", stands still"
			}
			t.Row(fmt.Sprint(v.Node), v.at().Format(time.DateTime), signed(v.Ahead)+still)
		}
		t.Write(o, "")
		for _, line := range drifts(all, f) {
			o.Printf("%s\n", o.Paint(cli.Yellow, line))
		}
		if p.tipAhead(c.Context, f, all) {
			o.Printf("%s\n", o.Paint(cli.Yellow, "The newest block is more than two hours ahead of these clocks: who starts now or is added refuses it until they come near. Put them forward again, or make no newcomers."))
		}
	})
}

// signed is 7200 as "+2h 0m".
func signed(seconds int64) string {
	if seconds == 0 {
		return "0"
	}
	sign, d := "+", time.Duration(seconds)*time.Second
	if d < 0 {
		sign, d = "-", -d
	}
	if days := d / (24 * time.Hour); days > 0 {
		return fmt.Sprintf("%s%dd %s", sign, days, (d - days*24*time.Hour).Round(time.Second))
	}
	return sign + d.String()
}

// drifts says of each node whose clock differs from most others' what that means.
func drifts(all []clockView, f testnet.File) (lines []string) {
	for _, v := range all {
		switch d := v.at().Sub(time.Unix(time.Now().Unix()+f.Ahead, 0)) / time.Second; {
		case d > futureBlock:
			lines = append(lines, fmt.Sprintf("Node %d is %s before the network: its neighbours refuse its new blocks (time-too-new).", v.Node, signed(int64(d))))
		case d < -futureBlock:
			lines = append(lines, fmt.Sprintf("Node %d is %s behind the network: it refuses its neighbours' new blocks (time-too-new).", v.Node, strings.TrimPrefix(signed(int64(d)), "-")))
		case d > driftTold || d < -driftTold:
			lines = append(lines, fmt.Sprintf("Node %d differs from the network by %s: its neighbours see it in getpeerinfo (timeoffset).", v.Node, signed(int64(d))))
		}
	}
	return lines
}

// tipAhead is whether the chain's newest block is of a time that newcomers refuse.
func (p *program) tipAhead(ctx context.Context, f testnet.File, all []clockView) bool {
	m, err := f.Member(0)
	if len(all) == 0 || err != nil || m.PID == 0 {
		return false
	}
	cl, err := cli.DialMember(m)
	if err != nil {
		return false
	}
	defer cl.Close()
	var hash string
	var h struct {
		Time int64 `json:"time"`
	}
	if cl.Call(ctx, "getbestblockhash", &hash) != nil || cl.Call(ctx, "getblockheader", &h, hash) != nil {
		return false
	}
	return h.Time > time.Now().Unix()+f.Ahead+futureBlock
}
