package esplora

import (
	"context"
	"encoding/hex"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/history"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/poolapi"
	"grapevine/cmd/rpc/rest"
	"grapevine/cmd/rpc/show"
)

// scriptOf reads address/ADDRESS or scripthash/HASH: SHA-256 as it comes out, not the other way round as in
// Electrum's protocol.
func (h *Handler) scriptOf(args []string) (script chain.Hash, err error) {
	if args[0] == "address" {
		pay, err := show.PayTo(args[1], h.Chain.Params.Params)
		if err != nil {
			return script, bad("Invalid Bitcoin address")
		}
		return history.HashOf(pay), nil
	}
	raw, err := hex.DecodeString(args[1])
	if err != nil || len(raw) != len(script) {
		return script, bad("Invalid scripthash")
	}
	return chain.Hash(raw), nil
}

type sums struct {
	Txs       int   `json:"tx_count"`
	Funded    int   `json:"funded_txo_count"`
	FundedSum int64 `json:"funded_txo_sum"`
	Spent     int   `json:"spent_txo_count"`
	SpentSum  int64 `json:"spent_txo_sum"`
}

func newSums(s explore.Sums) sums {
	return sums{s.Txs, s.Funded, int64(s.FundedSum), s.Spent, int64(s.SpentSum)}
}

func (h *Handler) script(ctx context.Context, args []string) (rest.Form, error) {
	script, err := h.scriptOf(args)
	if err != nil {
		return rest.Form{}, err
	}
	chained, err := h.ChainSums(ctx, script)
	if err != nil {
		return rest.Form{}, err
	}
	v := struct {
		Address string `json:"address,omitempty"`
		Script  string `json:"scripthash,omitempty"`
		Chain   sums   `json:"chain_stats"`
		Pool    sums   `json:"mempool_stats"`
	}{Chain: newSums(chained), Pool: newSums(h.PoolSums(script))}
	if v.Address = args[1]; args[0] == "scripthash" {
		v.Address, v.Script = "", args[1]
	}
	return asJSON(v)
}

func (h *Handler) scriptTxs(ctx context.Context, args []string) (rest.Form, error) {
	script, err := h.scriptOf(args)
	if err != nil {
		return rest.Form{}, err
	}
	mined, err := h.page(ctx, script, nil)
	if err != nil {
		return rest.Form{}, err
	}
	return asJSON(append(h.waiting(script), mined...))
}

func (h *Handler) scriptChain(ctx context.Context, args []string) (rest.Form, error) {
	script, err := h.scriptOf(args)
	if err != nil {
		return rest.Form{}, err
	}
	var last *chain.Hash
	if len(args) > 2 {
		id, err := parseHash(args[2], "txid")
		if err != nil {
			return rest.Form{}, err
		}
		last = &id
	}
	list, err := h.page(ctx, script, last)
	if err != nil {
		return rest.Form{}, err
	}
	return asJSON(list)
}

func (h *Handler) scriptPool(_ context.Context, args []string) (rest.Form, error) {
	script, err := h.scriptOf(args)
	if err != nil {
		return rest.Form{}, err
	}
	return asJSON(h.waiting(script))
}

// waiting are the last fifty of a script's transactions in the pool, newest first.
func (h *Handler) waiting(script chain.Hash) []transaction {
	list := []transaction{}
	entries := h.Pool.Pool.Touching(script)
	for i := len(entries) - 1; i >= 0 && len(list) < poolPage; i-- {
		list = append(list, h.show(poolapi.Found{Tx: entries[i].Tx}))
	}
	return list
}

// page are 25 transactions of a script's history.
func (h *Handler) page(ctx context.Context, script chain.Hash, last *chain.Hash) ([]transaction, error) {
	touched, err := h.Page(ctx, script, last, txsPage)
	if err != nil {
		return nil, err
	}
	list := []transaction{}
	blocks := blockReader{h: h}
	for _, t := range touched {
		tx, spent, err := blocks.tx(t)
		if err != nil {
			return nil, err
		}
		list = append(list, newTx(tx, spent, h.Chain.Params.Params, t.Block))
	}
	return list, nil
}

// blockReader reads transactions with what they spend; several of one block read it once.
type blockReader struct {
	h     *Handler
	at    *chain.HeaderNode
	block *chain.Block
	spent [][]chain.Coin
}

func (r *blockReader) tx(t ledger.Touched) (tx *chain.Tx, spent []chain.Coin, err error) {
	if r.at != t.Block {
		if r.block, err = r.h.Chain.Ledger.Block(t.Block.Hash); err != nil {
			return nil, nil, err
		}
		if r.spent, err = r.h.Chain.Ledger.SpentBy(r.block); err != nil {
			return nil, nil, err
		}
		r.at = t.Block
	}
	return r.block.Txs[t.Place], r.spent[t.Place], nil
}

type coin struct {
	TxID   string `json:"txid"`
	Vout   uint32 `json:"vout"`
	Status status `json:"status"`
	Value  int64  `json:"value"`
}

func (h *Handler) scriptCoins(ctx context.Context, args []string) (rest.Form, error) {
	script, err := h.scriptOf(args)
	if err != nil {
		return rest.Form{}, err
	}
	coins, err := h.Unspent(ctx, script)
	if err != nil {
		return rest.Form{}, err
	}
	list := make([]coin, len(coins))
	for i, c := range coins {
		list[i] = coin{c.Op.Hash.String(), c.Op.Index, newStatus(c.Block), int64(c.Value)}
	}
	return asJSON(list)
}

const (
	// maxAddresses are found by how they begin; maxLooked coins are looked at for it.
	maxAddresses = 10
	maxLooked    = 1_000_000
	// lookTime bounds how long that takes.
	lookTime = 5 * time.Second
)

// addressPrefix finds addresses that hold coins by how they begin. That takes reading the coin set, which
// networks of one's own can afford.
func (h *Handler) addressPrefix(ctx context.Context, args []string) (rest.Form, error) {
	if !h.Chain.Params.Local() {
		return rest.Form{}, bad("address search disabled")
	}
	found, seen, looked := []string{}, map[string]bool{}, 0
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	_, err := h.Chain.Ledger.ScanCoins(ctx, func(_ wire.OutPoint, c chain.Coin) error {
		looked++
		if a := show.Address(c.PkScript, h.Chain.Params.Params); a != "" && strings.HasPrefix(a, args[0]) && !seen[a] {
			seen[a] = true
			found = append(found, a)
		}
		if len(found) == maxAddresses || looked == maxLooked {
			return errEnough
		}
		return nil
	})
	if err != nil && err != errEnough {
		return rest.Form{}, err
	}
	return asJSON(found)
}

// errEnough ends a search.
var errEnough = errors.New("enough")

func (h *Handler) pool(context.Context, []string) (rest.Form, error) {
	st := h.Pool.Pool.Stats()
	return asJSON(struct {
		Count     int           `json:"count"`
		VSize     int64         `json:"vsize"`
		Fees      int64         `json:"total_fee"`
		Histogram []explore.Bin `json:"fee_histogram"`
	}{st.Size, st.Bytes, int64(st.TotalFee), h.Histogram()})
}

func (h *Handler) poolIDs(context.Context, []string) (rest.Form, error) {
	return asJSON(show.Hashes(h.Pool.Pool.TxIDs()))
}

type recent struct {
	TxID  string `json:"txid"`
	Fee   int64  `json:"fee"`
	VSize int    `json:"vsize"`
	Value int64  `json:"value"`
}

func (h *Handler) poolRecent(context.Context, []string) (rest.Form, error) {
	list := []recent{}
	for _, e := range h.Pool.Pool.Recent(recentTxs) {
		r := recent{TxID: e.Tx.ID.String(), Fee: int64(e.Fee), VSize: e.VSize}
		for _, out := range e.Tx.TxOut {
			r.Value += out.Value
		}
		list = append(list, r)
	}
	return asJSON(list)
}

// feeEstimates are those that there is one for, in satoshis a virtual byte.
func (h *Handler) feeEstimates(context.Context, []string) (rest.Form, error) {
	rates := map[string]float64{}
	if h.Pool.NoEstimates {
		return asJSON(rates)
	}
	targets := []int{144, 504, 1008}
	for n := 1; n <= 25; n++ {
		targets = append(targets, n)
	}
	for _, n := range targets {
		if rate, _, ok := h.Pool.Pool.EstimateFee(n, true); ok {
			rates[strconv.Itoa(n)] = math.Round(float64(rate)) / 1000
		}
	}
	return asJSON(rates)
}
