package testnetcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/client"
	"grapevine/testnet"
)

// prevOut is a coin as signrawtransactionwithwallet wants to be told of it.
type prevOut struct {
	TxID   string      `json:"txid"`
	Vout   int         `json:"vout"`
	Script string      `json:"scriptPubKey"`
	Amount json.Number `json:"amount"`
}

// feeOf a transaction that spends so many coins: far more than it must.
func feeOf(inputs int) testnet.Amount { return testnet.Amount(2000 + 2000*inputs) }

// coinsOf are the coins that a transaction spends.
func coinsOf(a *cli.Asker, txid string) (coins []prevOut, sum testnet.Amount, err error) {
	var tx struct {
		Confirmations int `json:"confirmations"`
		Vin           []struct {
			TxID     string `json:"txid"`
			Vout     int    `json:"vout"`
			Coinbase string `json:"coinbase"`
		} `json:"vin"`
	}
	if err := a.Client.Call(a.Context, "getrawtransaction", &tx, txid, 1); err != nil {
		return nil, 0, err
	}
	for _, in := range tx.Vin {
		if in.Coinbase != "" {
			return nil, 0, fmt.Errorf("%s makes a block's reward: it spends no coin", txid)
		}
		var from struct {
			Vout []struct {
				Value  json.Number `json:"value"`
				Script struct {
					Hex string `json:"hex"`
				} `json:"scriptPubKey"`
			} `json:"vout"`
		}
		if err := a.Client.Call(a.Context, "getrawtransaction", &from, in.TxID, 1); err != nil {
			return nil, 0, err
		}
		if in.Vout >= len(from.Vout) {
			return nil, 0, fmt.Errorf("%s has no output %d", in.TxID, in.Vout)
		}
		out := from.Vout[in.Vout]
		var amount testnet.Amount
		if err := amount.UnmarshalJSON([]byte(out.Value)); err != nil {
			return nil, 0, err
		}
		sum += amount
		coins = append(coins, prevOut{in.TxID, in.Vout, out.Script.Hex, out.Value})
	}
	return coins, sum, nil
}

// signTx makes a transaction that spends these coins, signed by the wallet of a node.
func signTx(ctx context.Context, n testnet.Node, coins []prevOut, pay []map[string]string) (raw string, err error) {
	inputs := []map[string]any{}
	for _, c := range coins {
		inputs = append(inputs, map[string]any{"txid": c.TxID, "vout": c.Vout})
	}
	var done struct {
		Hex      string `json:"hex"`
		Complete bool   `json:"complete"`
	}
	if err = n.Call(ctx, "createrawtransaction", &raw, inputs, pay); err == nil {
		err = n.Call(ctx, "signrawtransactionwithwallet", &done, raw, coins)
	}
	if err == nil && !done.Complete {
		err = errNotTheirs
	}
	return done.Hex, err
}

var errNotTheirs = errors.New("no wallet of the network can sign for these coins")

func txidOf(ctx context.Context, n testnet.Node, raw string) (string, error) {
	var tx struct {
		TxID string `json:"txid"`
	}
	err := n.Call(ctx, "decoderawtransaction", &tx, raw)
	return tx.TxID, err
}

// spendAgain makes a transaction that spends the coins of another one, by the wallet that
// has the keys.
func (r *reorganiser) spendAgain(ctx context.Context, victim string) error {
	coins, sum, err := coinsOf(r.a, victim)
	if err != nil {
		return fmt.Errorf("--double-spend: %w", err)
	}
	waits := r.a.Client.Call(ctx, "getmempoolentry", nil, victim) == nil
	if !waits && !slices.ContainsFunc(r.view.Txs, func(x txFate) bool { return x.TxID == victim }) {
		var tx struct {
			Confirmations int `json:"confirmations"`
		}
		r.a.Ask("getrawtransaction", &tx, victim, 1)
		return fmt.Errorf("--double-spend: %s lies %d blocks deep: reorganise as deep", victim, tx.Confirmations)
	}
	err = errNotTheirs
	for _, m := range running(r.f.Nodes) {
		cl, dialled := cli.DialMember(m)
		if dialled != nil {
			return dialled
		}
		defer cl.Close()
		var to string
		if cl.Call(ctx, "getnewaddress", &to) != nil {
			continue // it has no wallet
		}
		raw, no := signTx(ctx, cl, coins, []map[string]string{{to: (sum - feeOf(len(coins))).String()}})
		if no == nil {
			r.raw, r.view.Spent = raw, &spentTwice{Loser: victim}
			r.view.Spent.Winner, err = txidOf(ctx, cl, raw)
			break
		}
	}
	return err
}

// duel is two payments of one coin, and who won.
type duel struct {
	Payer  int        `json:"payer"`
	Coin   string     `json:"coin"`
	Txs    [2]duelist `json:"payments"`
	Nodes  []duelNode `json:"nodes"`
	Miner  int        `json:"miner"`
	Block  string     `json:"block"`
	Winner string     `json:"winner"`
	member [2]testnet.Member
}

// duelist is one of the two.
type duelist struct {
	TxID    string `json:"txid"`
	To      int    `json:"to"`
	GivenTo int    `json:"given_to"`
	raw     string
}

// duelNode is what one node heard first.
type duelNode struct {
	Node  int    `json:"node"`
	Heard string `json:"heard"`
}

func (p *program) netDoubleSpend(c *urfave.Context) error {
	if _, err := cli.WantArgs(c, 0, 0); err != nil {
		return err
	}
	amount := testnet.CoinBTC
	if s := c.String("amount"); s != "" {
		var err error
		if amount, err = testnet.ParseAmount(s); err != nil || amount < testnet.CoinBTC/100_000 {
			return cli.Usagef("--amount %q: want BTC with up to 8 decimals, 0.00001 at least", cli.Printable(s))
		}
	}
	local, err := p.openNet(c)
	if err != nil {
		return cli.Fail("testnet double-spend", err)
	}
	d, err := p.duel(c, local.File(), amount)
	if err != nil {
		return cli.Fail("testnet double-spend", err)
	}
	return p.Show(c, d, func(o *cli.Out) { showDuel(o, d) })
}

// duel lets two payments of one coin race, and a block decide.
func (p *program) duel(c *urfave.Context, f testnet.File, amount testnet.Amount) (d duel, err error) {
	payer, err := p.theNode(c, f)
	if err == nil {
		err = withWallet(payer)
	}
	if err != nil {
		return d, err
	}
	up := slices.DeleteFunc(running(f.Nodes), func(m testnet.Member) bool { return m.Node == payer.Node || !m.Wallet() })
	if len(up) == 0 {
		return d, errors.New("another node must run that has a wallet: it is the one to be cheated")
	}
	d.Payer, d.member = payer.Node, [2]testnet.Member{up[0], up[len(up)-1]}
	if len(up) == 1 {
		d.member[1] = payer
	}
	miner := d.member[1]
	if word := c.String("miner"); word != "" {
		if miner, err = upNode(f, word); err == nil {
			err = withWallet(miner)
		}
		if err != nil {
			return d, err
		}
	}
	if err := d.sign(c.Context, payer, amount); err != nil {
		return d, err
	}
	if err := d.race(c.Context, p, f); err != nil {
		return d, err
	}
	return d, d.decide(c.Context, miner)
}

// sign makes the two payments.
func (d *duel) sign(ctx context.Context, payer testnet.Member, amount testnet.Amount) error {
	own, err := cli.DialMember(payer)
	if err != nil {
		return err
	}
	defer own.Close()
	var coins []struct {
		prevOut
		Spendable bool `json:"spendable"`
	}
	if err := own.Call(ctx, "listunspent", &coins, 1); err != nil {
		return err
	}
	var sum testnet.Amount
	var coin []prevOut
	for _, k := range coins {
		var has testnet.Amount
		if err := has.UnmarshalJSON([]byte(k.Amount)); err == nil && has > amount+feeOf(1) {
			sum, coin = has, []prevOut{k.prevOut}
			break
		}
	}
	if coin == nil {
		return cli.Failf("coin", fmt.Sprintf("`grapevine mine 101 --node %d` gives it one; or choose another payer by --node.", payer.Node),
			"node %d has no confirmed coin of more than %s BTC", payer.Node, amount)
	}
	d.Coin = fmt.Sprintf("%s:%d", coin[0].TxID, coin[0].Vout)
	victim, err := cli.DialMember(d.member[0])
	if err != nil {
		return err
	}
	defer victim.Close()
	var theirs, back, change string
	if err := errors.Join(victim.Call(ctx, "getnewaddress", &theirs), own.Call(ctx, "getnewaddress", &back), own.Call(ctx, "getnewaddress", &change)); err != nil {
		return err
	}
	rest := sum - feeOf(1)
	for i, pay := range [2][]map[string]string{
		{{theirs: amount.String()}, {change: (rest - amount).String()}},
		{{back: amount.String()}, {change: (rest - amount).String()}}, // the same fee: neither replaces the other
	} {
		raw, err := signTx(ctx, own, coin, pay)
		if err != nil {
			return err
		}
		txid, err := txidOf(ctx, own, raw)
		if err != nil {
			return err
		}
		d.Txs[i] = duelist{TxID: txid, To: [2]int{d.member[0].Node, payer.Node}[i], GivenTo: d.member[i].Node, raw: raw}
	}
	return nil
}

// raceWithin is how long a payment may take to every node that it can reach.
const raceWithin = 3 * time.Second

// race gives each payment to its node at the same moment, and notes which one each node
// has heard first.
func (d *duel) race(ctx context.Context, p *program, f testnet.File) error {
	var ends [2]*client.Client
	for i := range ends {
		cl, err := cli.DialMember(d.member[i])
		if err != nil {
			return err
		}
		defer cl.Close()
		ends[i] = cl
	}
	sent := make(chan error, len(ends))
	for i := range ends {
		go func() { sent <- ends[i].Call(ctx, "sendrawtransaction", nil, d.Txs[i].raw) }()
	}
	if err := errors.Join(<-sent, <-sent); err != nil {
		if _, refused := errors.AsType[*client.Error](err); !refused { // one may have been faster everywhere
			return err
		}
	}
	for deadline := time.Now().Add(raceWithin); ; time.Sleep(20 * time.Millisecond) {
		d.Nodes = d.Nodes[:0]
		waiting := false
		for _, m := range running(f.Nodes) {
			heard := d.heardBy(ctx, m)
			waiting = waiting || heard == ""
			d.Nodes = append(d.Nodes, duelNode{m.Node, heard})
		}
		if !waiting || time.Now().After(deadline) || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// heardBy is the payment that a node has in its pool.
func (d *duel) heardBy(ctx context.Context, m testnet.Member) string {
	cl, err := cli.DialMember(m)
	if err != nil {
		return ""
	}
	defer cl.Close()
	for _, x := range d.Txs {
		if cl.Call(ctx, "getmempoolentry", nil, x.TxID) == nil {
			return x.TxID
		}
	}
	return ""
}

// decide lets a node make a block.
func (d *duel) decide(ctx context.Context, miner testnet.Member) error {
	cl, err := cli.DialMember(miner)
	if err != nil {
		return err
	}
	defer cl.Close()
	d.Miner = miner.Node
	if d.Block, err = (&bank{Node: cl}).mine(ctx, 1); err != nil {
		return err
	}
	var b struct {
		Tx []string `json:"tx"`
	}
	if err := cl.Call(ctx, "getblock", &b, d.Block, 1); err != nil {
		return err
	}
	for _, x := range d.Txs {
		if slices.Contains(b.Tx, x.TxID) {
			d.Winner = x.TxID
		}
	}
	if d.Winner == "" {
		return fmt.Errorf("node %d has made block %s, and neither payment is in it", miner.Node, d.Block)
	}
	return nil
}

func showDuel(o *cli.Out, d duel) {
	o.Printf("node %d pays the coin %s twice\n\n", d.Payer, d.Coin)
	t := cli.NewTable("payment", "to", "given to", "heard first by", "")
	for _, x := range d.Txs {
		var first []int
		for _, n := range d.Nodes {
			if n.Heard == x.TxID {
				first = append(first, n.Node)
			}
		}
		to, heard, won := fmt.Sprintf("node %d", x.To), "nobody", "lost"
		if x.To == d.Payer {
			to = "itself"
		}
		if len(first) > 0 {
			heard = nodesText(first)
		}
		if x.TxID == d.Winner {
			won = o.Paint(cli.Green, "won")
		}
		t.Row(x.TxID, to, fmt.Sprintf("node %d", x.GivenTo), heard, won)
	}
	t.Write(o, "")
	o.Printf("\nnode %d made the block that decided: %s\n", d.Miner, d.Block)
}
