package main

import (
	"encoding/json"

	"github.com/btcsuite/btcd/btcutil/v2"
	urfave "github.com/urfave/cli/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/jsonrpc"
)

// spendCommands pay, and get a payment unstuck.
func (p *program) spendCommands() []*urfave.Command {
	rate, dear := feeRate(), cli.BoolFlag("anyfee", "a fee rate above 1,000 sat/vB is meant so")
	return []*urfave.Command{
		{Name: "send", Usage: "pay AMOUNT BTC to ADDRESS, or all there is; prints the txid", ArgsUsage: "ADDRESS AMOUNT", Action: p.walletSend,
			Description: `With --all there is no AMOUNT: every coin that can be spent goes to ADDRESS, less the fee.

  $ grapevine wallet send bcrt1q… 0.25 --feerate 2
  $ grapevine wallet send --all bcrt1q…`,
			Flags: []urfave.Flag{rate, dear, cli.BoolFlag("subtractfee", "the receiver bears the fee"), cli.BoolFlag("all", "send everything")}},
		{Name: "bump", Usage: "replace a payment that waits by one that pays a higher fee; prints the new txid", ArgsUsage: "TXID", Action: p.walletBump,
			Description: `Its change pays, and more coins where that is not enough. A payment that is in a block, or
that something spends of, cannot be replaced any more.

  $ grapevine wallet bump d151…57a9
  $ grapevine wallet bump d151…57a9 --feerate 12`,
			Flags: []urfave.Flag{rate, dear}},
		{Name: "cancel", Usage: "replace a payment that waits by one to ourselves; prints the new txid", ArgsUsage: "TXID", Action: p.walletCancel,
			Description: `All that it would pay comes back to an address of ours, less a higher fee. Until that is in a
block, a miner may still take the first one.

  $ grapevine wallet cancel d151…57a9`,
			Flags: []urfave.Flag{rate, dear}},
	}
}

// dearRate is more than anybody pays on purpose, unless he says so.
const dearRate = 1000 * 1000 // satoshis per 1,000 virtual bytes

// feeRate is --feerate.
func feeRate() urfave.Flag {
	return cli.StringFlag("feerate", "`SAT/VB` to pay to the miner (default the node's)")
}

// feeRateFlag reads --feerate; nil: it is not there.
func feeRateFlag(c *urfave.Context) (any, error) {
	text := c.String("feerate")
	if text == "" {
		return nil, nil
	}
	rate, err := policy.ParseFeeRate(text)
	if err != nil {
		return nil, cli.Usagef("--feerate: %v", err)
	}
	if rate > dearRate && !c.Bool("anyfee") {
		return nil, cli.Usagef("--feerate %s: that is %s; if it is meant so, add --anyfee", text, rate.PerVB())
	}
	return json.Number(text), nil
}

// feeOptions are the options of a method that has fee_rate among them, with --feerate's if
// it is there.
func feeOptions(c *urfave.Context) (map[string]any, error) {
	options := map[string]any{}
	rate, err := feeRateFlag(c)
	if rate != nil {
		options["fee_rate"] = rate
	}
	return options, err
}

// sent is what is shown of a payment.
type sent struct {
	TxID string `json:"txid"`
}

func (p *program) walletSend(c *urfave.Context) error {
	want := 2
	if c.Bool("all") {
		want = 1
	}
	args, err := cli.WantArgs(c, want, want)
	if err != nil {
		return err
	}
	if want == 1 {
		return p.walletSendAll(c, args[0])
	}
	amount, err := chain.ParseAmount(args[1])
	if err != nil {
		return cli.Usagef("wallet send: %v", err)
	}
	if amount <= 0 {
		return cli.Usagef("wallet send: %s BTC: the amount must be more than nothing", args[1])
	}
	rate, err := feeRateFlag(c)
	if err != nil {
		return err
	}
	var s sent
	err = p.Call(c, "sendtoaddress", &s.TxID,
		args[0], jsonrpc.Amount(amount), "", "", c.Bool("subtractfee"), nil, nil, nil, nil, rate)
	if err != nil {
		return cli.Fail("wallet send", err)
	}
	return p.Show(c, s, func(o *cli.Out) { o.Printf("%s\n", s.TxID) })
}

func (p *program) walletSendAll(c *urfave.Context, to string) error {
	if c.Bool("subtractfee") {
		return cli.Usagef("wallet send --all: the fee comes off what is sent anyway; leave --subtractfee away")
	}
	rate, err := feeRateFlag(c)
	if err != nil {
		return err
	}
	var s struct {
		sent
		PSBT     string `json:"psbt,omitempty"`
		Complete bool   `json:"complete"`
	}
	if err := p.Call(c, "sendall", &s, []string{to}, nil, "unset", rate); err != nil {
		return cli.Fail("wallet send --all", err)
	}
	return p.Show(c, s, func(o *cli.Out) {
		if s.Complete {
			o.Printf("%s\n", s.TxID)
			return
		}
		p.Err.Printf("The wallet cannot sign all of it. This is the PSBT; `grapevine psbt show` says who is to sign.\n")
		o.Printf("%s\n", s.PSBT)
	})
}

// bumpAnswer is what bumpfee answers.
type bumpAnswer struct {
	TxID   string         `json:"txid"`
	OldFee jsonrpc.Amount `json:"origfee"`
	Fee    jsonrpc.Amount `json:"fee"`
	Errors []string       `json:"errors"`
}

// bump replaces a payment.
func (p *program) bump(c *urfave.Context, txid string, outputs []any) error {
	options, err := feeOptions(c)
	if err != nil {
		return err
	}
	if outputs != nil {
		options["outputs"] = outputs
	}
	var b bumpAnswer
	if err := p.Call(c, "bumpfee", &b, txid, options); err != nil {
		return cli.Fail("wallet "+c.Command.Name, err)
	}
	return p.Show(c, b, func(o *cli.Out) {
		o.Printf("%s\n", b.TxID)
		p.Err.Printf("The fee was %s BTC and is %s BTC now.\n", b.OldFee, b.Fee)
		for _, e := range b.Errors {
			p.Err.Printf("%s\n", cli.Sentences(e))
		}
	})
}

func (p *program) walletBump(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	return p.bump(c, args[0], nil)
}

func (p *program) walletCancel(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	var tx struct {
		Decoded struct {
			Vout []struct {
				Value jsonrpc.Amount `json:"value"`
			} `json:"vout"`
		} `json:"decoded"`
	}
	if err := p.Call(c, "gettransaction", &tx, args[0], true, true); err != nil {
		return cli.Fail("wallet cancel", err)
	}
	var all btcutil.Amount
	for _, out := range tx.Decoded.Vout {
		all += btcutil.Amount(out.Value)
	}
	var back string
	if err := p.Call(c, "getrawchangeaddress", &back); err != nil {
		return cli.Fail("wallet cancel", err)
	}
	return p.bump(c, args[0], []any{map[string]any{back: jsonrpc.Amount(all)}})
}
