package testnetcmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	urfave "github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/grapevine/simulatecmd"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

const (
	maxNodes   = 256 // of a local network: each is a process of some 15 MiB of its own
	firstCoins = 101 // blocks until the first reward can be spent
)

// program has the commands of the group, a file for each subject.
type program struct{ *cli.Program }

// Command is `grapevine testnet`: a local network of real processes, and
// its story. It starts, shows and ends networks through testnet/process and
// talks to their nodes by RPC like any other command.
func Command(on *cli.Program) *urfave.Command {
	p := &program{on}
	mine := cli.StringFlag("mine", "`MODE` of node 0: manual, on-tx or every=2s")
	mine.Value = "manual"
	detach := cli.BoolFlag("detach", "return when the network is ready; `testnet down` ends it")
	detach.Aliases = []string{"d"}
	return &urfave.Command{
		Name:  "testnet",
		Usage: "a local network of real processes",
		Before: func(c *urfave.Context) error {
			if name := c.String("network"); name != "regtest" {
				if _, err := cli.Params(c); err != nil {
					return err
				}
				return cli.Usagef("--network %s: a local network is always regtest; `grapevine node --network %s` joins the public one", name, name)
			}
			return nil
		},
		Description: `Every node is a process with its own data directory and wallet. All but node 0 know only
node 0's address and find each other by gossip.

  $ grapevine testnet demo                     the whole story in half a minute
  $ grapevine testnet up --nodes 4 -d          start four nodes in the background
  $ grapevine wallet balance --node 0          talk to one of them
  $ grapevine testnet watch                    in another terminal: who tells whom
  $ grapevine testnet kill 1; grapevine testnet start 1
  $ grapevine testnet cut 0,1/2,3              two halves; testnet heal joins them
  $ grapevine testnet clock +2h                all clocks; testnet clock real gives them back
  $ grapevine testnet mine every=2s            node 0 mines; testnet mine off ends it
  $ grapevine testnet down`,
		Subcommands: slices.Concat([]*urfave.Command{
			{Name: "demo", Usage: "the whole story in one command, then tidies up", Action: p.demo,
				Flags: []urfave.Flag{
					cli.BoolFlag("keep", "keep the data directories afterwards"),
					&urfave.DurationFlag{Name: "pace", Usage: "`TIME` to read each paragraph (default 1.5s on a terminal, else 0)", EnvVars: cli.EnvVars("pace"), DefaultText: " "},
				}},
			simulatecmd.Command(on),
			p.compareCommand(),
			p.exportCommand(),
			{Name: "up", Usage: "start N nodes and stay until Ctrl-C (or return, with -d)", Action: p.up,
				Description: "A network that is there already is started again as it was; nodes of it that run are left alone.\n\n  $ grapevine testnet up\n  $ grapevine testnet up --nodes 8 --mine every=2s -d\n  $ grapevine testnet up --names alice,bob,miner --fund 10 -d\n  $ grapevine testnet up --config network.yaml -d\n\nWith names, `--node alice` stands wherever `--node 0` does. docs/network.yaml is an example of a file.\nIt prints where a browser sees the network.",
				Flags:       append([]urfave.Flag{cli.IntFlag("nodes", 4, "`N` nodes"), mine, detach}, configFlags()...)},
			p.faucetCommand(),
			{Name: "balances", Usage: "what each node's wallet holds", Action: p.balances,
				Description: "Confirmed can be spent; pending is in the pool; immature are rewards of the last 100 blocks. A node\nthat has several wallets in use has a row for each.\n\n  $ grapevine testnet balances"},
			{Name: "status", Usage: "what is up", Action: p.netStatus},
			{Name: "watch", Usage: "who tells whom of blocks and transactions, as it happens", Action: p.netWatch,
				Description: "An arrow goes from the node that gave to the one that took: 0 → 1, 2 · 2 → 3.\n\n  $ grapevine testnet watch"},
		}, p.memberCommands(), p.linkCommands(), []*urfave.Command{p.clockCommand(), p.mineCommand()}, p.stateCommands(), p.reorgCommands()),
	}
}

// memberCommands are about single nodes, and the network's end.
func (p *program) memberCommands() []*urfave.Command {
	return []*urfave.Command{
		{Name: "logs", Usage: "what node N says", ArgsUsage: "N", Action: p.netLogs,
			Flags: []urfave.Flag{&urfave.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on until Ctrl-C"}}},
		{Name: "down", Usage: "stop it; the data is kept", Action: p.netDown,
			Flags: []urfave.Flag{cli.BoolFlag("wipe", "delete the data too")}},
		{Name: "add", Usage: "start one more fresh node and watch it sync", Action: p.netAdd},
		{Name: "kill", Usage: "kill -9 node N", ArgsUsage: "N", Action: p.netKill},
		{Name: "stop", Usage: "stop node N cleanly", ArgsUsage: "N", Action: p.netStop},
		{Name: "start", Usage: "start node N again, or with --all every one that is down", ArgsUsage: "[N]", Action: p.netStart,
			Flags: []urfave.Flag{cli.BoolFlag("all", "every node that is down")}},
	}
}

// netConfig is how this program starts nodes: with itself.
func (p *program) netConfig(dir string, detach bool) (process.Config, error) {
	exe, err := os.Executable()
	if err != nil {
		return process.Config{}, fmt.Errorf("find our own program: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil { // net.json is read from elsewhere too
		return process.Config{}, err
	}
	return process.Config{
		Dir: dir, Exe: exe, Detach: detach,
		Dial: func(m testnet.Member) (testnet.Node, error) { return cli.DialMember(m) },
	}, nil
}

// openNet joins the network that is up on this machine, and mends what was left of it.
func (p *program) openNet(c *urfave.Context) (*process.Net, error) {
	local, err := p.joinNet(c)
	if err == nil {
		p.bringBack(c.Context, local)
	}
	return local, err
}

// joinNet is openNet for commands that end nodes, and so wait for none.
func (p *program) joinNet(c *urfave.Context) (*process.Net, error) {
	local, err := p.anyNet(c)
	if err == nil {
		err = local.File().Peopled(p.NetDir(c))
	}
	if err != nil {
		return nil, err
	}
	return local, nil
}

// anyNet is joinNet for who takes a network that has no nodes, too.
func (p *program) anyNet(c *urfave.Context) (*process.Net, error) {
	if err := ofThisMachine(c); err != nil {
		return nil, err
	}
	cfg, err := p.netConfig(p.NetDir(c), true)
	if err != nil {
		return nil, err
	}
	return process.Open(cfg)
}

// RefuseNode refuses --node of the line for a subcommand that is about the whole network.
func RefuseNode(command, node string) error {
	switch command {
	case "faucet", "balances", "logs", "kill", "stop", "start", "clock", "mine", "reorg", "double-spend":
		return nil
	case "down":
		return &cli.UsageError{Command: "grapevine testnet down", Why: "testnet down ends the whole network: it takes no --node", Hint: "`grapevine testnet stop " + cli.Printable(node) + "` stops one node."}
	}
	return &cli.UsageError{Command: "grapevine testnet " + command, Why: "testnet " + command + " is about the whole network: it takes no --node"}
}

// ofThisMachine refuses nodes elsewhere for a command that needs their folders and processes.
func ofThisMachine(c *urfave.Context) error {
	if c.String("nodes-file") == "" {
		return nil
	}
	return cli.Usagef("`%s` is for a network of this machine; with --nodes-file go `testnet status`, `watch`, `balances` and `faucet`, and with --node N too `mine`, `status`, `wallet` and `rpc`", c.Command.HelpName)
}

// nodeWord is the node that the line names.
func (p *program) nodeWord(c *urfave.Context) (string, error) {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return "", err
	}
	if err := checkWord(args[0]); err != nil {
		return "", err
	}
	if other := p.Said("node"); other != "" && other != args[0] {
		return "", cli.Usagef("%s %s --node %s names two nodes: want one of them", c.Command.HelpName, args[0], other)
	}
	return args[0], nil
}

// ofNode joins the network for a command that ends or starts one of its nodes, which the
// line names. What was left of it is for others to mend: that waits for nodes, and this may
// be to end one that hangs.
func (p *program) ofNode(c *urfave.Context) (local *process.Net, m testnet.Member, err error) {
	word, err := p.nodeWord(c)
	if err != nil {
		return nil, m, err
	}
	if local, err = p.joinNet(c); err == nil {
		m, err = local.File().Find(word)
	}
	if err != nil {
		return nil, m, cli.Fail("testnet "+c.Command.Name, err)
	}
	return local, m, nil
}

func (p *program) netStatus(c *urfave.Context) error {
	f, err := p.Net(c)
	if err != nil {
		return cli.Fail("testnet status", err)
	}
	if !c.Bool("json") {
		p.showNet(c.Context, p.Out, f.Nodes)
		if f.Apart != nil {
			p.Out.Printf("\nNode %d is apart: a reorg goes on, or was ended. `%s` brings it back.\n", f.Apart.Node, p.Advice("grapevine testnet heal"))
		}
		return nil
	}
	all := inspectAll(c.Context, f.Nodes)
	return p.PrintJSON(struct {
		Network string     `json:"network"`
		Dir     string     `json:"dir"`
		Page    string     `json:"page,omitempty"` // for a browser
		Nodes   []nodeView `json:"nodes"`
	}{"regtest", p.NetDir(c), pageOf(f.Nodes), all})
}

// showNet is the table of a network.
func (p *program) showNet(ctx context.Context, o *cli.Out, members []testnet.Member) {
	t := cli.NewTable(">node", "name", "P2P", "RPC", ">pid", ">block", ">peers", ">pool", "data directory")
	for _, s := range inspectAll(ctx, members) {
		m := s.Member
		row := []string{fmt.Sprint(m.Node), m.Name, m.P2P, m.RPC, fmt.Sprint(m.PID), cli.Count(int64(s.Height)), fmt.Sprint(s.Peers), fmt.Sprint(s.Pool), m.DataDir}
		switch {
		case m.PID == 0:
			row[4], row[5], row[6], row[7] = o.Paint(cli.Red, "down"), "", "", ""
		case s.Err != "":
			row[5], row[6], row[7] = "?", "?", "?"
		}
		if m.PID < 0 {
			row[4] = "elsewhere"
		}
		t.Row(row...)
	}
	t.Write(o, "")
	if page := pageOf(members); page != "" {
		o.Printf("\nSee it in a browser: %s\n", page)
	}
}

// pageOf is where a browser sees the network: at the first node that runs here; each shows all. "": nowhere.
func pageOf(members []testnet.Member) string {
	for _, m := range members {
		if m.PID > 0 && !slices.Contains(m.Conf, "web = off") {
			return m.RPC + "/network"
		}
	}
	return ""
}

// nodeView is what one member looks like from here.
type nodeView struct {
	testnet.Member
	Height int32  `json:"height"`
	Best   string `json:"best"`
	Peers  int    `json:"peers"`
	Pool   int    `json:"pool_txs"`
	Err    string `json:"error,omitempty"`
}

// inspectAll asks all members how they are, beside each other.
func inspectAll(ctx context.Context, members []testnet.Member) []nodeView {
	all := make([]nodeView, len(members))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, m := range members {
		g.Go(func() error { all[i] = inspect(ctx, m); return nil })
	}
	_ = g.Wait() // what failed stands in its view
	return all
}

// inspect asks one member how it is.
func inspect(ctx context.Context, m testnet.Member) nodeView {
	s := nodeView{Member: m}
	if m.PID == 0 {
		return s
	}
	const limit = 2 * time.Second
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cl, err := cli.DialMember(m)
	if err != nil {
		s.Err = err.Error()
		return s
	}
	defer cl.Close()
	a := &cli.Asker{Context: ctx, Client: cl}
	var pool struct {
		Size int `json:"size"`
	}
	a.Ask("getblockcount", &s.Height)
	a.Ask("getbestblockhash", &s.Best)
	a.Ask("getconnectioncount", &s.Peers)
	a.Ask("getmempoolinfo", &pool)
	s.Pool = pool.Size
	if a.Err != nil {
		s.Err = a.Err.Error()
	}
	return s
}
