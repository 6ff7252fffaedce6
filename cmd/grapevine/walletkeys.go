package main

import (
	"bufio"
	"errors"
	"os"
	"strings"

	urfave "github.com/urfave/cli/v2"
	"golang.org/x/term"

	"grapevine/cmd/grapevine/cli"
)

// maxUnlock is as in Core, in seconds [MAX_SLEEP_TIME].
const maxUnlock = 100_000_000

// keyCommands are about what guards the keys of a wallet.
func (p *program) keyCommands() []*urfave.Command {
	seconds := cli.IntFlag("seconds", 60, "`N` seconds until it locks itself")
	return []*urfave.Command{
		{Name: "encrypt", Usage: "guard keys and words by a passphrase", Action: p.walletEncrypt,
			Description: "The passphrase is asked for twice, without showing it; where stdin is no terminal it is\nthe first line of it. It never stands on the command line. Without it the money is lost:\nwrite it down, and make a new backup.\n\n  $ grapevine wallet encrypt --wallet savings"},
		{Name: "unlock", Usage: "let an encrypted wallet sign for a while", Flags: []urfave.Flag{seconds}, Action: p.walletUnlock,
			Description: "  $ grapevine wallet unlock --seconds 300"},
		{Name: "lock", Usage: "lock it again at once", Action: p.walletLock},
	}
}

// ofWallets gives each command the flag that names a wallet.
func ofWallets(list []*urfave.Command) []*urfave.Command {
	for _, c := range list {
		c.Flags = append(c.Flags, cli.WalletFlag())
	}
	return list
}

// createNamed makes a wallet of that name and shows its words.
func (p *program) createNamed(c *urfave.Context, name string) error {
	a, err := p.Asker(c)
	if err != nil {
		return cli.Fail("wallet create", err)
	}
	defer a.Client.Close()
	var passphrase any // nil: none
	if c.Bool("encrypt") {
		if passphrase, err = p.newPassphrase(); err != nil {
			return cli.Fail("wallet create", err)
		}
		if passphrase == "" { // a terminal's; the node would make a wallet in clear
			return cli.Usagef("wallet create --encrypt: the passphrase is empty: nothing was made")
		}
	}
	var w words
	var made struct {
		Warnings []string `json:"warnings"`
	}
	a.Ask("createwallet", &made, name, false, false, passphrase, false, true, true)
	if a.Err == nil {
		a.Client.OfWallet(name)
	}
	if passphrase != nil {
		const shortly = 60 // seconds; until it is locked below
		a.Ask("walletpassphrase", nil, passphrase, shortly)
	}
	a.Ask("walletwords", &w)
	if passphrase != nil {
		a.Ask("walletlock", nil)
	}
	if a.Err != nil {
		return cli.Fail("wallet create", a.Err)
	}
	w.Warning = strings.Join(made.Warnings, " ")
	return p.showWords(c, w)
}

func (p *program) walletEncrypt(c *urfave.Context) error {
	passphrase, err := p.newPassphrase()
	if err != nil {
		return cli.Fail("wallet encrypt", err)
	}
	var done struct {
		Message string `json:"message"`
	}
	if err := p.Call(c, "encryptwallet", &done.Message, passphrase); err != nil {
		return cli.Fail("wallet encrypt", err)
	}
	return p.Show(c, done, func(o *cli.Out) { o.Printf("%s\n", cli.Sentences(done.Message)) })
}

func (p *program) walletUnlock(c *urfave.Context) error {
	seconds := c.Int("seconds")
	if seconds < 0 || seconds > maxUnlock {
		return cli.Usagef("--seconds %d: want 0 to %d", seconds, maxUnlock)
	}
	passphrase, err := p.askPassphrase("Passphrase: ")
	if err == nil {
		err = p.Call(c, "walletpassphrase", nil, passphrase, seconds)
	}
	if err != nil {
		return cli.Fail("wallet unlock", err)
	}
	done := struct {
		Seconds int `json:"seconds"`
	}{seconds}
	return p.Show(c, done, func(o *cli.Out) { o.Printf("unlocked for %s\n", cli.Plural(seconds, "second")) })
}

func (p *program) walletLock(c *urfave.Context) error {
	if err := p.Call(c, "walletlock", nil); err != nil {
		return cli.Fail("wallet lock", err)
	}
	done := struct {
		Locked bool `json:"locked"`
	}{true}
	return p.Show(c, done, func(o *cli.Out) { o.Printf("locked\n") })
}

// newPassphrase asks for one, on a terminal twice.
func (p *program) newPassphrase() (string, error) {
	first, err := p.askPassphrase("New passphrase: ")
	if err != nil || !p.onTerminal() {
		return first, err
	}
	again, err := p.askPassphrase("The same again: ")
	if err == nil && again != first {
		err = errors.New("the two passphrases differ: nothing was done")
	}
	return first, err
}

func (p *program) onTerminal() bool {
	f, ok := p.In.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// maxPassphraseLine is far more than anybody types.
const maxPassphraseLine = 64 << 10 // bytes

// askPassphrase reads a passphrase: on a terminal without showing it, else the first
// line of stdin. It never comes from the command line, which others can read.
func (p *program) askPassphrase(prompt string) (string, error) {
	if p.onTerminal() {
		p.Err.Printf("%s", prompt)
		raw, err := term.ReadPassword(int(p.In.(*os.File).Fd()))
		p.Err.Printf("\n")
		return string(raw), err
	}
	in := bufio.NewReaderSize(p.In, maxPassphraseLine)
	line, tooLong, err := in.ReadLine()
	if err != nil || tooLong || len(line) == 0 {
		return "", cli.Usagef("want the passphrase on one line of stdin")
	}
	return strings.TrimRight(string(line), "\r"), nil
}
