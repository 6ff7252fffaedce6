package poolapi

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// poolRows are about what waits in the pool.
func (a *API) poolRows() []jsonrpc.Method {
	return jsonrpc.Group("Blockchain",
		jsonrpc.Method{Name: "getmempoolinfo", Do: a.getMempoolInfo,
			Help: "The pool: transactions, bytes, fees, and the fee rate below which nothing enters."},
		jsonrpc.Method{Name: "getrawmempool", Params: "verbose:bool=false mempool_sequence:bool=false", Do: a.getRawMempool, Large: true,
			Help: "The txids in the pool, parents before children; with verbose true what getmempoolentry says of each.", Example: "true"},
		jsonrpc.Method{Name: "getmempoolentry", Params: "txid:hex", Do: a.getMempoolEntry,
			Help: "A pool transaction: size, fees, relatives.", Example: "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"},
		jsonrpc.Method{Name: "getmempoolancestors", Params: "txid:hex verbose:bool=false", Do: a.getMempoolAncestors,
			Help: "The pool transactions that a pool transaction builds on.", Example: "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"},
		jsonrpc.Method{Name: "getmempooldescendants", Params: "txid:hex verbose:bool=false", Do: a.getMempoolDescendants,
			Help: "The pool transactions that build on a pool transaction.", Example: "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"},
		jsonrpc.Method{Name: "gettxspendingprevout", Params: `outputs:[{"txid":"hex","vout":n},...]`, Do: a.getTxSpendingPrevout,
			Help: "For each output the pool transaction that spends it, if there is one.", Example: `'[{"txid":"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b","vout":0}]'`},
		jsonrpc.Method{Name: "gettxout", Params: "txid:hex n:long include_mempool:bool=true", Do: a.getTxOut,
			Help: "A coin: value, script, confirmations. null if it was spent or never made. include_mempool (default true) counts the pool's spending and making too.", Example: "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b 0"},
	)
}

type poolInfo struct {
	Loaded       bool           `json:"loaded"`
	Size         int            `json:"size"`
	Bytes        int64          `json:"bytes"`
	Usage        int64          `json:"usage"`
	TotalFee     jsonrpc.Amount `json:"total_fee"`
	Max          int64          `json:"maxmempool"`
	MinFee       jsonrpc.Amount `json:"mempoolminfee"`
	MinRelay     jsonrpc.Amount `json:"minrelaytxfee"`
	Increment    jsonrpc.Amount `json:"incrementalrelayfee"`
	Unbroadcast  int            `json:"unbroadcastcount"`
	FullRBF      bool           `json:"fullrbf"`
	BareMultisig bool           `json:"permitbaremultisig"`
	MaxDataCarry int64          `json:"maxdatacarriersize"`
}

func (a *API) getMempoolInfo(context.Context, *jsonrpc.Call) (any, error) { return a.Info(), nil }

// Info is what getmempoolinfo and /rest/mempool/info.json answer.
func (a *API) Info() any {
	st, rules := a.Pool.Stats(), a.Pool.Rules()
	return poolInfo{
		Loaded: a.File == nil || a.File.Loaded(), Size: st.Size, Bytes: st.Bytes, Usage: st.Usage, TotalFee: jsonrpc.Amount(st.TotalFee),
		Max: st.MaxUsage, MinFee: jsonrpc.Amount(st.MinFee), MinRelay: jsonrpc.Amount(rules.MinRelay), Increment: jsonrpc.Amount(rules.Increment),
		Unbroadcast: st.Waiting, FullRBF: !rules.OptIn, BareMultisig: !rules.NoBareMultisig, MaxDataCarry: max(rules.DataCarrier, 0),
	}
}

type entryFees struct {
	Base       jsonrpc.Amount `json:"base"`
	Modified   jsonrpc.Amount `json:"modified"`
	Ancestor   jsonrpc.Amount `json:"ancestor"`
	Descendant jsonrpc.Amount `json:"descendant"`
}

type poolEntry struct {
	VSize           int       `json:"vsize"`
	Weight          int       `json:"weight"`
	Time            int64     `json:"time"`
	Height          int32     `json:"height"`
	DescendantCount int       `json:"descendantcount"`
	DescendantSize  int       `json:"descendantsize"`
	AncestorCount   int       `json:"ancestorcount"`
	AncestorSize    int       `json:"ancestorsize"`
	WTxID           string    `json:"wtxid"`
	Fees            entryFees `json:"fees"`
	Depends         []string  `json:"depends"`
	SpentBy         []string  `json:"spentby"`
	Replaceable     bool      `json:"bip125-replaceable"`
	Unbroadcast     bool      `json:"unbroadcast"`
}

func newEntry(e mempool.Entry) poolEntry {
	fee := jsonrpc.Amount(e.Fee)
	return poolEntry{
		VSize: e.VSize, Weight: e.Tx.Weight, Time: e.Time.Unix(), Height: e.Height,
		DescendantCount: e.DescendantCount, DescendantSize: e.DescendantSize,
		AncestorCount: e.AncestorCount, AncestorSize: e.AncestorSize, WTxID: e.Tx.WID.String(),
		Fees:    entryFees{fee, jsonrpc.Amount(e.Modified), jsonrpc.Amount(e.AncestorFees), jsonrpc.Amount(e.DescendantFees)},
		Depends: show.Hashes(e.Depends), SpentBy: show.Hashes(e.SpentBy), Replaceable: e.Replaceable, Unbroadcast: e.Unbroadcast,
	}
}

func (a *API) getRawMempool(_ context.Context, c *jsonrpc.Call) (any, error) {
	verbose, sequence := c.Bool("verbose"), c.Bool("mempool_sequence")
	switch {
	case c.Err() != nil:
		return nil, c.Err()
	case verbose && sequence:
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Verbose results cannot contain mempool sequence values.")
	case sequence:
		return a.Sequence(), nil
	}
	return a.contents(verbose), nil
}

// Sequence is what getrawmempool answers with mempool_sequence.
func (a *API) Sequence() any {
	return struct {
		TxIDs    []string `json:"txids"`
		Sequence uint64   `json:"mempool_sequence"`
	}{show.Hashes(a.Pool.TxIDs()), a.Pool.Stats().Sequence}
}

// contents is what getrawmempool and /rest/mempool/contents.json answer.
func (a *API) contents(verbose bool) any {
	if !verbose {
		return show.Hashes(a.Pool.TxIDs())
	}
	return byTxID(a.Pool.Entries())
}

// WriteContents writes what Contents(verbose) shows, a transaction at a time: a
// reader who is slow must not make the node hold it all. What leaves the pool
// meanwhile is left out.
func (a *API) WriteContents(w io.Writer, verbose bool) error {
	ids := a.Pool.TxIDs()
	before, end := "[", "]"
	if verbose {
		before, end = "{", "}"
		slices.SortFunc(ids, func(x, y chain.Hash) int { return strings.Compare(x.String(), y.String()) })
	}
	for _, id := range ids {
		line := strconv.Quote(id.String())
		if verbose {
			e, ok := a.Pool.Entry(id)
			if !ok {
				continue
			}
			shown, err := json.Marshal(newEntry(e))
			if err != nil {
				return err
			}
			line += ":" + string(shown)
		}
		if _, err := io.WriteString(w, before+line); err != nil {
			return err
		}
		before = ","
	}
	if before != "," {
		end = before + end // there was none
	}
	_, err := io.WriteString(w, end+"\n")
	return err
}

func byTxID(entries []mempool.Entry) map[string]poolEntry {
	all := make(map[string]poolEntry, len(entries))
	for _, e := range entries {
		all[e.Tx.ID.String()] = newEntry(e)
	}
	return all
}

func errNotInPool() error {
	return jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Transaction not in mempool")
}

func (a *API) getMempoolEntry(_ context.Context, c *jsonrpc.Call) (any, error) {
	id := c.Hash("txid", "parameter 1")
	if err := c.Err(); err != nil {
		return nil, err
	}
	e, ok := a.Pool.Entry(id)
	if !ok {
		return nil, errNotInPool()
	}
	return newEntry(e), nil
}

func (a *API) getMempoolAncestors(_ context.Context, c *jsonrpc.Call) (any, error) {
	return relatives(c, a.Pool.Ancestors)
}

func (a *API) getMempoolDescendants(_ context.Context, c *jsonrpc.Call) (any, error) {
	return relatives(c, a.Pool.Descendants)
}

func relatives(c *jsonrpc.Call, of func(chain.Hash) ([]mempool.Entry, bool)) (any, error) {
	id, verbose := c.Hash("txid", "parameter 1"), c.Bool("verbose")
	if err := c.Err(); err != nil {
		return nil, err
	}
	entries, ok := of(id)
	if !ok {
		return nil, errNotInPool()
	}
	if verbose {
		return byTxID(entries), nil
	}
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.Tx.ID.String()
	}
	return ids, nil
}

type spentOutput struct {
	TxID     string `json:"txid"`
	Vout     uint32 `json:"vout"`
	Spending string `json:"spendingtxid,omitempty"`
}

func (a *API) getTxSpendingPrevout(_ context.Context, c *jsonrpc.Call) (any, error) {
	asked := c.Members("outputs", "txid:text vout:int")
	if len(asked) == 0 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, outputs are missing")
	}
	answer := make([]spentOutput, len(asked))
	for i, o := range asked {
		op := show.OutPoint(o)
		answer[i] = spentOutput{TxID: op.Hash.String(), Vout: op.Index}
		if by, ok := a.Pool.SpentBy(op); ok {
			answer[i].Spending = by.String()
		}
	}
	return answer, c.Err()
}

func (a *API) getTxOut(_ context.Context, c *jsonrpc.Call) (any, error) {
	id, n, pool := c.Hash("txid"), c.Int("n"), c.Bool("include_mempool")
	if n < 0 || n > math.MaxUint32 {
		c.Refuse(jsonrpc.CodeMisc, "JSON integer out of range")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	view := a.Ledger.View()
	var coins chain.CoinView = view
	if pool {
		coins = a.Pool.Coins()
	}
	coin, ok, err := coins.Coin(wire.OutPoint{Hash: id, Index: uint32(n)})
	if err != nil || !ok {
		return nil, err
	}
	tip := view.Tip()
	confirmations := int32(0)
	if coin.Height <= tip.Height { // a coin of the pool has the height PoolHeight
		confirmations = tip.Height - coin.Height + 1
	}
	return a.txOut(tip.Hash, confirmations, coin), nil
}

// txOut is gettxout's answer, written in one piece: it is asked for often.
func (a *API) txOut(best chain.Hash, confirmations int32, coin chain.Coin) jsonrpc.Encoded {
	var short [1 << 10]byte
	text := show.AppendHash(append(short[:0], `{"bestblock":"`...), best)
	text = strconv.AppendInt(append(text, `","confirmations":`...), int64(confirmations), 10)
	text = chain.AppendAmount(append(text, `,"value":`...), coin.Value)
	text = show.AppendScript(append(text, `,"scriptPubKey":`...), coin.PkScript, a.Params.Params)
	text = strconv.AppendBool(append(text, `,"coinbase":`...), coin.Coinbase)
	return slices.Clone(append(text, '}'))
}
