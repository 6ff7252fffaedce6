package walletapi

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// historyRows tell what came and went.
func (a *API) historyRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "listtransactions", Params: "label|dummy:text? count:int=10 skip:int=0 include_watchonly:bool?", Do: a.listTransactions,
			Help: "The wallet's last transactions, oldest first.", Example: `"*" 20`},
		jsonrpc.Method{Name: "listsinceblock", Params: "blockhash:hex? target_confirmations:int=1 include_watchonly:bool? include_removed:bool=true include_change:bool=false label:text?", Do: a.listSinceBlock,
			Help: "The wallet's transactions since a block."},
		jsonrpc.Method{Name: "gettransaction", Params: "txid:hex include_watchonly:bool? verbose:bool=false", Do: a.getTransaction,
			Help: "A transaction of the wallet: what it changed, fee, place in the chain, bytes.", Example: "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"},
		jsonrpc.Method{Name: "abandontransaction", Params: "txid:hex", Do: a.abandonTransaction,
			Help: "Gives up a payment that is in no block and not in the pool; its coins may be spent again.", Example: "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"},
		jsonrpc.Method{Name: "getreceivedbyaddress", Params: "address:text minconf:int=1 include_immature_coinbase:bool=false", Do: a.getReceivedByAddress,
			Help: "What an address of the wallet has received in all.", Example: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"},
		jsonrpc.Method{Name: "wallethistory", Params: "count:int=20 skip:int=0", Do: a.walletHistory,
			Help: "The wallet's transactions as a bank statement has them, newest first.", Example: "20"},
	)
}

// maxHistory bounds the transactions of one answer.
const maxHistory = 100_000

// txPlace is what all methods say of a wallet's transaction (Core: WalletTxToJSON).
type txPlace struct {
	Confirmations    int32    `json:"confirmations"`
	Generated        bool     `json:"generated,omitempty"`
	Trusted          *bool    `json:"trusted,omitempty"`
	BlockHash        string   `json:"blockhash,omitempty"`
	BlockHeight      *int32   `json:"blockheight,omitempty"`
	BlockIndex       *int     `json:"blockindex,omitempty"`
	BlockTime        int64    `json:"blocktime,omitempty"`
	TxID             string   `json:"txid"`
	WTxID            string   `json:"wtxid"`
	Conflicts        []string `json:"walletconflicts"`
	MempoolConflicts []string `json:"mempoolconflicts"`
	Comment          string   `json:"comment,omitempty"`
	Time             int64    `json:"time"`
	TimeReceived     int64    `json:"timereceived"`
	Replaceable      string   `json:"bip125-replaceable"`
}

func newPlace(e *wallet.Entry) txPlace {
	p := txPlace{
		Confirmations: e.Confirmations, Generated: e.Tx.IsCoinbase(), TxID: e.Tx.ID.String(), WTxID: e.Tx.WID.String(),
		Conflicts: []string{}, MempoolConflicts: []string{}, Comment: e.Comment, Time: timeOf(e), TimeReceived: e.Received, Replaceable: "no",
	}
	for _, h := range e.Conflicts {
		p.Conflicts = append(p.Conflicts, h.String())
	}
	if e.Height >= 0 {
		p.BlockHash, p.BlockHeight, p.BlockIndex, p.BlockTime = e.Block.String(), &e.Height, &e.BlockIndex, e.BlockTime
		return p
	}
	p.Trusted = &e.Trusted
	if e.Replaceable {
		p.Replaceable = "yes"
	}
	return p
}

// timeOf is when a transaction happened: when it was first seen, but not after its block.
func timeOf(e *wallet.Entry) int64 {
	if e.BlockTime > 0 && e.BlockTime < e.Received {
		return e.BlockTime
	}
	return e.Received
}

// txDetail is one output of a transaction as it concerns the wallet.
type txDetail struct {
	Address   string          `json:"address,omitempty"`
	Category  wallet.Category `json:"category"`
	Amount    jsonrpc.Amount  `json:"amount"`
	Label     string          `json:"label"`
	Vout      uint32          `json:"vout"`
	Fee       *jsonrpc.Amount `json:"fee,omitempty"` // negative, for sends
	Abandoned bool            `json:"abandoned"`
	Parents   []string        `json:"parent_descs,omitempty"` // of what came
}

func details(e *wallet.Entry) []txDetail {
	list := make([]txDetail, len(e.Details))
	for i, d := range e.Details {
		list[i] = txDetail{Address: d.Address, Category: d.Category, Amount: jsonrpc.Amount(d.Amount), Label: d.Label, Vout: d.Vout, Abandoned: e.Abandoned}
		if d.Category == wallet.Sent {
			fee := jsonrpc.Amount(-e.Fee)
			list[i].Fee = &fee
		} else {
			list[i].Parents = []string{descriptor.WithChecksum(d.ParentDesc)}
		}
	}
	return list
}

type listed struct {
	txDetail
	txPlace
}

// flatten makes a line of each detail of each transaction, newest first. A
// label, other than "*", is of what came in (Core: ListTransactions).
func flatten(entries []wallet.Entry, label string) []listed {
	lines := []listed{}
	for i := range entries {
		place := newPlace(&entries[i])
		for _, d := range details(&entries[i]) {
			if label == "*" || d.Label == label && d.Category != wallet.Sent {
				lines = append(lines, listed{d, place})
			}
		}
	}
	return lines
}

func (a *API) listTransactions(ctx context.Context, c *jsonrpc.Call) (any, error) {
	count, skip, label := c.Int("count"), c.Int("skip"), "*"
	if c.Has("label") {
		if label = c.String("label"); label == "" {
			c.Refuse(jsonrpc.CodeInvalidParam, `Label argument must be a valid label name or "*".`)
		}
	}
	if count < 0 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Negative count")
	}
	if skip < 0 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Negative from")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	wanted := min(count+skip, maxHistory)
	if label != "*" {
		wanted = maxHistory
	}
	entries, err := a.Wallet.History(ctx, int(wanted), 0) // each gives one line or more
	if err != nil {
		return nil, err
	}
	lines := flatten(entries, label)
	lines = lines[min(skip, int64(len(lines))):]
	lines = lines[:min(count, int64(len(lines)))]
	slices.Reverse(lines) // oldest first, as in Core
	return lines, nil
}

// listSinceBlock tells what happened after a block; removed is what stood in
// blocks behind it that have left the active chain, whether it came back in
// other blocks or not.
func (a *API) listSinceBlock(ctx context.Context, c *jsonrpc.Call) (any, error) {
	target, label := c.Int("target_confirmations"), "*"
	if c.Has("label") {
		label = c.String("label")
	}
	tip := a.Ledger.Tip()
	var seen, fork *chain.HeaderNode
	if c.String("blockhash") != "" {
		n, _, ok := a.Ledger.Lookup(c.Hash("blockhash"))
		if !ok {
			c.Refuse(jsonrpc.CodeInvalidAddress, "Block not found")
		} else {
			seen, fork = n, chain.Fork(n, tip)
		}
	}
	if target < 1 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	entries, err := a.Wallet.History(ctx, maxHistory, 0)
	if err != nil {
		return nil, err
	}
	if fork != nil {
		deep := tip.Height - fork.Height // confirmations of what is new, at most
		entries = slices.DeleteFunc(entries, func(e wallet.Entry) bool { return max(e.Confirmations, -e.Confirmations) > deep })
	}
	answer := sinceBlock{Txs: flatten(entries, label)}
	slices.Reverse(answer.Txs)
	if c.Bool("include_removed") {
		gone, err := a.removed(ctx, seen, fork)
		if err != nil {
			return nil, err
		}
		lines := flatten(gone, label)
		answer.Removed = &lines
	}
	answer.Last = tip.Ancestor(int32(max(int64(tip.Height)+1-target, 0))).Hash.String()
	return answer, nil
}

type sinceBlock struct {
	Txs     []listed  `json:"transactions"`
	Removed *[]listed `json:"removed,omitempty"`
	Last    string    `json:"lastblock"`
}

// removed are the wallet's transactions in the blocks from seen back to fork,
// which is on the active chain; the last block first.
func (a *API) removed(ctx context.Context, seen, fork *chain.HeaderNode) (gone []wallet.Entry, err error) {
	for n := seen; n != nil && n.Height > fork.Height; n = n.Parent {
		block, err := a.Ledger.Block(n.Hash)
		if err != nil {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInternal, "Can't read block from disk")
		}
		for _, tx := range block.Txs {
			e, err := a.Wallet.Tx(ctx, tx.ID)
			if errors.Is(err, wallet.ErrUnknownTx) {
				continue
			}
			if err != nil {
				return nil, err
			}
			gone = append(gone, e)
		}
	}
	return gone, nil
}

type walletTx struct {
	Amount jsonrpc.Amount  `json:"amount"`
	Fee    *jsonrpc.Amount `json:"fee,omitempty"`
	txPlace
	Details   []txDetail `json:"details"`
	Hex       string     `json:"hex"`
	Decoded   *show.Tx   `json:"decoded,omitempty"`
	LastBlock blockPlace `json:"lastprocessedblock"`
}

func (a *API) getTransaction(ctx context.Context, c *jsonrpc.Call) (any, error) {
	id, verbose := c.Hash("txid"), c.Bool("verbose")
	if err := c.Err(); err != nil {
		return nil, err
	}
	e, err := a.Wallet.Tx(ctx, id)
	if err != nil {
		return nil, err
	}
	t := walletTx{
		Amount: jsonrpc.Amount(e.Amount), txPlace: newPlace(&e), Details: details(&e),
		Hex: hex.EncodeToString(e.Tx.Raw()), LastBlock: a.lastBlock(),
	}
	if e.FromMe {
		fee := jsonrpc.Amount(-e.Fee)
		t.Fee = &fee
	}
	if verbose {
		shown := show.NewTx(e.Tx, a.Params.Params, show.Detail{})
		t.Decoded = &shown
	}
	return t, nil
}

func (a *API) abandonTransaction(ctx context.Context, c *jsonrpc.Call) (any, error) {
	id := c.Hash("txid")
	if err := c.Err(); err != nil {
		return nil, err
	}
	return nil, a.Wallet.Abandon(ctx, id)
}

func (a *API) getReceivedByAddress(ctx context.Context, c *jsonrpc.Call) (any, error) {
	script, minConf := a.script(c, "address", "Invalid Bitcoin address"), c.Int("minconf")
	if err := c.Err(); err != nil {
		return nil, err
	}
	_, mine, err := a.Wallet.Owned(ctx, script)
	if err != nil {
		return nil, err
	}
	if !mine {
		return nil, jsonrpc.Errorf(jsonrpc.CodeWallet, "Address not found in wallet")
	}
	entries, err := a.Wallet.History(ctx, maxHistory, 0)
	var sum btcutil.Amount
	for _, e := range entries {
		if int64(e.Confirmations) < minConf || e.Tx.IsCoinbase() && e.Confirmations <= chain.CoinbaseMaturity {
			continue
		}
		for _, o := range e.Tx.TxOut {
			if string(o.PkScript) == string(script) {
				sum += btcutil.Amount(o.Value)
			}
		}
	}
	return jsonrpc.Amount(sum), err
}

// historyLine is ours: one transaction as a person reads a bank statement.
type historyLine struct {
	TxID          string         `json:"txid"`
	Amount        jsonrpc.Amount `json:"amount"` // signed, net of change
	Fee           jsonrpc.Amount `json:"fee"`    // what we paid, not negative
	Confirmations int32          `json:"confirmations"`
	Height        int32          `json:"height"` // -1: in no block
	Time          int64          `json:"time"`
	Addresses     []string       `json:"addresses"`
	Label         string         `json:"label"`
	Category      string         `json:"category"`
	Abandoned     bool           `json:"abandoned"`
}

func (a *API) walletHistory(ctx context.Context, c *jsonrpc.Call) (any, error) {
	count, skip := c.Int("count"), c.Int("skip")
	if count < 0 || skip < 0 {
		c.Refuse(jsonrpc.CodeInvalidParam, "count and skip must not be negative")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	entries, err := a.Wallet.History(ctx, int(min(count, maxHistory)), int(min(skip, maxHistory)))
	if err != nil {
		return nil, err
	}
	lines := make([]historyLine, len(entries))
	for i, e := range entries {
		lines[i] = historyLine{
			TxID: e.Tx.ID.String(), Amount: jsonrpc.Amount(e.Amount), Fee: jsonrpc.Amount(e.Fee),
			Confirmations: e.Confirmations, Height: e.Height, Time: timeOf(&e), Addresses: []string{}, Abandoned: e.Abandoned,
		}
		for _, d := range e.Details {
			lines[i].Category = string(d.Category)
			if d.Address != "" && !slices.Contains(lines[i].Addresses, d.Address) {
				lines[i].Addresses = append(lines[i].Addresses, d.Address)
			}
			if lines[i].Label == "" {
				lines[i].Label = d.Label
			}
		}
	}
	return lines, nil
}
