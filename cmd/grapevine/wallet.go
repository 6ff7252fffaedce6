package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/jsonrpc"
)

func (p *program) walletCommand() *urfave.Command {
	taproot := cli.BoolFlag("taproot", "a BIP86 address (bcrt1p…) instead of a BIP84 one (bcrt1q…)")
	count := cli.IntFlag("count", 20, "`N` entries at most")
	return &urfave.Command{
		Name:  "wallet",
		Usage: "addresses, balance, payments of the node's wallet",
		Description: `The wallet lives in the node, in wallets/wallet.db of its data directory; others have a
name, and wallets/NAME/wallet.db: --wallet NAME, or once for all "wallet use NAME". On regtest it makes
itself at first use. Amounts are in BTC with 8 decimals.

  $ grapevine wallet address --node 2
  bcrt1q…
  $ grapevine wallet send bcrt1q… 1.5 --node 0
  $ grapevine wallet balance --node 2`,
		Subcommands: append(p.nameCommands(), ofWallets(slices.Concat([]*urfave.Command{
			{Name: "address", Usage: "a new address to be paid at", Flags: []urfave.Flag{taproot, cli.StringFlag("label", "`TEXT` kept with the address")}, Action: p.walletAddress},
			{Name: "balance", Usage: "what can be spent, and what not yet", Action: p.walletBalance},
			{Name: "history", Usage: "payments made and received, newest first", Flags: []urfave.Flag{count}, Action: p.walletHistory},
			{Name: "coins", Usage: "unspent coins, one a line", Action: p.walletCoins},
			{Name: "backup", Usage: "show the wallet's words, or copy wallet.db to FILE", ArgsUsage: "[FILE]", Action: p.walletBackup},
		}, p.keyCommands(), p.spendCommands()))...),
	}
}

type words struct {
	Words   string `json:"words"`
	Warning string `json:"warning,omitempty"` // of the node: what keeps the words from strangers
}

func (p *program) showWords(c *urfave.Context, w words) error {
	return p.Show(c, w, func(o *cli.Out) {
		o.Printf("%s\n", w.Words)
		p.Err.Printf("\nWhoever has these words has the money. Write them down, in this order, on paper.\n")
		if w.Warning != "" {
			p.Err.Printf("%s\n", cli.Sentences(w.Warning))
		}
	})
}

func (p *program) walletCreate(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 0, 1)
	if err != nil {
		return err
	}
	var w words
	if len(args) == 1 {
		return p.createNamed(c, args[0])
	}
	if c.Bool("encrypt") {
		return cli.Usagef("wallet create --encrypt needs a NAME; a wallet that is there is encrypted by `grapevine wallet encrypt`")
	}
	if err := p.Call(c, "walletcreate", &w); err != nil {
		return cli.Fail("wallet create", err)
	}
	return p.showWords(c, w)
}

// maxWordsLine is far more than BIP39's words take.
const maxWordsLine = 1024 // bytes

func (p *program) walletRestore(c *urfave.Context) error {
	text := strings.Join(c.Args().Slice(), " ")
	if text == "" {
		if p.Err.TTY() {
			p.Err.Printf("Words: ")
		}
		in := bufio.NewReaderSize(p.In, maxWordsLine)
		line, tooLong, err := in.ReadLine()
		if err != nil || tooLong {
			return cli.Usagef("wallet restore: want the words on one line of stdin")
		}
		text = string(line)
	}
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	var done struct {
		Restored bool `json:"restored"`
	}
	if err := p.Call(c, "walletrestore", &done, text); err != nil {
		return cli.Fail("wallet restore", err)
	}
	done.Restored = true
	return p.Show(c, done, func(o *cli.Out) {
		o.Printf("restored; the node now looks through the chain for its coins\n")
	})
}

func (p *program) walletAddress(c *urfave.Context) error {
	kind := "bech32"
	if c.Bool("taproot") {
		kind = "bech32m"
	}
	var a struct {
		Address string `json:"address"`
	}
	if err := p.Call(c, "getnewaddress", &a.Address, c.String("label"), kind); err != nil {
		return cli.Fail("wallet address", err)
	}
	var info struct {
		Beyond bool `json:"beyond_lookahead"`
	}
	if err := p.Call(c, "getaddressinfo", &info, a.Address); err == nil && info.Beyond {
		p.Err.Printf("So many addresses before this one were never paid to that a wallet restored from its words will not find it.\n")
	}
	return p.Show(c, a, func(o *cli.Out) { o.Printf("%s\n", a.Address) })
}

func (p *program) walletBalance(c *urfave.Context) error {
	a, err := p.Asker(c)
	if err != nil {
		return cli.Fail("wallet balance", err)
	}
	defer a.Client.Close()
	b, err := askBalances(a)
	if err != nil {
		return cli.Fail("wallet balance", err)
	}
	var rewards []coin
	if b.Immature != 0 {
		a.Ask("listunspent", &rewards, 0, 9_999_999, []string{}, true, map[string]bool{"include_immature_coinbase": true})
	}
	var fresh []coin // in the pool
	if a.Ask("listunspent", &fresh, 0, 0); a.Err != nil {
		return cli.Fail("wallet balance", a.Err)
	}
	return p.Show(c, b, func(o *cli.Out) {
		width := max(len(b.Trusted.String()), len(b.Pending.String()), len(b.Immature.String()))
		waits := changeOfBumps(fresh, b)
		o.Printf("%*s BTC can be spent\n", width, b.Trusted-waits)
		if waits != 0 {
			o.Printf("%*s BTC change of what was bumped or cancelled, to be spent when that is in a block\n", width, waits)
		}
		if b.Pending != 0 {
			o.Printf("%*s BTC on their way, not yet in a block\n", width, b.Pending)
		}
		if b.Immature != 0 {
			o.Printf("%*s BTC mined%s\n", width, b.Immature, ripening(rewards))
		}
	})
}

// changeOfBumps is what a balance counts as trusted though no payment takes it yet: of the
// coins in the pool that are not safe, those that are not pending. Coins at addresses that were
// spent from are neither, in a wallet that tells them apart [avoid_reuse]. What comes between
// the two answers is no reason to show less than nothing.
func changeOfBumps(inPool []coin, b balances) (sum jsonrpc.Amount) {
	for _, x := range inPool {
		if !x.Safe && !x.Reused && x.Confirmations == 0 {
			sum += x.Amount
		}
	}
	return min(max(0, sum-b.Pending), b.Trusted)
}

// maturity is how deep a reward must be to be spent: one block more than the
// rule asks, as in Core [COINBASE_MATURITY].
const maturity = 101

// ripening says when the first and when the last of the rewards can be spent.
func ripening(coins []coin) string {
	first, last := maturity, 0
	for _, x := range coins {
		if left := maturity - x.Confirmations; x.Generated && left > 0 {
			first, last = min(first, left), max(last, left)
		}
	}
	switch {
	case last == 0:
		return ", not to be spent yet"
	case first == last:
		return fmt.Sprintf(", to be spent after %s", cli.Plural(last, "more block"))
	}
	return fmt.Sprintf(", the first to be spent after %s, the last after %d", cli.Plural(first, "more block"), last)
}

// historyEntry is a line of wallethistory.
type historyEntry struct {
	TxID          string          `json:"txid"`
	Amount        jsonrpc.Amount  `json:"amount"` // what the wallet gained or lost, without the fee
	Fee           *jsonrpc.Amount `json:"fee"`
	Confirmations int             `json:"confirmations"`
	Height        int32           `json:"height"`
	Time          int64           `json:"time"`
	Addresses     []string        `json:"addresses"`
	Label         string          `json:"label"`
	Category      string          `json:"category"`
	Abandoned     bool            `json:"abandoned"`
	Conflicts     []string        `json:"conflicts"`             // transactions that spend a same coin
	Replaces      string          `json:"replaces,omitempty"`    // the payment that it was made to replace
	ReplacedBy    string          `json:"replaced_by,omitempty"` // the payment that was made to replace it
}

func (p *program) walletHistory(c *urfave.Context) error {
	entries := []historyEntry{}
	if err := p.Call(c, "wallethistory", &entries, c.Int("count"), 0); err != nil {
		return cli.Fail("wallet history", err)
	}
	return p.Show(c, entries, func(o *cli.Out) {
		if len(entries) == 0 {
			o.Printf("nothing yet\n")
			return
		}
		t := cli.NewTable("when", ">BTC", ">fee", ">block", "txid", "")
		for _, e := range entries {
			t.Row(historyRow(o, e)...)
		}
		t.Write(o, "")
	})
}

func historyRow(o *cli.Out, e historyEntry) []string {
	colour, sign := cli.Green, "+"
	if e.Amount < 0 {
		colour, sign = cli.Red, ""
	}
	fee, block := "", state(e)
	if e.Fee != nil && *e.Fee != 0 {
		fee = e.Fee.String()
	}
	note := cli.Printable(e.Label)
	if note == "" && len(e.Addresses) > 0 {
		note = e.Addresses[0] // whole: who copies it pays to it
	}
	if more := relation(e); more != "" {
		note = strings.TrimSpace(note + "  " + more)
	}
	return []string{time.Unix(e.Time, 0).Format(time.DateTime), o.Paint(colour, sign+e.Amount.String()), fee, block, e.TxID, note}
}

// relation is what a payment has to do with others that spend the same coins.
func relation(e historyEntry) string {
	switch {
	case e.ReplacedBy != "":
		return "(bumped: " + e.ReplacedBy + ")"
	case e.Replaces != "":
		return "(in place of " + e.Replaces + ")"
	case len(e.Conflicts) > 0:
		return "(conflicts with " + strings.Join(e.Conflicts, ", ") + ")"
	}
	return ""
}

// state is the block that a payment is in, or what keeps it from one.
func state(e historyEntry) string {
	switch {
	case e.Confirmations > 0:
		return cli.Count(int64(e.Height))
	case e.Category == "orphan":
		return "orphaned"
	case e.Confirmations < 0:
		return "double spent"
	case e.Abandoned:
		return "given up"
	}
	return "waits"
}

// coin is a line of listunspent.
type coin struct {
	TxID          string         `json:"txid"`
	Vout          uint32         `json:"vout"`
	Address       string         `json:"address"`
	Amount        jsonrpc.Amount `json:"amount"`
	Confirmations int            `json:"confirmations"`
	Spendable     bool           `json:"spendable"`
	Safe          bool           `json:"safe"`
	Reused        bool           `json:"reused,omitempty"`
	Generated     bool           `json:"generated,omitempty"`
}

func (p *program) walletCoins(c *urfave.Context) error {
	coins := []coin{}
	if err := p.Call(c, "listunspent", &coins, 0); err != nil {
		return cli.Fail("wallet coins", err)
	}
	return p.Show(c, coins, func(o *cli.Out) {
		if len(coins) == 0 {
			o.Printf("no coins\n")
			return
		}
		t := cli.NewTable(">BTC", ">confirmations", "outpoint", "address")
		for _, x := range coins {
			t.Row(x.Amount.String(), cli.Count(int64(x.Confirmations)), fmt.Sprintf("%s:%d", x.TxID, x.Vout), x.Address)
		}
		t.Write(o, "")
	})
}

func (p *program) walletBackup(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 0, 1)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		var w words
		if err := p.Call(c, "walletwords", &w); err != nil {
			return cli.Fail("wallet backup", err)
		}
		return p.showWords(c, w)
	}
	to, err := freshFile(args[0])
	if err != nil {
		return cli.Fail("wallet backup", err)
	}
	if err := p.Call(c, "backupwallet", nil, to); err != nil {
		return cli.Fail("wallet backup", err)
	}
	done := struct {
		Path string `json:"path"`
	}{to}
	return p.Show(c, done, func(o *cli.Out) { o.Printf("copied to %s\n", to) })
}

// freshFile is the absolute path of a file that is not there yet: a backup
// never overwrites another one.
func freshFile(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Lstat(abs); err == nil {
		return "", fmt.Errorf("%s is there already: name another file", abs)
	}
	return abs, nil
}
