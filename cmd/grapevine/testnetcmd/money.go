package testnetcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	urfave "github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/client"
	"grapevine/testnet"
	"grapevine/testnet/config"
	"grapevine/testnet/process"
)

// maxFaucetBlocks are mined at most for the money of one call: beyond height 150 the
// reward halves every 150 blocks, and one day there is nothing left to mine for.
const maxFaucetBlocks = 1000

func (p *program) faucetCommand() *urfave.Command {
	return &urfave.Command{
		Name: "faucet", Usage: "pay anybody from the network's money, and mine it", ArgsUsage: "ADDRESS AMOUNT",
		Description: `Pays from the wallet of node 0 (or --node N), mines as many blocks as that needs, and one more with the
payment in it. The address may be of any program's wallet on regtest.

  $ grapevine testnet faucet $(grapevine wallet address --node 2) 1.5`,
		Flags:  []urfave.Flag{cli.BoolFlag("unconfirmed", "leave the payment in the pool")},
		Action: p.faucet,
	}
}

// paid is what the faucet did.
type paid struct {
	TxID    string `json:"txid"`
	From    int    `json:"from"`
	Address string `json:"address"`
	Amount  string `json:"amount"`
	Mined   int    `json:"mined"` // blocks
	Block   string `json:"block,omitempty"`
}

func (p *program) faucet(c *urfave.Context) error {
	args, err := cli.WantArgs(c, 2, 2)
	if err != nil {
		return err
	}
	amount, err := testnet.ParseAmount(args[1])
	if err != nil || amount <= 0 {
		return cli.Usagef("testnet faucet %q: want BTC with up to 8 decimals, more than 0 and at most 21 million", args[1])
	}
	from, err := p.payer(c)
	if err != nil {
		return cli.Fail("testnet faucet", err)
	}
	cl, err := cli.DialMember(from)
	if err != nil {
		return cli.Fail("testnet faucet", err)
	}
	defer cl.Close()
	b := &bank{Node: cl}
	done := paid{From: from.Node, Address: args[0], Amount: amount.String()}
	var known struct {
		Valid bool `json:"isvalid"`
	}
	if err := cl.Call(c.Context, "validateaddress", &known, args[0]); err != nil {
		return cli.Fail("testnet faucet", err)
	}
	if !known.Valid {
		return cli.Usagef("testnet faucet %q: it is no address of regtest", args[0])
	}
	if err := b.earn(c.Context, amount+feeRoom); err != nil {
		return cli.Fail("testnet faucet", err)
	}
	if err := cl.Call(c.Context, "sendtoaddress", &done.TxID, args[0], json.Number(amount.String())); err != nil {
		return cli.Fail("testnet faucet", err)
	}
	if !c.Bool("unconfirmed") {
		if done.Block, err = b.mine(c.Context, 1); err != nil {
			return cli.Fail("testnet faucet", err)
		}
	}
	done.Mined = b.mined
	return p.Show(c, done, func(o *cli.Out) {
		o.Printf("%s BTC from %s to %s\n", done.Amount, from.Title(), done.Address)
		pairs := [][2]string{{"txid", done.TxID}, {"block", done.Block}}
		if done.Mined > 1 {
			pairs = append(pairs, [2]string{"mined", cli.Plural(done.Mined, "block") + ", for the money"})
		}
		cli.Pairs(o, "  ", pairs...)
	})
}

// payer is the node whose wallet the faucet pays from.
func (p *program) payer(c *urfave.Context) (m testnet.Member, err error) {
	if c.String("nodes-file") == "" {
		if _, err := p.openNet(c); err != nil { // it brings a node back that was left apart
			return m, err
		}
	}
	f, err := p.Net(c)
	if err == nil {
		m, err = p.theNode(c, f)
	}
	if err == nil {
		err = withWallet(m)
	}
	return m, err
}

// feeRoom is left for fees: a payment with very many inputs costs less.
const feeRoom = testnet.CoinBTC / 10

// bank is a node that mines money for its own wallet.
type bank struct {
	testnet.Node
	to    string // its address
	mined int
}

// within is whether the wallet can come to so much: with what it has, what it has mined, and the
// rewards of the blocks that are mined for it at most. Else none is mined.
func (b *bank) within(ctx context.Context, amount testnet.Amount) error {
	var height int32
	var has struct {
		Mine struct {
			Trusted  testnet.Amount `json:"trusted"`
			Immature testnet.Amount `json:"immature"`
		} `json:"mine"`
	}
	if err := b.Call(ctx, "getblockcount", &height); err != nil {
		return err
	}
	if err := b.Call(ctx, "getbalances", &has); err != nil {
		return err
	}
	reach := has.Mine.Trusted + has.Mine.Immature
	reach += testnet.Subsidies(height+maxFaucetBlocks-firstCoins) - testnet.Subsidies(height) // later ones cannot be spent yet
	if reach < amount {
		return fmt.Errorf("%s BTC are wanted, and its wallet cannot come to more than %s: on regtest the reward halves every 150 blocks", amount, reach)
	}
	return nil
}

// earn mines until the wallet can spend so much.
func (b *bank) earn(ctx context.Context, amount testnet.Amount) error {
	const step = 10
	for {
		var has testnet.Amount
		if err := b.Call(ctx, "getbalance", &has); err != nil {
			return err
		}
		if has >= amount {
			return nil
		}
		if b.mined == 0 {
			if err := b.within(ctx, amount); err != nil {
				return err
			}
		}
		if b.mined >= maxFaucetBlocks {
			return fmt.Errorf("its wallet can spend %s BTC after %d more blocks, and %s are wanted: on regtest the reward halves every 150 blocks", has, b.mined, amount)
		}
		if _, err := b.mine(ctx, step); err != nil {
			return err
		}
	}
}

// mine makes n blocks and gives the last one's hash.
func (b *bank) mine(ctx context.Context, n int) (string, error) {
	if b.to == "" {
		if err := b.Call(ctx, "getnewaddress", &b.to); err != nil {
			return "", err
		}
	}
	var hashes []string
	if err := b.Call(ctx, "generatetoaddress", &hashes, n, b.to); err != nil {
		return "", err
	}
	if len(hashes) != n {
		return "", errors.New("the node did not make its blocks")
	}
	b.mined += n
	return hashes[n-1], nil
}

// fund gives each node what it lacks of its money, in one transaction of node 0's.
func (p *program) fund(ctx context.Context, local *process.Net, want *config.Network) error {
	members := local.Members()
	lacks := map[string]json.Number{}
	total := testnet.Amount(0)
	for i, m := range members {
		if i >= len(want.Nodes) || want.Nodes[i].Fund == 0 || m.PID == 0 {
			continue
		}
		to, lack, err := lacking(ctx, m, want.Nodes[i].Fund)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Title(), err)
		}
		if lack > 0 && i > 0 {
			lacks[to] = json.Number(lack.String())
		}
		if total += lack; i == 0 {
			total = want.Nodes[0].Fund // that it keeps
		}
	}
	if total == 0 {
		return nil // nobody is to have any
	}
	first, err := cli.DialMember(members[0])
	if err != nil {
		return err
	}
	defer first.Close()
	b := &bank{Node: first}
	if err := b.earn(ctx, total+feeRoom); err != nil {
		return fmt.Errorf("fund the nodes with %s BTC: %w", total, err)
	}
	if len(lacks) > 0 {
		if err := first.Call(ctx, "sendmany", nil, "", lacks); err != nil {
			return fmt.Errorf("fund the nodes: %w", err)
		}
		if _, err := b.mine(ctx, 1); err != nil {
			return err
		}
	}
	var height int64
	if err := first.Call(ctx, "getblockcount", &height); err != nil {
		return err
	}
	return waitHeight(ctx, running(members), height)
}

func running(members []testnet.Member) (up []testnet.Member) {
	for _, m := range members {
		if m.PID != 0 {
			up = append(up, m)
		}
	}
	return up
}

// lacking is what a node's wallet has too little of, and where it goes.
func lacking(ctx context.Context, m testnet.Member, want testnet.Amount) (to string, lack testnet.Amount, err error) {
	cl, err := cli.DialMember(m)
	if err != nil {
		return "", 0, err
	}
	defer cl.Close()
	var has testnet.Amount
	if err := cl.Call(ctx, "getbalance", &has); err != nil {
		return "", 0, err
	}
	if has >= want {
		return "", 0, nil
	}
	return to, want - has, cl.Call(ctx, "getnewaddress", &to)
}

// balance is the row of a node, or of one of its wallets where it has several in use.
type balance struct {
	Node      int    `json:"node"`
	Name      string `json:"name,omitempty"`
	Wallet    string `json:"wallet,omitempty"`
	Confirmed string `json:"confirmed"`
	Pending   string `json:"pending"`
	Immature  string `json:"immature"`
	Total     string `json:"total"`
	Err       string `json:"error,omitempty"`
}

func (p *program) balances(c *urfave.Context) error {
	f, err := p.Net(c)
	if err != nil {
		return cli.Fail("testnet balances", err)
	}
	if c.String("node") != "" {
		one, err := p.theNode(c, f)
		if err != nil {
			return cli.Fail("testnet balances", err)
		}
		f.Nodes = []testnet.Member{one}
	}
	all := []balance{}
	several := false
	each := make([][]balance, len(f.Nodes))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, m := range f.Nodes {
		g.Go(func() error { each[i] = balancesOf(c.Context, m); return nil })
	}
	_ = g.Wait() // what failed stands in its row
	for _, rows := range each {
		several = several || len(rows) > 1
		all = append(all, rows...)
	}
	return p.Show(c, all, func(o *cli.Out) {
		head, row := []string{">node", "name", "wallet"}, func(b balance) []string {
			return []string{fmt.Sprint(b.Node), b.Name, cli.Printable(b.Wallet)}
		}
		if !several {
			head, row = head[:2], func(b balance) []string { return []string{fmt.Sprint(b.Node), b.Name} }
		}
		t := cli.NewTable(append(head, ">confirmed", ">pending", ">immature", ">total")...)
		for _, b := range all {
			if b.Err != "" {
				t.Row(append(row(b), o.Paint(cli.Red, b.Err))...)
				continue
			}
			t.Row(append(row(b), b.Confirmed, b.Pending, b.Immature, b.Total)...)
		}
		t.Write(o, "")
	})
}

// balancesOf are a node's rows: one for each of its wallets in use.
func balancesOf(ctx context.Context, m testnet.Member) []balance {
	b := balance{Node: m.Node, Name: m.Name}
	failed := func(err error) []balance {
		b.Err = err.Error()
		return []balance{b}
	}
	if m.PID == 0 {
		return failed(errors.New("down"))
	}
	if !m.Wallet() {
		return failed(errors.New("no wallet"))
	}
	cl, err := cli.DialMember(m)
	if err != nil {
		return failed(err)
	}
	defer cl.Close()
	var names []string
	if err := cl.Call(ctx, "listwallets", &names); err != nil {
		return failed(err)
	}
	if len(names) < 2 {
		b.ask(ctx, cl)
		return []balance{b}
	}
	var rows []balance
	for _, name := range names {
		one, err := cli.DialMember(m)
		if err != nil {
			return failed(err)
		}
		one.OfWallet(name)
		row := b
		row.Wallet = name
		row.ask(ctx, one)
		one.Close()
		rows = append(rows, row)
	}
	return rows
}

// ask fills in what the wallet of a client holds.
func (b *balance) ask(ctx context.Context, cl *client.Client) {
	var got struct {
		Mine struct {
			Trusted   testnet.Amount `json:"trusted"`
			Untrusted testnet.Amount `json:"untrusted_pending"`
			Immature  testnet.Amount `json:"immature"`
		} `json:"mine"`
	}
	if err := cl.Call(ctx, "getbalances", &got); err != nil {
		b.Err = err.Error()
		return
	}
	x := got.Mine
	b.Confirmed, b.Pending, b.Immature = x.Trusted.String(), x.Untrusted.String(), x.Immature.String()
	b.Total = (x.Trusted + x.Untrusted + x.Immature).String()
}
