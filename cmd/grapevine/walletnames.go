package main

import (
	"errors"
	"fmt"
	"slices"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
)

// nameCommands are about which wallets there are, and which of them is meant.
func (p *program) nameCommands() []*urfave.Command {
	forget := cli.BoolFlag("forget", "mean no wallet by name any more")
	return []*urfave.Command{
		{Name: "create", Usage: "make the wallet, or one of that name, and show its words", ArgsUsage: "[NAME]", Action: p.walletCreate,
			Flags:       []urfave.Flag{cli.BoolFlag("encrypt", "ask for a passphrase, and never write a key in clear; needs NAME")},
			Description: "With --encrypt the passphrase is asked for as by `grapevine wallet encrypt`, and the wallet\nis locked when its words have been shown.\n\n  $ grapevine wallet create savings --encrypt"},
		{Name: "restore", Usage: "make the wallet again from its words", ArgsUsage: "[WORD…]", Action: p.walletRestore, Flags: []urfave.Flag{cli.WalletFlag()},
			Description: "Without words on the line they are read from stdin, which keeps them out of the\nshell's history.\n\n  $ grapevine wallet restore < words.txt"},
		{Name: "list", Usage: "the wallets on disk, which are in use, and which is meant", Action: p.walletList},
		{Name: "load", Usage: "take a wallet into use", ArgsUsage: "NAME", Action: p.walletLoad},
		{Name: "unload", Usage: "take a wallet out of use", ArgsUsage: "NAME", Action: p.walletUnload},
		{Name: "use", Usage: "mean this wallet wherever --wallet names none", ArgsUsage: "[NAME]", Action: p.walletUse, Flags: []urfave.Flag{forget},
			Description: "The choice is kept in the node's data directory, for all that is typed from now on; an\nempty NAME is the wallet without a name. Without NAME the choice is shown.\n\n  $ grapevine wallet use savings\n  $ grapevine wallet use --forget"},
	}
}

type namedWallet struct {
	Name   string `json:"name"`
	Loaded bool   `json:"loaded"`
	Chosen bool   `json:"chosen,omitempty"` // by "wallet use"
}

func (p *program) walletList(c *urfave.Context) error {
	list, err := p.wallets(c)
	if err != nil {
		return cli.Fail("wallet list", err)
	}
	return p.Show(c, list, func(o *cli.Out) {
		if len(list) == 0 {
			o.Printf("no wallets\n")
			return
		}
		t := cli.NewTable("wallet", "", "")
		for _, w := range list {
			in, meant := "", ""
			if w.Loaded {
				in = "in use"
			}
			if w.Chosen {
				meant = "meant where --wallet names none"
			}
			t.Row(shownName(w.Name), in, meant)
		}
		t.Write(o, "")
	})
}

func shownName(name string) string {
	if name == "" {
		return "(without a name)"
	}
	return cli.Printable(name)
}

// wallets are those that the node has in use, and the others on its disk.
func (p *program) wallets(c *urfave.Context) ([]namedWallet, error) {
	a, err := p.Asker(c)
	if err != nil {
		return nil, err
	}
	defer a.Client.Close()
	var dir struct {
		Wallets []namedWallet `json:"wallets"`
	}
	var loaded []string
	a.Ask("listwalletdir", &dir)
	a.Ask("listwallets", &loaded)
	chosen, is, err := p.ChosenWallet(c)
	if a.Err != nil || err != nil {
		return nil, errors.Join(a.Err, err)
	}
	list := []namedWallet{}
	for _, name := range loaded {
		list = append(list, namedWallet{name, true, is && name == chosen})
	}
	for _, w := range dir.Wallets {
		if !slices.Contains(loaded, w.Name) {
			w.Chosen = is && w.Name == chosen
			list = append(list, w)
		}
	}
	return list, nil
}

func (p *program) walletUse(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 0, 1)
	switch {
	case err != nil:
		return err
	case c.Bool("forget") && len(args) > 0:
		return cli.Usagef("wallet use --forget takes no NAME")
	case c.Bool("forget"):
		if err := p.ChooseWallet(c, nil); err != nil {
			return cli.Fail("wallet use", err)
		}
		return p.Show(c, struct{}{}, func(o *cli.Out) { o.Printf("forgotten\n") })
	case len(args) == 0:
		return p.showChosen(c)
	}
	list, err := p.wallets(c)
	if err == nil && !slices.ContainsFunc(list, func(w namedWallet) bool { return w.Loaded && w.Name == args[0] }) {
		err = fmt.Errorf("%s is not in use: see `grapevine wallet list`, `grapevine wallet load`", shownName(args[0]))
	}
	if err == nil {
		err = p.ChooseWallet(c, &args[0])
	}
	if err != nil {
		return cli.Fail("wallet use", err)
	}
	return p.Show(c, namedWallet{args[0], true, true}, func(o *cli.Out) { o.Printf("%s is meant from now on where --wallet names none\n", shownName(args[0])) })
}

func (p *program) showChosen(c *urfave.Context) error {
	name, is, err := p.ChosenWallet(c)
	if err != nil {
		return cli.Fail("wallet use", err)
	}
	chosen := struct {
		Name *string `json:"name"` // null: none
	}{}
	if is {
		chosen.Name = &name
	}
	return p.Show(c, chosen, func(o *cli.Out) {
		if is {
			o.Printf("%s\n", shownName(name))
		} else {
			o.Printf("no wallet is chosen by name\n")
		}
	})
}

func (p *program) walletLoad(c *urfave.Context) error {
	return p.byName(c, "load", "loadwallet", "in use, and from now on at every start")
}

func (p *program) walletUnload(c *urfave.Context) error {
	return p.byName(c, "unload", "unloadwallet", "not in use any more")
}

// byName takes a wallet into use or out of it, for good.
func (p *program) byName(c *urfave.Context, command, method, said string) error {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	if err := p.Call(c, method, nil, args[0], method == "loadwallet"); err != nil {
		return cli.Fail("wallet "+command, err)
	}
	return p.Show(c, namedWallet{Name: args[0], Loaded: method == "loadwallet"}, func(o *cli.Out) { o.Printf("%s\n", said) })
}
