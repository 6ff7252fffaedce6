package main

import (
	"strconv"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/jsonrpc"
)

func (p *program) txCommand() *urfave.Command {
	return &urfave.Command{
		Name:      "tx",
		Usage:     "inspect a transaction, or send a signed one",
		ArgsUsage: "TXID",
		Description: `  $ grapevine tx 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b
  $ grapevine tx send 0200000001…       prints its txid`,
		Subcommands: []*urfave.Command{{
			Name: "send", Usage: "hand in a signed transaction; prints its txid", ArgsUsage: "HEX", Action: p.txSend,
			Description: "The node validates it as any peer's and tells its peers.\n\n  $ grapevine tx send 0200000001… --node 0",
		}},
		Action: p.tx,
	}
}

func (p *program) tx(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	if _, err := cli.ParseHash(args[0]); err != nil {
		return cli.Usagef("tx %q is not a txid: %v", cli.Printable(args[0]), err)
	}
	return p.inspectTx(c, args[0])
}

func (p *program) txSend(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	raw := args[0]
	if i := strings.IndexFunc(raw, notHex); i >= 0 {
		return cli.Usagef("tx send: not hex: %q at position %d", raw[i:i+1], i+1)
	}
	if len(raw)%2 != 0 || raw == "" {
		return cli.Usagef("tx send: %d hex digits are not whole bytes", len(raw))
	}
	var sent struct {
		TxID string `json:"txid"`
	}
	if err := p.Call(c, "sendrawtransaction", &sent.TxID, raw); err != nil {
		return cli.Fail("tx send", err)
	}
	return p.Show(c, sent, func(o *cli.Out) { o.Printf("%s\n", sent.TxID) })
}

func notHex(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", r) }

// txView is getrawtransaction, verbose.
type txView struct {
	TxID          string  `json:"txid"`
	Size          int64   `json:"size"`
	VSize         int64   `json:"vsize"`
	BlockHash     string  `json:"blockhash"`
	Confirmations int     `json:"confirmations"`
	BlockTime     int64   `json:"blocktime"`
	Vin           []txIn  `json:"vin"`
	Vout          []txOut `json:"vout"`
}

type txIn struct {
	Coinbase string `json:"coinbase"`
	TxID     string `json:"txid"`
	Vout     uint32 `json:"vout"`
}

type txOut struct {
	Value  jsonrpc.Amount `json:"value"`
	N      int            `json:"n"`
	Script struct {
		Address string `json:"address"`
		Type    string `json:"type"`
	} `json:"scriptPubKey"`
}

func (p *program) inspectTx(c *urfave.Context, txid string) error {
	if c.Bool("json") {
		var raw any
		if err := p.Call(c, "getrawtransaction", &raw, txid, true); err != nil {
			return cli.Fail("tx", err)
		}
		return p.PrintJSON(raw)
	}
	var t txView
	if err := p.Call(c, "getrawtransaction", &t, txid, true); err != nil {
		return cli.Fail("tx", err)
	}
	showTx(p.Out, t, time.Now())
	return nil
}

func showTx(o *cli.Out, t txView, now time.Time) {
	where := "in the pool, waits for a block"
	if t.BlockHash != "" {
		where = t.BlockHash + " (" + cli.Plural(t.Confirmations, "confirmation") + ", " + cli.Ago(now, time.Unix(t.BlockTime, 0)) + ")"
	}
	var total jsonrpc.Amount
	for _, out := range t.Vout {
		total += out.Value
	}
	cli.Pairs(o, "", [][2]string{
		{"tx", t.TxID},
		{"block", where},
		{"size", cli.Plural(int(t.Size), "byte") + ", " + cli.Count(t.VSize) + " virtual"},
		{"moves", total.String() + " BTC"},
	}...)
	o.Printf("\n%s\n", o.Paint(cli.Bold, "spends"))
	for _, in := range t.Vin {
		if in.Coinbase != "" {
			o.Printf("  nothing: this makes new coins\n")
			continue
		}
		o.Printf("  %s:%d\n", in.TxID, in.Vout)
	}
	o.Printf("\n%s\n", o.Paint(cli.Bold, "makes"))
	rows := cli.NewTable(">", ">BTC", "to")
	for _, out := range t.Vout {
		to := out.Script.Address
		if to == "" {
			to = out.Script.Type
		}
		rows.Row(strconv.Itoa(out.N), out.Value.String(), to)
	}
	rows.Write(o, "  ")
}

func (p *program) blockCommand() *urfave.Command {
	return &urfave.Command{
		Name:      "block",
		Usage:     "inspect a block",
		ArgsUsage: "HASH|HEIGHT",
		Description: `  $ grapevine block 101
  $ grapevine block 0 --json | jq .tx`,
		Action: p.block,
	}
}

// blockView is getblock with verbosity 1.
type blockView struct {
	Hash          string   `json:"hash"`
	Confirmations int      `json:"confirmations"`
	Height        int32    `json:"height"`
	Time          int64    `json:"time"`
	Size          int64    `json:"size"`
	Weight        int64    `json:"weight"`
	Prev          string   `json:"previousblockhash"`
	Next          string   `json:"nextblockhash"`
	Tx            []string `json:"tx"`
}

func (p *program) block(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	a, err := p.Asker(c)
	if err != nil {
		return cli.Fail("block", err)
	}
	defer a.Client.Close()
	hash := args[0]
	if h, err := strconv.ParseInt(hash, 10, 32); err == nil && len(hash) < 11 {
		a.Ask("getblockhash", &hash, h)
	} else if _, err := cli.ParseHash(hash); err != nil {
		return cli.Usagef("block %q is neither a height nor a block's hash: %v", cli.Printable(hash), err)
	}
	if c.Bool("json") {
		var raw any
		if a.Ask("getblock", &raw, hash, 1); a.Err != nil {
			return cli.Fail("block", a.Err)
		}
		return p.PrintJSON(raw)
	}
	var b blockView
	if a.Ask("getblock", &b, hash, 1); a.Err != nil {
		return cli.Fail("block", a.Err)
	}
	showBlock(p.Out, b, time.Now())
	return nil
}

func showBlock(o *cli.Out, b blockView, now time.Time) {
	place := cli.Plural(b.Confirmations, "confirmation")
	if b.Confirmations < 0 {
		place = "not in the best chain"
	}
	at := time.Unix(b.Time, 0)
	cli.Pairs(o, "", [][2]string{
		{"block", b.Hash},
		{"height", cli.Count(int64(b.Height)) + " (" + place + ")"},
		{"time", at.Format(time.DateTime) + " (" + cli.Ago(now, at) + ")"},
		{"size", cli.Bytes(b.Size) + ", weight " + cli.Count(b.Weight)},
		{"before", b.Prev},
		{"after", b.Next},
	}...)
	o.Printf("\n%s\n", o.Paint(cli.Bold, cli.Plural(len(b.Tx), "transaction")))
	for _, id := range b.Tx {
		o.Printf("  %s\n", id)
	}
}

// balances is the part of getbalances that is ours.
type balances struct {
	Trusted  jsonrpc.Amount `json:"trusted"`
	Pending  jsonrpc.Amount `json:"untrusted_pending"`
	Immature jsonrpc.Amount `json:"immature"`
}

// askBalances asks the node for them; a node without a wallet answers with an error.
func askBalances(a *cli.Asker) (balances, error) {
	var b struct {
		Mine balances `json:"mine"`
	}
	a.Ask("getbalances", &b)
	return b.Mine, a.Err
}
