package testnetcmd

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/db"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

func (p *program) netLogs(c *urfave.Context) error {
	word, err := p.nodeWord(c)
	if err != nil {
		return err
	}
	if err := ofThisMachine(c); err != nil {
		return err
	}
	f, err := process.ReadFile(p.NetDir(c))
	if err != nil {
		return cli.Fail("testnet logs", err)
	}
	m, err := f.Find(word)
	if err != nil {
		return cli.Fail("testnet logs", err)
	}
	file, err := db.OpenFile(process.LogPath(m))
	if err != nil {
		return cli.Fail("testnet logs", err)
	}
	defer file.Close()
	log := &tail{Reader: bufio.NewReader(file), node: m.Node, follow: c.Bool("follow")}
	for {
		if err := p.printLog(log, c.Bool("json")); err != nil {
			return cli.Fail("testnet logs", err)
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

// tail is a log that is read while it grows.
type tail struct {
	*bufio.Reader
	node   int
	follow bool   // more may come
	half   string // with --json: a line whose end has not come
}

// printLog prints what the log has more than before: with --json each line as a value, and a
// half one once it is whole, or at the end.
func (p *program) printLog(log *tail, asJSON bool) error {
	if !asJSON {
		_, err := io.Copy(p.Out, log)
		return err
	}
	for {
		line, err := log.ReadString('\n')
		if err != nil && err != io.EOF {
			return err
		}
		line, log.half = log.half+line, ""
		if err == io.EOF && log.follow {
			log.half = line
			return nil
		}
		if line != "" {
			if err := p.PrintLine(struct {
				Node int    `json:"node"`
				Line string `json:"line"`
			}{log.node, strings.TrimSuffix(line, "\n")}); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

func (p *program) netDown(c *urfave.Context) error {
	local, err := p.anyNet(c)
	if err != nil {
		return cli.Fail("testnet down", err)
	}
	release, err := local.Reserve()
	if err != nil {
		return cli.Fail("testnet down", err)
	}
	defer release()
	stopped := len(running(local.Members()))
	if err := local.Stop(c.Context); err != nil {
		return cli.Fail("testnet down", err)
	}
	done := struct {
		Stopped int  `json:"stopped"`
		Wiped   bool `json:"wiped"`
	}{stopped, c.Bool("wipe")}
	if done.Wiped {
		if err := local.Wipe(); err != nil {
			return cli.Fail("testnet down", err)
		}
	}
	return p.Show(c, done, func(o *cli.Out) {
		o.Printf("%s stopped", cli.Plural(stopped, "node"))
		if done.Wiped {
			o.Printf(", data deleted")
		}
		o.Printf("\n")
	})
}

func (p *program) netKill(c *urfave.Context) error {
	local, m, err := p.ofNode(c)
	if err != nil {
		return err
	}
	if err := local.Kill(c.Context, m.Node); err != nil {
		return cli.Fail("testnet kill", err)
	}
	done := struct {
		Killed int `json:"killed"`
	}{m.Node}
	return p.Show(c, done, func(o *cli.Out) {
		o.Printf("node %d is dead; `%s` wakes it\n", m.Node, p.Advice(fmt.Sprintf("grapevine testnet start %d", m.Node)))
	})
}

func (p *program) netStop(c *urfave.Context) error {
	local, m, err := p.ofNode(c)
	if err != nil {
		return err
	}
	if m.PID == 0 {
		return cli.Fail("testnet stop", fmt.Errorf("%s %w", m.Title(), testnet.ErrDown))
	}
	if err := local.StopNodes(c.Context, []int{m.Node}); err != nil {
		return cli.Fail("testnet stop", err)
	}
	done := struct {
		Stopped int `json:"stopped"`
	}{m.Node}
	return p.Show(c, done, func(o *cli.Out) {
		o.Printf("node %d has stopped; `%s` wakes it\n", m.Node, p.Advice(fmt.Sprintf("grapevine testnet start %d", m.Node)))
	})
}

// startAll starts every node that is down.
func (p *program) startAll(c *urfave.Context) error {
	if _, err := cli.WantArgs(c, 0, 0); err != nil {
		return cli.Usagef("testnet start: want a node's number, or --all alone")
	}
	local, err := p.openNet(c)
	if err != nil {
		return cli.Fail("testnet start", err)
	}
	release, err := local.Reserve()
	if err != nil {
		return cli.Fail("testnet start", err)
	}
	defer release()
	var down []int
	for _, m := range local.Members() {
		if m.PID == 0 {
			down = append(down, m.Node)
		}
	}
	started := []testnet.Member{}
	if _, err := local.StartMany(c.Context, down, func(m testnet.Member) { started = append(started, m) }); err != nil {
		return cli.Fail("testnet start", err)
	}
	slices.SortFunc(started, func(a, b testnet.Member) int { return a.Node - b.Node })
	return p.Show(c, started, func(o *cli.Out) { o.Printf("%s started\n", cli.Plural(len(started), "node")) })
}

func (p *program) netStart(c *urfave.Context) error {
	if c.Bool("all") {
		return p.startAll(c)
	}
	if c.NArg() != 1 {
		return cli.Usagef("testnet start wants the number or name of one node, or --all, not %s", cli.Plural(c.NArg(), "argument"))
	}
	local, m, err := p.ofNode(c)
	if err != nil {
		return err
	}
	p.bringBack(c.Context, local)
	if m, err = local.Start(c.Context, m.Node); err != nil {
		return cli.Fail("testnet start", err)
	}
	return p.Show(c, m, func(o *cli.Out) { o.Printf("node %d runs, pid %d\n", m.Node, m.PID) })
}
