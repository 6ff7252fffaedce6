package look

import (
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/shell"
	"grapevine/cmd/grapevine/term"
	"grapevine/cmd/rpc/jsonrpc"
)

func (p *views) txCommand() *cli.Command {
	return &cli.Command{
		Name:      "tx",
		Usage:     "look at a transaction, or send a signed one",
		ArgsUsage: "TXID | send HEX",
		Description: `  $ grapevine tx 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b
  $ grapevine tx send 0200000001…       prints its txid`,
		Action: p.tx,
	}
}

func (p *views) tx(c *cli.Context) error {
	args, err := shell.WantArgs(c, 1, 2)
	if err != nil {
		return err
	}
	if args[0] == "send" {
		if len(args) != 2 {
			return shell.Usagef("tx send wants the transaction in hex")
		}
		return p.txSend(c, args[1])
	}
	if len(args) != 1 {
		return shell.Usagef("tx wants one txid, or `send` and the transaction in hex")
	}
	if _, err := shell.ParseHash(args[0]); err != nil {
		return shell.Usagef("tx %q is not a txid: %v", term.Printable(args[0]), err)
	}
	return p.txLook(c, args[0])
}

func (p *views) txSend(c *cli.Context, raw string) error {
	if i := strings.IndexFunc(raw, notHex); i >= 0 {
		return shell.Usagef("tx send: not hex: %q at position %d", raw[i:i+1], i+1)
	}
	if len(raw)%2 != 0 || raw == "" {
		return shell.Usagef("tx send: %d hex digits are not whole bytes", len(raw))
	}
	var sent struct {
		TxID string `json:"txid"`
	}
	if err := p.Call(c, "sendrawtransaction", &sent.TxID, raw); err != nil {
		return shell.Fail("tx send", err)
	}
	return p.Show(c, sent, func(o *term.Out) { o.Printf("%s\n", sent.TxID) })
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

func (p *views) txLook(c *cli.Context, txid string) error {
	if c.Bool("json") {
		var raw any
		if err := p.Call(c, "getrawtransaction", &raw, txid, true); err != nil {
			return shell.Fail("tx", err)
		}
		return p.PrintJSON(raw)
	}
	var t txView
	if err := p.Call(c, "getrawtransaction", &t, txid, true); err != nil {
		return shell.Fail("tx", err)
	}
	showTx(p.Out, t, time.Now())
	return nil
}

func showTx(o *term.Out, t txView, now time.Time) {
	where := "in the pool, waits for a block"
	if t.BlockHash != "" {
		where = t.BlockHash + " (" + term.Plural(t.Confirmations, "confirmation") + ", " + term.Ago(now, time.Unix(t.BlockTime, 0)) + ")"
	}
	var total jsonrpc.Amount
	for _, out := range t.Vout {
		total += out.Value
	}
	term.Pairs(o, "", [][2]string{
		{"tx", t.TxID},
		{"block", where},
		{"size", term.Plural(int(t.Size), "byte") + ", " + term.Count(t.VSize) + " virtual"},
		{"moves", total.String() + " BTC"},
	}...)
	o.Printf("\n%s\n", o.Paint(term.Bold, "spends"))
	for _, in := range t.Vin {
		if in.Coinbase != "" {
			o.Printf("  nothing: this makes new coins\n")
			continue
		}
		o.Printf("  %s:%d\n", in.TxID, in.Vout)
	}
	o.Printf("\n%s\n", o.Paint(term.Bold, "makes"))
	rows := term.NewTable(">", ">BTC", "to")
	for _, out := range t.Vout {
		to := out.Script.Address
		if to == "" {
			to = out.Script.Type
		}
		rows.Row(strconv.Itoa(out.N), out.Value.String(), to)
	}
	rows.Write(o, "  ")
}

func (p *views) blockCommand() *cli.Command {
	return &cli.Command{
		Name:      "block",
		Usage:     "look at a block",
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

func (p *views) block(c *cli.Context) error {
	args, err := shell.WantArgs(c, 1, 1)
	if err != nil {
		return err
	}
	a, err := p.Asker(c)
	if err != nil {
		return shell.Fail("block", err)
	}
	defer a.Client.Close()
	hash := args[0]
	if h, err := strconv.ParseInt(hash, 10, 32); err == nil && len(hash) < 11 {
		a.Ask("getblockhash", &hash, h)
	} else if _, err := shell.ParseHash(hash); err != nil {
		return shell.Usagef("block %q is neither a height nor a block's hash: %v", term.Printable(hash), err)
	}
	if c.Bool("json") {
		var raw any
		if a.Ask("getblock", &raw, hash, 1); a.Err != nil {
			return shell.Fail("block", a.Err)
		}
		return p.PrintJSON(raw)
	}
	var b blockView
	if a.Ask("getblock", &b, hash, 1); a.Err != nil {
		return shell.Fail("block", a.Err)
	}
	showBlock(p.Out, b, time.Now())
	return nil
}

func showBlock(o *term.Out, b blockView, now time.Time) {
	place := term.Plural(b.Confirmations, "confirmation")
	if b.Confirmations < 0 {
		place = "not in the best chain"
	}
	at := time.Unix(b.Time, 0)
	term.Pairs(o, "", [][2]string{
		{"block", b.Hash},
		{"height", term.Count(int64(b.Height)) + " (" + place + ")"},
		{"time", at.Format(time.DateTime) + " (" + term.Ago(now, at) + ")"},
		{"size", term.Bytes(b.Size) + ", weight " + term.Count(b.Weight)},
		{"before", b.Prev},
		{"after", b.Next},
	}...)
	o.Printf("\n%s\n", o.Paint(term.Bold, term.Plural(len(b.Tx), "transaction")))
	for _, id := range b.Tx {
		o.Printf("  %s\n", id)
	}
}

// Balances is the part of getbalances that is ours.
type Balances struct {
	Trusted  jsonrpc.Amount `json:"trusted"`
	Pending  jsonrpc.Amount `json:"untrusted_pending"`
	Immature jsonrpc.Amount `json:"immature"`
}

// AskBalances asks the node for them; a node without a wallet answers with an error.
func AskBalances(a *shell.Asker) (Balances, error) {
	var b struct {
		Mine Balances `json:"mine"`
	}
	a.Ask("getbalances", &b)
	return b.Mine, a.Err
}
