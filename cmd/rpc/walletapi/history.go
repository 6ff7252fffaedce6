package walletapi

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
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
		jsonrpc.Method{Name: "importprunedfunds", Params: "rawtransaction:hex txoutproof:hex", Do: a.importPrunedFunds,
			Help: "Notes a transaction that pays the wallet, with its proof of being in a block, without a search of the chain.", Example: "02000000... 00000020..."},
		jsonrpc.Method{Name: "removeprunedfunds", Params: "txid:hex", Do: a.removePrunedFunds,
			Help: "Takes a transaction out of the wallet.", Example: "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"},
		jsonrpc.Method{Name: "wallethistory", Params: "count:int=20 skip:int=0", Do: a.walletHistory,
			Help: "The wallet's transactions as a bank statement has them, newest first.", Example: "20"},
	)
}

// maxHistory bounds the transactions of one answer.
const maxHistory = 100_000

// labelOf reads a label [LabelFromValue].
func labelOf(c *jsonrpc.Call, name string) string {
	label := c.String(name)
	if label == "*" {
		c.Refuse(codeLabel, "Invalid label name")
	}
	return label
}

func (a *API) listTransactions(ctx context.Context, c *jsonrpc.Call) (any, error) {
	count, skip := c.Int("count"), c.Int("skip")
	var f wallet.Filter
	if label := c.String("label"); c.Has("label") && label != "*" {
		if f.Label = &label; label == "" {
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
	lines := []listed{}
	err := a.Wallet.Each(ctx, f, func(e *wallet.Entry) bool {
		lines = append(lines, a.lines(e, shown{label: f.Label})...)
		return int64(len(lines)) < count+skip
	})
	if err != nil {
		return nil, err
	}
	lines = lines[min(skip, int64(len(lines))):]
	lines = lines[:min(count, int64(len(lines)))]
	slices.Reverse(lines) // oldest first, as in Core
	return lines, nil
}

// listSinceBlock tells what happened after a block; removed is what stood in
// blocks behind it that have left the active chain, whether it came back in
// other blocks or not.
func (a *API) listSinceBlock(ctx context.Context, c *jsonrpc.Call) (any, error) {
	target, what := c.Int("target_confirmations"), shown{change: c.Bool("include_change")}
	if c.Has("label") {
		label := labelOf(c, "label")
		what.label = &label
	}
	f := wallet.Filter{Label: what.label}
	if err := a.Wallet.Settle(ctx, nil); err != nil {
		return nil, err
	}
	tip := a.Ledger.Tip()
	var seen, fork *chain.HeaderNode
	if c.String("blockhash") != "" {
		n, _, ok := a.Ledger.Lookup(c.Hash("blockhash"))
		if !ok {
			c.Refuse(jsonrpc.CodeInvalidAddress, "Block not found")
		} else {
			seen, fork = n, chain.Fork(n, tip)
			deep := tip.Height - fork.Height // confirmations of what is new, at most
			f.Since = &deep
		}
	}
	if target < 1 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	var each [][]listed // of each transaction, newest first
	err := a.Wallet.Each(ctx, f, func(e *wallet.Entry) bool {
		each = append(each, a.lines(e, what))
		return true
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(each)
	answer := sinceBlock{Txs: append([]listed{}, slices.Concat(each...)...)}
	if c.Bool("include_removed") {
		gone, err := a.removed(ctx, seen, fork)
		if err != nil {
			return nil, err
		}
		lines := []listed{}
		what.lost = true
		for i := range gone {
			lines = append(lines, a.lines(&gone[i], what)...)
		}
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
	Details   []txDetail      `json:"details"`
	Hex       string          `json:"hex"`
	Decoded   jsonrpc.Encoded `json:"decoded,omitempty"`
	LastBlock blockPlace      `json:"lastprocessedblock"`
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
		Amount: jsonrpc.Amount(e.Credit - e.Debit), txPlace: a.newPlace(&e), Details: details(&e, shown{}),
		Hex: hex.EncodeToString(e.Tx.Raw()), LastBlock: a.lastBlock(),
	}
	if e.FromMe {
		fee := feeLine(&e)
		t.Fee, t.Amount = &fee, t.Amount-fee
	}
	if verbose {
		t.Decoded = show.NewTx(e.Tx, a.Params.Params, show.Detail{})
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
	Conflicts     []string       `json:"conflicts"`             // what spends a same coin, in the wallet or in the pool
	Replaces      string         `json:"replaces,omitempty"`    // the payment that it was made to replace
	ReplacedBy    string         `json:"replaced_by,omitempty"` // the payment that was made to replace it
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
			Confirmations: e.Confirmations, Height: e.Height, Time: e.Time, Addresses: []string{}, Abandoned: e.Abandoned,
			Conflicts: show.Hashes(e.Conflicts), Replaces: textOf(e.Replaces), ReplacedBy: textOf(e.ReplacedBy),
		}
		for _, id := range show.Hashes(e.Rivals) {
			if !slices.Contains(lines[i].Conflicts, id) {
				lines[i].Conflicts = append(lines[i].Conflicts, id)
			}
		}
		for _, d := range e.Details {
			if d.Change {
				continue
			}
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
