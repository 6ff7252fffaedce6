package testnetcmd

import (
	"errors"
	"fmt"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet/process"
)

// stateCommands keep what a network is and bring it back.
func (p *program) stateCommands() []*urfave.Command {
	return []*urfave.Command{
		{Name: "snapshot", Usage: "keep the whole network as it is now", ArgsUsage: "NAME", Action: p.netSnapshot,
			Description: `Chains, wallets, pools, clocks, links and who mines, of all nodes at one moment, while they run.
One of that name that is there already is replaced when the new one is whole, and the output says so.

  $ grapevine testnet snapshot funded
  $ grapevine testnet restore funded               back to it, as often as you like
  $ grapevine testnet branch funded /tmp/other     a second network that begins there`},
		{Name: "restore", Usage: "bring the network back to a snapshot", ArgsUsage: "NAME", Action: p.netRestore,
			Description: "What has happened since is gone; nodes that were added since too. The nodes that ran run again.\n\n  $ grapevine testnet restore funded"},
		{Name: "branch", Usage: "make another network of a snapshot, beside this one", ArgsUsage: "NAME DIR", Action: p.netBranch,
			Description: "It has ports of its own and runs in the background.\n\n  $ grapevine testnet branch funded /tmp/other\n  $ grapevine testnet status --dir /tmp/other"},
		{Name: "snapshots", Usage: "which snapshots there are", Action: p.netSnapshots,
			Flags:       []urfave.Flag{cli.StringFlag("delete", "`NAME` of one that is no longer wanted")},
			Description: "  $ grapevine testnet snapshots\n  $ grapevine testnet snapshots --delete funded"},
	}
}

// snapshotHint is what to do about a failure with snapshots.
func snapshotHint(err error) string {
	if errors.Is(err, process.ErrNoSnapshot) {
		return "`grapevine testnet snapshots` shows which there are."
	}
	if cli.IsMkdir(err) {
		return "No folder can be made there: choose another one."
	}
	return cli.HintFor(err)
}

func snapshotFailed(what string, err error) error {
	return &cli.Failure{What: what, Err: err, Hint: snapshotHint(err)}
}

// stateView is what these commands print with --json.
type stateView struct {
	process.Snapshot
	Dir      string            `json:"dir,omitempty"`
	Replaced *process.Snapshot `json:"replaced,omitempty"` // the one that had this name before
	Seconds  float64           `json:"seconds"`
}

// ofSnapshot joins the network for a command about a snapshot, whose name is the first of
// its arguments.
func (p *program) ofSnapshot(c *urfave.Context, count int) (local *process.Net, args []string, err error) {
	if args, err = cli.WantArgs(c, count, count); err != nil {
		return nil, nil, err
	}
	what := "testnet " + c.Command.Name
	if err := process.CheckName(args[0]); err != nil {
		return nil, nil, cli.Usagef("%s: %v", what, err)
	}
	if local, err = p.openNet(c); err != nil {
		return nil, nil, cli.Fail(what, err)
	}
	return local, args, nil
}

func (p *program) netSnapshot(c *urfave.Context) error {
	local, args, err := p.ofSnapshot(c, 1)
	if err != nil {
		return err
	}
	begun := time.Now()
	s, old, err := local.TakeSnapshot(c.Context, args[0])
	if err != nil {
		return snapshotFailed("testnet snapshot", err)
	}
	took := time.Since(begun)
	return p.Show(c, stateView{Snapshot: s, Replaced: old, Seconds: took.Seconds()}, func(o *cli.Out) {
		o.Printf("%s kept: %s at block %s, %s, in %s (the nodes stood still for %s)\n", s.Name, cli.Plural(len(s.Nodes), "node"),
			cli.Count(int64(s.Height)), cli.Bytes(s.Bytes), cli.Short(took), cli.Short(time.Duration(s.Held)))
		if old != nil {
			o.Printf("it replaces the %s of %s, at block %s\n", old.Name, old.Taken.Local().Format(time.DateTime), cli.Count(int64(old.Height)))
		}
		o.Printf("`%s` brings the network back to it\n", p.Advice("grapevine testnet restore "+s.Name))
	})
}

func (p *program) netRestore(c *urfave.Context) error {
	local, args, err := p.ofSnapshot(c, 1)
	if err != nil {
		return err
	}
	begun := time.Now()
	s, err := local.Restore(c.Context, args[0])
	if err != nil {
		return snapshotFailed("testnet restore", err)
	}
	took := time.Since(begun)
	return p.Show(c, stateView{Snapshot: s, Seconds: took.Seconds()}, func(o *cli.Out) {
		o.Printf("back at %s of %s: %s at block %s, in %s\n", s.Name, s.Taken.Local().Format(time.DateTime),
			cli.Plural(len(s.Nodes), "node"), cli.Count(int64(s.Height)), cli.Short(took))
	})
}

func (p *program) netBranch(c *urfave.Context) error {
	local, args, err := p.ofSnapshot(c, 2)
	if err != nil {
		return err
	}
	if args[1] == "" {
		return cli.Usagef("testnet branch %s: the folder's name is empty", args[0])
	}
	begun := time.Now()
	branch, s, err := local.Branch(c.Context, args[0], args[1])
	if err != nil {
		return snapshotFailed("testnet branch", err)
	}
	took := time.Since(begun)
	return p.Show(c, stateView{Snapshot: s, Dir: args[1], Seconds: took.Seconds()}, func(o *cli.Out) {
		p.showNet(c.Context, o, branch.Members())
		o.Printf("\nA network of its own in %s, from %s at block %s, after %s. Talk to it:\n  grapevine wallet balance --node 0 --dir %s\n",
			args[1], s.Name, cli.Count(int64(s.Height)), cli.Short(took), cli.Quoted(args[1]))
	})
}

func (p *program) netSnapshots(c *urfave.Context) error {
	if _, err := cli.WantArgs(c, 0, 0); err != nil {
		return err
	}
	name := c.String("delete")
	if err := process.CheckName(name); name != "" && err != nil {
		return cli.Usagef("testnet snapshots --delete %v", err)
	}
	local, err := p.openNet(c)
	if err != nil {
		return cli.Fail("testnet snapshots", err)
	}
	if name != "" {
		if err := local.DeleteSnapshot(name); err != nil {
			return snapshotFailed("testnet snapshots", err)
		}
	}
	all, err := local.Snapshots()
	if err != nil {
		return cli.Fail("testnet snapshots", err)
	}
	return p.Show(c, struct {
		Snapshots []process.Snapshot `json:"snapshots"`
	}{append([]process.Snapshot{}, all...)}, func(o *cli.Out) {
		if len(all) == 0 {
			o.Printf("there are none; `%s` keeps the network as it is\n", p.Advice("grapevine testnet snapshot NAME"))
			return
		}
		t := cli.NewTable("name", "taken", ">nodes", ">block", ">size")
		for _, s := range all {
			t.Row(s.Name, s.Taken.Local().Format(time.DateTime), fmt.Sprint(len(s.Nodes)), cli.Count(int64(s.Height)), cli.Bytes(s.Bytes))
		}
		t.Write(o, "")
	})
}
