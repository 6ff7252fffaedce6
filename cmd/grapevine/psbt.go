package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"grapevine/chain"
	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/jsonrpc"
)

func (p *program) psbtCommand() *urfave.Command {
	dear := cli.BoolFlag("anyfee", "a fee that looks like a mistake is meant so")
	return &urfave.Command{
		Name:  "psbt",
		Usage: "transactions that several sign, one after the other",
		Description: `A PSBT (BIP174) is a transaction with what is known of its signatures. PSBT is the text
itself, the name of a file that holds it, or - for stdin.

  $ grapevine psbt create bcrt1q… 0.5 --feerate 2 > pay.psbt
  $ grapevine psbt show pay.psbt
  $ grapevine psbt sign pay.psbt > mine.psbt
  $ grapevine psbt combine mine.psbt hers.psbt > both.psbt
  $ grapevine psbt finalize both.psbt --send`,
		Subcommands: []*urfave.Command{
			{Name: "create", Usage: "make one that pays AMOUNT BTC to ADDRESS by the wallet's coins", ArgsUsage: "ADDRESS AMOUNT", Flags: []urfave.Flag{feeRate(), dear, cli.WalletFlag()}, Action: p.psbtCreate},
			{Name: "sign", Usage: "add the wallet's signatures", ArgsUsage: "PSBT", Flags: []urfave.Flag{cli.WalletFlag()}, Action: p.psbtSign},
			{Name: "combine", Usage: "put together what several have signed", ArgsUsage: "PSBT PSBT…", Action: p.psbtCombine},
			{Name: "finalize", Usage: "make the transaction of one that is signed, and send it with --send", ArgsUsage: "PSBT",
				Flags: []urfave.Flag{cli.BoolFlag("send", "hand the transaction in; prints its txid"), dear}, Action: p.psbtFinalize},
			{Name: "show", Usage: "show what it pays, and who signs what", ArgsUsage: "PSBT", Action: p.psbtShow},
		},
	}
}

// maxPSBT is more than a block of them takes.
const maxPSBT = 8 << 20 // bytes

// readPSBT is the text that a word of the command line stands for.
func (p *program) readPSBT(word string) (string, error) {
	var from io.Reader = strings.NewReader(word)
	if word == "-" {
		from = p.In
	} else if f, err := os.Open(word); err == nil {
		defer f.Close()
		from = f
	} else if !strings.HasPrefix(word, "cHNidP") { // "psbt" in base64
		return "", fmt.Errorf("%q is neither a PSBT nor a file that holds one", cli.Printable(word))
	}
	raw, err := io.ReadAll(io.LimitReader(from, maxPSBT))
	text := strings.TrimSpace(string(raw))
	if err == nil && text == "" {
		err = fmt.Errorf("there is nothing in %q: whatever was to write a PSBT there has failed", cli.Printable(word))
	}
	return text, err
}

// onePSBT reads the one argument of a command.
func (p *program) onePSBT(c *urfave.Context) (string, error) {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return "", err
	}
	text, err := p.readPSBT(args[0])
	return text, cli.Fail("psbt "+c.Command.Name, err)
}

// madePSBT is what commands show that make one.
type madePSBT struct {
	PSBT     string          `json:"psbt"`
	Fee      *jsonrpc.Amount `json:"fee,omitempty"`
	Complete *bool           `json:"complete,omitempty"`
}

func (p *program) showPSBT(c *urfave.Context, m madePSBT) error {
	return p.Show(c, m, func(o *cli.Out) {
		o.Printf("%s\n", m.PSBT)
		switch {
		case m.Fee != nil:
			p.Err.Printf("It pays a fee of %s BTC, and nobody has signed it yet.\n", *m.Fee)
		case m.Complete != nil && *m.Complete:
			p.Err.Printf("All signatures are there: `grapevine psbt finalize PSBT --send`.\n")
		case m.Complete != nil:
			p.Err.Printf("Signatures are missing still: `grapevine psbt show PSBT` says whose.\n")
		}
	})
}

func (p *program) psbtCreate(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 2, 2)
	if err != nil {
		return err
	}
	amount, err := chain.ParseAmount(args[1])
	if err != nil || amount <= 0 {
		return cli.Usagef("psbt create: %q: want an amount in BTC, more than nothing", args[1])
	}
	options, err := feeOptions(c)
	if err != nil {
		return err
	}
	var m madePSBT
	outputs := []any{map[string]any{args[0]: jsonrpc.Amount(amount)}}
	if err := p.Call(c, "walletcreatefundedpsbt", &m, []any{}, outputs, 0, options); err != nil {
		return cli.Fail("psbt create", err)
	}
	return p.showPSBT(c, m)
}

func (p *program) psbtSign(c *urfave.Context) error {
	text, err := p.onePSBT(c)
	if err != nil {
		return err
	}
	var m madePSBT
	if err := p.Call(c, "walletprocesspsbt", &m, text); err != nil {
		return cli.Fail("psbt sign", err)
	}
	return p.showPSBT(c, m)
}

func (p *program) psbtCombine(c *urfave.Context) error {
	const most = 1000 // copies: far more than a script can have signers
	args, err := cli.WantArgs(c, 2, most)
	if err != nil {
		return err
	}
	var texts []string
	for _, word := range args {
		text, err := p.readPSBT(word)
		if err != nil {
			return cli.Fail("psbt combine", err)
		}
		texts = append(texts, text)
	}
	var m madePSBT
	if err := p.Call(c, "combinepsbt", &m.PSBT, texts); err != nil {
		return cli.Fail("psbt combine", err)
	}
	return p.showPSBT(c, m)
}

func (p *program) psbtFinalize(c *urfave.Context) error {
	text, err := p.onePSBT(c)
	if err != nil {
		return err
	}
	var done struct {
		Hex      string `json:"hex,omitempty"`
		PSBT     string `json:"psbt,omitempty"`
		TxID     string `json:"txid,omitempty"`
		Complete bool   `json:"complete"`
	}
	if err := p.Call(c, "finalizepsbt", &done, text); err != nil {
		return cli.Fail("psbt finalize", err)
	}
	if !done.Complete {
		return cli.Fail("psbt finalize", fmt.Errorf("signatures are missing: `grapevine psbt show` says whose"))
	}
	if c.Bool("send") {
		params := []any{done.Hex}
		if c.Bool("anyfee") {
			params = append(params, 0)
		}
		if err := p.Call(c, "sendrawtransaction", &done.TxID, params...); err != nil {
			return cli.Fail("psbt finalize --send", err)
		}
	}
	return p.Show(c, done, func(o *cli.Out) {
		if done.TxID != "" {
			o.Printf("%s\n", done.TxID)
			return
		}
		o.Printf("%s\n", done.Hex)
	})
}

// psbtView is what psbt show asks for: decodepsbt's and analyzepsbt's answers.
type psbtView struct {
	Decoded  json.RawMessage `json:"decoded"`
	Analysis json.RawMessage `json:"analysis"`
}

func (p *program) psbtShow(c *urfave.Context) error {
	text, err := p.onePSBT(c)
	if err != nil {
		return err
	}
	var v psbtView
	if err := p.Call(c, "decodepsbt", &v.Decoded, text); err != nil {
		return cli.Fail("psbt show", err)
	}
	if err := p.Call(c, "analyzepsbt", &v.Analysis, text); err != nil {
		return cli.Fail("psbt show", err)
	}
	pic, err := drawPSBT(v)
	if err != nil {
		return cli.Fail("psbt show", err)
	}
	return p.Show(c, v, func(o *cli.Out) { o.Printf("%s", pic) })
}
