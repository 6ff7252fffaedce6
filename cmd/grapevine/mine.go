package main

import (
	"errors"
	"strconv"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
)

// maxMine bounds one `mine`: on regtest a block takes about a millisecond.
const maxMine = 100_000

// mineStep is how many blocks are asked for at once, so that there is
// progress to show and Ctrl-C is heard.
const mineStep = 100

func (p *program) mineCommand() *urfave.Command {
	return &urfave.Command{
		Name:      "mine",
		Usage:     "make N blocks now (regtest)",
		ArgsUsage: "N",
		Description: `Prints the blocks' hashes, one a line. A reward can be spent after 100 more blocks,
so 101 blocks make the first 50 BTC that are good.

  $ grapevine mine 101
  $ grapevine mine 1 --to bcrt1q… --node 3`,
		Flags:  []urfave.Flag{cli.StringFlag("to", "`ADDRESS` of the reward (default a new one of the node's wallet)"), cli.WalletFlag()},
		Action: p.mine,
	}
}

func (p *program) mine(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(args[0])
	if err != nil || n < 1 || n > maxMine {
		return cli.Usagef("mine %q: want a number of blocks from 1 to %d", args[0], maxMine)
	}
	a, err := p.Asker(c)
	if err != nil {
		return cli.Fail("mine", err)
	}
	defer a.Client.Close()
	to := c.String("to")
	if to == "" {
		a.Ask("getnewaddress", &to)
	}
	hashes, err := p.mineTo(a, n, to, c.Bool("json"))
	if err != nil {
		return cli.Fail("mine", err)
	}
	if c.Bool("json") {
		return p.PrintJSON(struct {
			To     string   `json:"to"`
			Blocks []string `json:"blocks"`
		}{to, hashes})
	}
	return nil
}

// mineTo mines step by step and prints the hashes as they come, unless quiet.
func (p *program) mineTo(a *cli.Asker, n int, to string, quiet bool) (all []string, err error) {
	var bar *cli.Progress
	if n > mineStep && p.Err.TTY() && !p.Out.TTY() {
		bar = p.Err.NewProgress("mining", "blocks")
		defer bar.Done()
	}
	for len(all) < n && a.Err == nil {
		var hashes []string
		a.Ask("generatetoaddress", &hashes, min(mineStep, n-len(all)), to)
		if a.Err == nil && len(hashes) == 0 {
			return all, errors.New("the node made no block")
		}
		for _, h := range hashes {
			if !quiet {
				p.Out.Printf("%s\n", h)
			}
		}
		all = append(all, hashes...)
		if bar != nil {
			bar.Update(int64(len(all)), int64(n), "")
		}
	}
	return all, a.Err
}
