package explore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/history"
	"grapevine/chain/ledger"
	"grapevine/chain/mempool"
	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/poolapi"
)

// API answers; its fields are who is asked.
type API struct {
	Chain *chainapi.API
	Pool  *poolapi.API
}

// New asks these two.
func New(c *chainapi.API, p *poolapi.API) *API { return &API{Chain: c, Pool: p} }

const (
	// maxHistory bounds the transactions of one history that are held at a time: some tens
	// of MiB.
	maxHistory = 200_000
	// tries is how often something is begun again when the chain moved meanwhile.
	tries = 3
)

// ErrTooLong: a history has more than maxHistory transactions.
var ErrTooLong = errors.New("the history of this script is too long to be told at once")

// ErrNotFound: there is no such transaction, block or output.
var ErrNotFound = errors.New("not found")

// walk calls fn with a history as of one tip, until ctx ends; begin comes before each try.
func (a *API) walk(ctx context.Context, q ledger.Histories, begin func(), fn func(ledger.Touched) bool) (tip *chain.HeaderNode, err error) {
	for range tries {
		begin()
		q.Tip = a.Chain.Ledger.Tip()
		err = a.Chain.Ledger.History(q, func(t ledger.Touched) bool { return ctx.Err() == nil && fn(t) })
		if err = cmp.Or(ctx.Err(), err); !errors.Is(err, ledger.ErrMoved) {
			return q.Tip, err
		}
	}
	return nil, err
}

// History is the whole history of a script in the chain, oldest first, without what each
// transaction pays and spends: that could be much more than maxHistory bounds.
func (a *API) History(ctx context.Context, script chain.Hash) (list []ledger.Touched, err error) {
	_, err = a.walk(ctx, ledger.Histories{Script: script}, func() { list = nil }, func(t ledger.Touched) bool {
		t.Funds, t.Spends = nil, nil
		list = append(list, t)
		return len(list) <= maxHistory
	})
	if err == nil && len(list) > maxHistory {
		return nil, ErrTooLong
	}
	return list, err
}

// Page are the n transactions of a script's history that come before one of it, newest first; nil begins
// with the last.
func (a *API) Page(ctx context.Context, script chain.Hash, last *chain.Hash, n int) (list []ledger.Touched, err error) {
	q := ledger.Histories{Script: script, Back: true}
	seen := last == nil
	if !seen {
		f, ok, err := a.Chain.Ledger.FindTx(*last)
		if err != nil {
			return nil, err
		}
		if ok {
			q.First = f.Block
		}
	}
	_, err = a.walk(ctx, q, func() { list, seen = nil, last == nil }, func(t ledger.Touched) bool {
		if seen {
			list = append(list, t)
		}
		seen = seen || t.TxID == *last
		past := !seen && q.First != nil && t.Block != q.First // it would have been in that block
		return len(list) < n && !past
	})
	if err == nil && !seen {
		return nil, fmt.Errorf("transaction %s of this history: %w", last, ErrNotFound)
	}
	return list, err
}

// Sums add up a history.
type Sums struct {
	Txs, Funded, Spent  int
	FundedSum, SpentSum btcutil.Amount
}

func (s *Sums) add(t history.Touch) {
	s.Txs++
	for _, f := range t.Funds {
		s.Funded++
		s.FundedSum += f.Value
	}
	for _, f := range t.Spends {
		s.Spent++
		s.SpentSum += f.Value
	}
}

// Balance is what is left.
func (s Sums) Balance() btcutil.Amount { return s.FundedSum - s.SpentSum }

// ChainSums add up what the chain has of a script.
func (a *API) ChainSums(ctx context.Context, script chain.Hash) (s Sums, err error) {
	_, err = a.walk(ctx, ledger.Histories{Script: script}, func() { s = Sums{} }, func(t ledger.Touched) bool { s.add(t.Touch); return true })
	return s, err
}

// PoolSums add up what the pool has of a script.
func (a *API) PoolSums(script chain.Hash) (s Sums) {
	for _, e := range a.Pool.Pool.Touching(script) {
		s.add(history.Touch{Funds: funds(e.Tx, script), Spends: a.spends(e.Tx, script)})
	}
	return s
}

// Waiting is a transaction of the pool that pays a script or spends from it.
type Waiting struct {
	mempool.Entry
	// Height is 0, or -1 when it spends what is in the pool itself, as in Electrum's protocol.
	Height int
}

// Waiting are the pool's transactions of a script in the order of Electrum's protocol: by height, those
// that spend from the pool last, then by txid as it is written. What each does to the script is not asked:
// a digest needs none of it, and it takes coins of the chain.
func (a *API) Waiting(script chain.Hash) []Waiting {
	entries := a.Pool.Pool.Touching(script)
	list := make([]Waiting, len(entries))
	for i, e := range entries {
		list[i] = Waiting{Entry: e}
		if len(e.Depends) > 0 {
			list[i].Height = -1
		}
	}
	slices.SortFunc(list, func(x, y Waiting) int {
		return cmp.Or(cmp.Compare(y.Height, x.Height), cmp.Compare(x.Tx.ID.String(), y.Tx.ID.String()))
	})
	return list
}

// funds are the outputs of a transaction that pay a script.
func funds(tx *chain.Tx, script chain.Hash) (list []history.Fund) {
	for n, out := range tx.TxOut {
		if history.HashOf(out.PkScript) == script {
			list = append(list, history.Fund{Vout: uint32(n), Value: btcutil.Amount(out.Value)})
		}
	}
	return list
}

// spends are the inputs of a pool transaction that spend from a script.
func (a *API) spends(tx *chain.Tx, script chain.Hash) (list []history.Spend) {
	spent, _, err := a.Pool.Pool.Spends(tx.ID)
	if err != nil {
		return nil
	}
	for n, c := range spent {
		if op := tx.TxIn[n].PreviousOutPoint; history.HashOf(c.PkScript) == script {
			list = append(list, history.Spend{Vin: uint32(n), Value: c.Value, Of: history.TagOf(op.Hash), Vout: op.Index})
		}
	}
	return list
}

// Coin is an unspent output; Block is nil in the pool.
type Coin struct {
	Op    wire.OutPoint
	Value btcutil.Amount
	Block *chain.HeaderNode
}

// Unspent are the coins of a script that neither chain nor pool spends: those of the chain in its order, then
// those of the pool.
func (a *API) Unspent(ctx context.Context, script chain.Hash) (coins []Coin, err error) {
	var s sieve
	_, err = a.walk(ctx, ledger.Histories{Script: script}, s.begin, s.take)
	switch {
	case err != nil:
		return nil, err
	case len(s.made) > maxHistory:
		return nil, ErrTooLong
	}
	if coins, err = s.left(a.Chain.Ledger.View()); err != nil {
		return nil, err
	}
	for _, w := range a.Waiting(script) {
		for _, f := range funds(w.Tx, script) {
			coins = append(coins, Coin{Op: wire.OutPoint{Hash: w.Tx.ID, Index: f.Vout}, Value: f.Value})
		}
	}
	return slices.DeleteFunc(coins, func(c Coin) bool { _, spent := a.Pool.Pool.SpentBy(c.Op); return spent }), nil
}

// sieve finds which outputs of a history it does not spend.
type sieve struct {
	made  []Coin
	known map[output]int // outputs that go by this name
	spent map[output]int
}

// output is an outpoint as a history's record has it: others may go by the same name.
type output struct {
	tag  history.Tag
	vout uint32
}

func (s *sieve) begin() { *s = sieve{known: map[output]int{}, spent: map[output]int{}} }

func (s *sieve) take(t ledger.Touched) bool {
	for _, f := range t.Funds {
		s.made = append(s.made, Coin{wire.OutPoint{Hash: t.TxID, Index: f.Vout}, f.Value, t.Block})
		s.known[output{history.TagOf(t.TxID), f.Vout}]++
	}
	for _, f := range t.Spends {
		s.spent[output{f.Of, f.Vout}]++
	}
	return len(s.made) <= maxHistory
}

// left are those that are not spent; where several go by one name the coin set says which.
func (s *sieve) left(view *ledger.View) (coins []Coin, err error) {
	for _, c := range s.made {
		name := output{history.TagOf(c.Op.Hash), c.Op.Index}
		unspent := s.spent[name] == 0
		if !unspent && s.spent[name] < s.known[name] {
			if _, unspent, err = view.Coin(c.Op); err != nil {
				return nil, err
			}
		}
		if unspent {
			coins = append(coins, c)
		}
	}
	return coins, nil
}

// Spending says who spends an output; Tx is zero when nobody does, and Block nil in the pool.
type Spending struct {
	Tx    chain.Hash
	Vin   uint32
	Block *chain.HeaderNode
}

// SpentBy finds who spends output n of a transaction. A script's history is read only for an output that is
// spent.
func (a *API) SpentBy(ctx context.Context, f poolapi.Found, n uint32) (s Spending, err error) {
	op := wire.OutPoint{Hash: f.Tx.ID, Index: n}
	if by, ok := a.Pool.Pool.SpentBy(op); ok {
		if e, ok := a.Pool.Pool.Entry(by); ok {
			in := slices.IndexFunc(e.Tx.TxIn, func(in *wire.TxIn) bool { return in.PreviousOutPoint == op })
			return Spending{Tx: by, Vin: uint32(in)}, nil
		}
	}
	if f.Block == nil {
		return s, nil
	}
	if _, unspent, err := a.Chain.Ledger.View().Coin(op); err != nil || unspent {
		return s, err
	}
	by, ok, err := a.Chain.Ledger.SpenderOf(ctx, op, f.Tx.TxOut[n].PkScript, f.Block, a.Chain.Ledger.Tip())
	if err != nil || !ok {
		return s, err
	}
	return Spending{by.TxID, by.Vin, by.Block}, nil
}

// IDs are the txids of a block.
func (a *API) IDs(n *chain.HeaderNode) ([]chain.Hash, error) {
	b, err := a.Chain.Ledger.Block(n.Hash)
	if err != nil {
		return nil, err
	}
	return chain.TxIDs(b.Txs), nil
}

// binSize is how many virtual bytes a step of the histogram of fee rates has at least.
const binSize = 50_000

// Bin are so many virtual bytes of the pool that pay Rate or more, and less than the bin before; satoshis a
// virtual byte.
type Bin struct {
	Rate  float64
	VSize int
}

// MarshalJSON writes a pair, as both protocols have it.
func (b Bin) MarshalJSON() ([]byte, error) {
	return json.Marshal([2]float64{b.Rate, float64(b.VSize)})
}

// Histogram are the fee rates of the pool, highest first.
func (a *API) Histogram() []Bin {
	txs := a.Pool.Pool.Snapshot().Txs
	rate := func(c mempool.Candidate) float64 {
		return math.Floor(100*float64(c.Fee)/float64(c.VSize)) / 100
	}
	slices.SortFunc(txs, func(x, y mempool.Candidate) int { return cmp.Compare(rate(y), rate(x)) })
	bins := []Bin{}
	for i, c := range txs {
		r := rate(c)
		if i == 0 || bins[len(bins)-1].VSize >= binSize && r != bins[len(bins)-1].Rate {
			bins = append(bins, Bin{})
		}
		last := &bins[len(bins)-1]
		last.Rate, last.VSize = r, last.VSize+c.VSize
	}
	return bins
}
