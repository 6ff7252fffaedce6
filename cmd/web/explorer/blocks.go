package explorer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/mempool"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/cmd/web/layout"
)

const (
	blocksPerPage = 20
	txsPerPage    = 25
)

// blockRow is a block in a list.
type blockRow struct {
	Hash      string
	Height    int32
	Time      time.Time
	Txs, Size int
	Fill      int // of what a block without witnesses may have, in percent
	Miner     string
	Pruned    bool
	Rivals    int // stored blocks of this height that are not in the chain
}

func (h *Handler) blockRow(n *chain.HeaderNode, stale []branch) blockRow {
	row := blockRow{Hash: n.Hash.String(), Height: n.Height, Time: n.Header.Timestamp, Txs: h.Chain.Ledger.TxCount(n.Hash)}
	for _, b := range stale {
		if b.at(n.Height) != nil {
			row.Rivals++
		}
	}
	raw, err := h.Chain.Ledger.RawBlock(n.Hash)
	if err != nil {
		row.Pruned = true
		return row
	}
	row.Size = len(raw)
	row.Fill = min(100, 100*row.Size/(chain.MaxBlockWeight/chain.WitnessScale))
	if first, err := chain.DecodeTxOf(raw, 0); err == nil && first != nil {
		row.Miner = minerText(first)
	}
	return row
}

// maxMiner is how many bytes of a coinbase's text a list shows.
const maxMiner = 40

// minerText is what a miner wrote into his coinbase, where it is text.
func minerText(coinbase *chain.Tx) string {
	return clip(legible(coinbase.TxIn[0].SignatureScript), maxMiner)
}

func (h *Handler) blocksPage(_ context.Context, q question) (view, error) {
	tip := h.Chain.Ledger.Tip()
	p, err := q.page("page", "/blocks", int(tip.Height)+1, blocksPerPage)
	if err != nil {
		return view{}, err
	}
	stale := h.staleBranches()
	rows := []blockRow{}
	from, to := p.Slice()
	for i := from; i < to; i++ {
		rows = append(rows, h.blockRow(tip.Ancestor(tip.Height-int32(i)), stale))
	}
	best := h.Chain.Ledger.BestHeader()
	return view{name: "blocks", title: "Blocks", nav: "blocks", data: struct {
		Rows   []blockRow
		Pages  layout.Pager
		Tip    int32
		Behind int // headers whose blocks are not connected yet
		Stale  int
	}{rows, p, tip.Height, int(max(0, best.Height-tip.Height)), len(stale)}}, nil
}

// findBlock finds a header by hash, or the chain's by height; the latter goes to its hash.
func (h *Handler) findBlock(text string) (n *chain.HeaderNode, st ledger.Status, to string, err error) {
	if height, ok := parseHeight(text); ok && len(text) < hashDigits {
		if n = h.Chain.Ledger.AtHeight(int32(height)); n == nil {
			return nil, 0, "", absent("No such block", "The chain reaches to height %d; there is no block %d yet.", h.Chain.Ledger.Tip().Height, height)
		}
		return n, 0, "/block/" + n.Hash.String(), nil
	}
	hash, ok := parseHash(text)
	if !ok {
		return nil, 0, "", wrong("Not a block", "A block is asked for by its height or by the 64 hex digits of its hash; %q is neither.", said(text))
	}
	if n, st, ok = h.Chain.Ledger.Lookup(hash); !ok {
		return nil, 0, "", absent("No such block", "The node knows no block %s.", hash)
	}
	return n, st, "", nil
}

// blockView is what a block's page shows.
type blockView struct {
	show.Header
	When    time.Time
	State   blockState
	Body    bool   // it is here
	Missing string // why it is not
	Stats   blockStats
	Txs     []txRow
	Pages   layout.Pager
	Rivals  []rival
}

// blockState says whether a block is in the chain and why not.
type blockState struct {
	Active  bool
	Word    string // active, stale, invalid, header only
	Class   string // of the tag
	Why     string
	Instead string // hash of the block of this height that is in the chain; "": none
	Fork    *chain.HeaderNode
	ForkAt  string // hash
	Length  int    // blocks of its branch up to it
}

// rival is another block of the same height.
type rival struct {
	Hash   string
	Status string
}

// blockStats sum up a body.
type blockStats struct {
	Size, Stripped, Weight, Txs, Inputs, Outputs int
	Fill                                         int // of the weight that it may have, in percent
	Reward, Subsidy                              btcutil.Amount
	Fees                                         *btcutil.Amount // nil: what it spent is not known
	Low, Median, High                            string          // fee rates; "" without
	Coinbase                                     string
	CoinbaseHex                                  string
}

func (h *Handler) blockPage(_ context.Context, q question) (view, error) {
	n, st, to, err := h.findBlock(q.arg(0))
	if err != nil || to != "" {
		return view{to: to}, err
	}
	tip := h.Chain.Ledger.Tip()
	v := blockView{Header: show.NewHeader(n, tip, h.Chain.Ledger.TxCount(n.Hash)), When: n.Header.Timestamp, State: h.stateOf(n, st, tip)}
	v.Rivals = h.rivals(n)
	title := fmt.Sprintf("Block %d", n.Height)
	b, err := h.Chain.Ledger.Block(n.Hash)
	switch {
	case errors.Is(err, chain.ErrPruned):
		v.Missing = "The node has deleted this block's transactions to save disk."
	case errors.Is(err, ledger.ErrNotFound):
		v.Missing = "The node has this block's header only."
	case err != nil:
		return view{}, err
	default:
		v.Body = true
		if err := h.fillBody(&v, n, b, q); err != nil {
			return view{}, err
		}
	}
	return view{name: "block", title: title, nav: "blocks", data: v}, nil
}

func (h *Handler) fillBody(v *blockView, n *chain.HeaderNode, b *chain.Block, q question) (err error) {
	if v.Pages, err = q.page("page", "/block/"+v.Hash, len(b.Txs), txsPerPage); err != nil {
		return err
	}
	spent, err := h.Chain.Ledger.SpentBy(b)
	if err != nil {
		spent = nil // a block that was never connected has no record of it
	}
	v.Stats = h.newStats(n, b, spent)
	from, to := v.Pages.Slice()
	for i := from; i < to; i++ {
		v.Txs = append(v.Txs, newTxRow(b.Txs[i], i, at(spent, i)))
	}
	return nil
}

// at is what transaction i spends; nil when that is not known.
func at(spent [][]chain.Coin, i int) []chain.Coin {
	if i < len(spent) {
		return spent[i]
	}
	return nil
}

func (h *Handler) newStats(n *chain.HeaderNode, b *chain.Block, spent [][]chain.Coin) blockStats {
	s := blockStats{Size: len(b.Raw), Weight: b.Weight, Txs: len(b.Txs), Stripped: (b.Weight - len(b.Raw)) / (chain.WitnessScale - 1),
		Fill: 100 * b.Weight / chain.MaxBlockWeight, Subsidy: chain.Subsidy(h.Chain.Params, n.Height)}
	var fees btcutil.Amount
	var rates []float64
	for i, tx := range b.Txs {
		s.Inputs, s.Outputs = s.Inputs+len(tx.TxIn), s.Outputs+len(tx.TxOut)
		if i == 0 {
			s.Reward = outSum(tx)
			s.Coinbase, s.CoinbaseHex = legible(tx.TxIn[0].SignatureScript), fmt.Sprintf("%x", tx.TxIn[0].SignatureScript)
			continue
		}
		if fee, ok := feeOf(tx, at(spent, i)); ok {
			fees += fee
			rates = append(rates, float64(fee)/float64(tx.VSize()))
		}
	}
	if spent != nil || len(b.Txs) == 1 {
		s.Fees = &fees
	}
	if len(rates) > 0 {
		slices.Sort(rates)
		s.Low, s.Median, s.High = rateText(rates[0]), rateText(rates[len(rates)/2]), rateText(rates[len(rates)-1])
	}
	return s
}

func rateText(rate float64) string { return fmt.Sprintf("%.2f", rate) }

func outSum(tx *chain.Tx) (sum btcutil.Amount) {
	for _, out := range tx.TxOut {
		sum += btcutil.Amount(out.Value)
	}
	return sum
}

// feeOf is what a transaction pays; false: what it spends is not known, or it is a coinbase.
func feeOf(tx *chain.Tx, spent []chain.Coin) (fee btcutil.Amount, ok bool) {
	if tx.IsCoinbase() || len(spent) != len(tx.TxIn) {
		return 0, false
	}
	for _, c := range spent {
		fee += c.Value
	}
	return fee - outSum(tx), true
}

// stateOf says whether a block is in the chain.
func (h *Handler) stateOf(n *chain.HeaderNode, st ledger.Status, tip *chain.HeaderNode) blockState {
	if n.IsAncestorOf(tip) {
		return blockState{Active: true, Word: "active", Class: "good"}
	}
	fork := chain.Fork(n, tip)
	s := blockState{Word: "stale", Class: "warn", Fork: fork, ForkAt: fork.Hash.String(), Length: int(n.Height - fork.Height)}
	if other := tip.Ancestor(n.Height); other != nil {
		s.Instead = other.Hash.String()
	}
	switch {
	case st&ledger.Invalid != 0:
		s.Word, s.Class, s.Why = "invalid", "bad", h.whyInvalid(n)
	case st&ledger.HaveBody == 0:
		s.Word, s.Why = "header only", "Its transactions were never here."
	case st&ledger.Valid != 0:
		s.Why = "It was in the chain once; a reorganisation has replaced it."
	default:
		s.Why = "It was never in the chain: its branch never had the most work."
	}
	return s
}

// whyInvalid tells the rule that a block, or one that it builds on, breaks.
func (h *Handler) whyInvalid(n *chain.HeaderNode) string {
	for _, bad := range h.Chain.Ledger.InvalidHeaders() {
		switch {
		case !bad.Node.IsAncestorOf(n):
		case bad.Err == nil && bad.Node == n:
			return "It was marked invalid by hand (invalidateblock)."
		case bad.Err == nil:
			return fmt.Sprintf("It builds on block %s, which was marked invalid by hand.", bad.Node.Hash)
		case bad.Node == n:
			return "It breaks a rule: " + bad.Err.Error()
		default:
			return fmt.Sprintf("It builds on block %s, which breaks a rule: %s", bad.Node.Hash, bad.Err)
		}
	}
	return "It breaks a rule."
}

// maxRivals bounds the other blocks of a height that a page names.
const maxRivals = 20

// rivals are the other blocks of n's height.
func (h *Handler) rivals(n *chain.HeaderNode) (list []rival) {
	for _, b := range h.staleBranches() {
		if other := b.at(n.Height); other != nil && other != n && len(list) < maxRivals &&
			!slices.ContainsFunc(list, func(r rival) bool { return r.Hash == other.Hash.String() }) {
			list = append(list, rival{other.Hash.String(), b.Status})
		}
	}
	return list
}

// txRow is a transaction in a list.
type txRow struct {
	ID            string
	Place         int
	Coinbase      bool
	Ins, Outs     int
	Value         btcutil.Amount
	Fee           *btcutil.Amount
	Rate          string
	VSize         int
	Time          time.Time // of entry into the pool
	Block         string
	Height        int32
	Change        *btcutil.Amount // of an address
	Confirmations int32
}

// Less says whether an address has less after the transaction.
func (r txRow) Less() bool { return r.Change != nil && *r.Change < 0 }

func newTxRow(tx *chain.Tx, place int, spent []chain.Coin) txRow {
	row := txRow{ID: tx.ID.String(), Place: place, Coinbase: tx.IsCoinbase(), Ins: len(tx.TxIn), Outs: len(tx.TxOut), Value: outSum(tx), VSize: tx.VSize()}
	if fee, ok := feeOf(tx, spent); ok {
		row.Fee, row.Rate = &fee, feeRate(fee, row.VSize)
	}
	return row
}

// newWaitingRow is a transaction of the pool in a list.
func newWaitingRow(e mempool.Entry) txRow {
	row := newTxRow(e.Tx, 0, nil)
	row.Fee, row.Rate, row.Time = &e.Fee, feeRate(e.Fee, e.VSize), e.Time
	return row
}

// hashDigits is the length of a hash as it is written.
const hashDigits = 2 * len(chain.Hash{})

// parseHash reads the 64 hex digits of a hash as it is written.
func parseHash(s string) (hash chain.Hash, ok bool) {
	hash, err := jsonrpc.ParseHash("hash", s)
	return hash, err == nil
}
