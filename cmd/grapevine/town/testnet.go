package town

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/shell"
	"grapevine/cmd/grapevine/term"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

const (
	maxNodes   = 64  // of a local network: each is a process of some 50 MiB
	firstCoins = 101 // blocks until the first reward can be spent
)

// group is the command group.
type group struct{ *shell.Program }

// Command is `grapevine testnet`.
func Command(sh *shell.Program) *cli.Command {
	p := &group{sh}
	mine := shell.StringFlag("mine", "`MODE` of node 0: manual, on-tx or every=2s")
	mine.Value = "manual"
	detach := shell.BoolFlag("detach", "return when the network is ready; `testnet down` ends it")
	detach.Aliases = []string{"d"}
	return &cli.Command{
		Name:  "testnet",
		Usage: "a local network of real processes",
		Before: func(c *cli.Context) error {
			if name := c.String("network"); name != "regtest" {
				return shell.Usagef("--network %s: a local network is always regtest; `grapevine node --network %s` joins the public one", name, name)
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
  $ grapevine rpc --node 3 setnetworkactive false   cut node 3 off; true brings it back
  $ grapevine testnet down`,
		Subcommands: []*cli.Command{
			{Name: "demo", Usage: "the whole story in one command, then tidies up", Action: p.demo,
				Flags: []cli.Flag{
					shell.BoolFlag("keep", "keep the data directories afterwards"),
					&cli.DurationFlag{Name: "pace", Usage: "`TIME` to read each paragraph (default 1.5s on a terminal, else 0)", EnvVars: shell.EnvVars("pace"), DefaultText: " "},
				}},
			p.simulateCommand(),
			{Name: "up", Usage: "start N nodes and stay until Ctrl-C (or return, with -d)", Action: p.up,
				Description: "A network that is there already is started again as it was; nodes of it that run are left alone.\n\n  $ grapevine testnet up\n  $ grapevine testnet up --nodes 8 --mine every=2s -d",
				Flags:       []cli.Flag{shell.IntFlag("nodes", 4, "`N` nodes"), mine, detach}},
			{Name: "status", Usage: "what is up", Action: p.netStatus},
			{Name: "watch", Usage: "who tells whom of blocks and transactions, as it happens", Action: p.netWatch,
				Description: "An arrow goes from the node that gave to the one that took: 0 → 1, 2 · 2 → 3.\n\n  $ grapevine testnet watch"},
			{Name: "logs", Usage: "what node N says", ArgsUsage: "N", Action: p.netLogs,
				Flags: []cli.Flag{&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on until Ctrl-C"}}},
			{Name: "down", Usage: "stop it; the data is kept", Action: p.netDown,
				Flags: []cli.Flag{shell.BoolFlag("wipe", "delete the data too")}},
			{Name: "add", Usage: "start one more fresh node and watch it sync", Action: p.netAdd},
			{Name: "kill", Usage: "kill -9 node N", ArgsUsage: "N", Action: p.netKill},
			{Name: "start", Usage: "start node N again", ArgsUsage: "N", Action: p.netStart},
		},
	}
}

// netConfig is how this program starts nodes: with itself.
func (p *group) netConfig(dir string, detach bool) (process.Config, error) {
	exe, err := os.Executable()
	if err != nil {
		return process.Config{}, fmt.Errorf("find our own program: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil { // net.json is read from elsewhere too
		return process.Config{}, err
	}
	return process.Config{
		Dir: dir, Exe: exe, Detach: detach,
		Dial: func(m testnet.Member) (testnet.Node, error) { return shell.DialMember(m) },
	}, nil
}

// openNet joins the network that is up.
func (p *group) openNet(c *cli.Context) (*process.Net, error) {
	cfg, err := p.netConfig(p.NetDir(c), true)
	if err != nil {
		return nil, err
	}
	return process.Open(cfg)
}

func (p *group) up(c *cli.Context) error {
	nodes := c.Int("nodes")
	if nodes < 1 || nodes > maxNodes {
		return shell.Usagef("--nodes %d: want 1 to %d", nodes, maxNodes)
	}
	mine := c.String("mine")
	if _, err := shell.MineMode(mine); err != nil {
		return err
	}
	cfg, err := p.netConfig(p.NetDir(c), c.Bool("detach"))
	if err != nil {
		return shell.Fail("testnet up", err)
	}
	town, started, err := p.raise(c, cfg, nodes, mine)
	if err != nil {
		return p.upFailed(c.Context, town, started, err)
	}
	if err := p.Show(c, testnet.File{Network: "regtest", Nodes: town.Members()}, func(o *term.Out) { p.showNet(c.Context, o, town) }); err != nil {
		return err
	}
	if c.Bool("detach") {
		if !c.Bool("json") {
			p.Out.Printf("\nThe network runs in the background. Try:\n  %s\n  %s\n", p.Advice("grapevine wallet balance --node 0"), p.Advice("grapevine testnet down"))
		}
		return nil
	}
	return p.stay(c, town)
}

// upFailed stops what had been started.
func (p *group) upFailed(ctx context.Context, town *process.Net, started []int, err error) error {
	if town != nil {
		err = errors.Join(err, town.StopNodes(context.WithoutCancel(ctx), started))
	}
	if ctx.Err() != nil || len(started) == 0 {
		return shell.Fail("testnet up", err)
	}
	return shell.Failf("testnet up", "What the nodes said: `"+p.Advice("grapevine testnet logs N")+"`", "%w", err)
}

// raise starts the network, or those of its nodes that are down, and gives
// node 0 money.
func (p *group) raise(c *cli.Context, cfg process.Config, nodes int, mine string) (town *process.Net, started []int, err error) {
	town, release, err := process.Reserve(cfg)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	old := town.Members()
	if len(old) > 0 && (!c.IsSet("nodes") || nodes < len(old)) {
		nodes = len(old) // as it was
	}
	if len(old) > 0 && (c.IsSet("mine") || c.IsSet("nodes") && c.Int("nodes") < len(old)) {
		p.Err.Printf("%s holds a network of %s, which is started again as it was; `%s` makes room for another\n",
			cfg.Dir, term.Plural(len(old), "node"), p.Advice("grapevine testnet down --wipe"))
	}
	bar := p.Err.NewProgress("starting", "nodes")
	for i := range nodes {
		var m testnet.Member
		switch {
		case i < len(old):
			m, err = town.Start(c.Context, old[i].Node)
		case i == 0:
			m, err = town.Add(c.Context, testnet.Spec{Mine: strings.Replace(mine, "manual", "", 1)})
		default:
			m, err = town.Add(c.Context, testnet.Spec{})
		}
		switch {
		case errors.Is(err, testnet.ErrUp):
			if _, err = town.Await(c.Context, m); err != nil {
				return town, started, err
			}
		case err != nil:
			return town, started, err
		default:
			started = append(started, m.Node)
		}
		bar.Update(int64(i+1), int64(nodes), "")
	}
	bar.Done()
	mined, err := p.endow(c.Context, town)
	if err == nil && !mined && len(started) == 0 {
		err = fmt.Errorf("the network in %s %w", cfg.Dir, testnet.ErrUp)
	}
	return town, started, err
}

// endow mines until node 0's wallet can spend, unless that was done before, and
// waits until all have seen it.
func (p *group) endow(ctx context.Context, town *process.Net) (mined bool, err error) {
	members := town.Members()
	first, err := shell.DialMember(members[0])
	if err != nil {
		return false, err
	}
	defer first.Close()
	var height int64
	if err := first.Call(ctx, "getblockcount", &height); err != nil {
		return false, err
	}
	if height < firstCoins {
		var to string
		if err := first.Call(ctx, "getnewaddress", &to); err != nil {
			return false, err
		}
		if err := first.Call(ctx, "generatetoaddress", nil, firstCoins-height, to); err != nil {
			return false, err
		}
	}
	return height < firstCoins, waitHeight(ctx, members, max(height, firstCoins))
}

// waitHeight waits until all members are at that height.
func waitHeight(ctx context.Context, members []testnet.Member, height int64) error {
	const limit = 2 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for _, m := range members {
		n, err := shell.DialMember(m)
		if err != nil {
			return err
		}
		for at := int64(-1); at < height; {
			if err := n.Call(ctx, "getblockcount", &at); err != nil {
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
func (p *group) stay(c *cli.Context, town *process.Net) error {
	p.Err.Printf("\nThe network is up until you press Ctrl-C. Talk to it from another terminal:\n  %s\n  %s\n\n",
		p.Advice("grapevine wallet balance --node 0"), p.Advice("grapevine testnet add"))
	last := ""
	for c.Context.Err() == nil {
		if now := p.tips(c.Context, town); now != last && c.Context.Err() == nil {
			p.Err.Printf("%s  %s\n", p.Err.Paint(term.Dim, time.Now().Format(time.TimeOnly)), now)
			last = now
		}
		select {
		case <-c.Context.Done():
		case <-time.After(time.Second):
		}
	}
	p.Err.Printf("\nstopping\n")
	if err := town.Stop(context.WithoutCancel(c.Context)); err != nil {
		return shell.Fail("testnet up", err)
	}
	return nil
}

// tips is a line like "node 0 block 101, 3 peers · node 1 …".
func (p *group) tips(ctx context.Context, town *process.Net) string {
	var parts []string
	for _, m := range town.Members() {
		s := look(ctx, m)
		switch {
		case m.PID == 0:
			parts = append(parts, fmt.Sprintf("node %d is down", m.Node))
		case s.Err != "":
			parts = append(parts, fmt.Sprintf("node %d does not answer", m.Node))
		default:
			parts = append(parts, fmt.Sprintf("node %d block %d, %s", m.Node, s.Height, term.Plural(s.Peers, "peer")))
		}
	}
	return strings.Join(parts, " · ")
}

// seen is what one member looks like from here.
type seen struct {
	testnet.Member
	Height int32  `json:"height"`
	Best   string `json:"best"`
	Peers  int    `json:"peers"`
	Pool   int    `json:"pool_txs"`
	Err    string `json:"error,omitempty"`
}

// look asks one member how it is.
func look(ctx context.Context, m testnet.Member) seen {
	s := seen{Member: m}
	if m.PID == 0 {
		return s
	}
	const limit = 2 * time.Second
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cl, err := shell.DialMember(m)
	if err != nil {
		s.Err = err.Error()
		return s
	}
	defer cl.Close()
	a := &shell.Asker{Context: ctx, Client: cl}
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

func parseNumber(c *cli.Context) (int, error) {
	args, err := shell.WantArgs(c, 1, 1)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(args[0])
	if err != nil || n < 0 {
		return 0, shell.Usagef("%s %q: want a node's number, as `grapevine testnet status` shows it", c.Command.HelpName, args[0])
	}
	return n, nil
}
