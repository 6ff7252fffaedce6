package explorer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/poolapi"
	"grapevine/cmd/web/layout"
)

// coinsPerPage are the inputs and the outputs that a page shows at a time.
const coinsPerPage = 25

// txView is what a transaction's page shows.
type txView struct {
	ID, WID             string
	Coinbase            bool
	Message, MessageHex string // of a coinbase
	Version             uint32
	LockTime            string
	Size, VSize, Weight int
	SigOps              int // cost; -1: not known
	Fee                 *btcutil.Amount
	Rate                string
	In, Out             btcutil.Amount
	Replaceable         bool
	Place               *placeView // nil: in the pool
	Pool                *waitView  // nil: not in the pool
	Flow                *flow
	Inputs              []inputView
	InPages             layout.Pager
	Outputs             []outputView
	OutPages            layout.Pager
	Conflicts           []conflictView
	NoIndex             bool // who spends an output of the chain is not known
	Raw                 string
	RawMore             bool // it is longer
}

// placeView is where a transaction stands in a block.
type placeView struct {
	Hash          string
	Height        int32
	Time          time.Time
	Place         int
	Confirmations int    // -1: the block is not in the chain
	Again         string // hash of the block of the chain that has it too; "": none
	Waits         bool   // it is in the pool too
}

type inputView struct {
	N        int
	TxID     string
	Vout     uint32
	Value    *btcutil.Amount
	Script   *scriptView // of the coin; nil: not known
	Sequence string
	Reveal   *shown
}

type outputView struct {
	N      int
	Value  btcutil.Amount
	Script scriptView
	Spent  string // txid of who spends it; "": nobody, or not known
	State  string // unspent, spent, waits to be spent, cannot be spent
	Class  string
}

// conflictView is a transaction that spends what this one spends.
type conflictView struct {
	N     int // input
	TxID  string
	Where string
}

// errNoBlock: the transaction is not in the block that was named.
func errNoBlock(id, block chain.Hash) error {
	return absent("Not in this block", "Block %s has no transaction %s.", block, id)
}

// findTx finds a transaction by itself, or in the block that the query names: so those of branches are
// found, and all without the index of transactions.
func (h *Handler) findTx(q question) (poolapi.Found, error) {
	id, ok := parseHash(q.arg(0))
	if !ok {
		return poolapi.Found{}, wrong("Not a transaction", "A transaction is asked for by the 64 hex digits of its txid; %q is none.", said(q.arg(0)))
	}
	if text := q.query.Get("block"); text != "" {
		hash, ok := parseHash(text)
		if !ok {
			return poolapi.Found{}, wrong("Not a block", "%q is no block's hash.", said(text))
		}
		return h.findIn(id, hash)
	}
	if genesis := h.Chain.Params.Genesis(); id == genesis.Header.MerkleRoot {
		return h.findIn(id, genesis.Hash)
	}
	f, err := h.Pool.Find(id)
	if _, unknown := errors.AsType[*jsonrpc.Error](err); unknown {
		p := &problem{status: 404, title: "No such transaction", why: fmt.Sprintf("Neither the pool nor the chain has a transaction %s.", id)}
		if !h.Pool.TxIndex {
			p.why = fmt.Sprintf("The pool has no transaction %s.", id)
			p.help = "The node keeps no index of transactions: those of the chain are found from their block's page. Start the node with --txindex to find them by txid."
		}
		return f, p
	}
	return f, err
}

func (h *Handler) findIn(id, block chain.Hash) (f poolapi.Found, err error) {
	n, _, ok := h.Chain.Ledger.Lookup(block)
	if !ok {
		return f, absent("No such block", "The node knows no block %s.", block)
	}
	b, err := h.Chain.Ledger.Block(block)
	if err != nil {
		return f, err
	}
	place := slices.IndexFunc(b.Txs, func(tx *chain.Tx) bool { return tx.ID == id })
	if place < 0 {
		return f, errNoBlock(id, block)
	}
	return poolapi.Found{Tx: b.Txs[place], Block: n, Place: place}, nil
}

func (h *Handler) txPage(ctx context.Context, q question) (view, error) {
	f, err := h.findTx(q)
	if err != nil {
		return view{}, err
	}
	tx, spent := f.Tx, h.Pool.SpentBy(f)
	v := newTxView(tx, spent)
	if f.Block != nil {
		v.Place = h.newPlace(f)
	} else {
		v.Pool = h.newWait(tx.ID)
	}
	path := "/tx/" + v.ID
	if v.InPages, err = q.page("in", path, len(tx.TxIn), coinsPerPage); err != nil {
		return view{}, err
	}
	if v.OutPages, err = q.page("out", path, len(tx.TxOut), coinsPerPage); err != nil {
		return view{}, err
	}
	if !v.Coinbase {
		from, to := v.InPages.Slice()
		for i := from; i < to; i++ {
			v.Inputs = append(v.Inputs, h.newInput(tx, i, spent))
		}
	}
	if err := h.fillOutputs(ctx, &v, f); err != nil {
		return view{}, err
	}
	if v.Pool == nil && (v.Place == nil || v.Place.Confirmations < 0) {
		v.Conflicts = h.conflicts(ctx, tx)
	}
	v.Flow = drawFlow(tx, spent, h.Chain.Params.Params)
	return view{name: "tx", title: "Transaction " + v.ID[:8], nav: navOf(f), data: v}, nil
}

func navOf(f poolapi.Found) string {
	if f.Block == nil {
		return "pool"
	}
	return "blocks"
}

// maxRaw is how many bytes of a transaction a page shows in hex.
const maxRaw = 1000

func newTxView(tx *chain.Tx, spent []chain.Coin) txView {
	raw := tx.Raw()
	v := txView{
		ID: tx.ID.String(), WID: tx.WID.String(), Coinbase: tx.IsCoinbase(), Version: uint32(tx.Version), LockTime: lockTime(tx.LockTime),
		Size: tx.Size, VSize: tx.VSize(), Weight: tx.Weight, SigOps: -1, Out: outSum(tx),
		Replaceable: policy.SignalsReplacement(tx.MsgTx), Raw: hex.EncodeToString(raw[:min(len(raw), maxRaw)]), RawMore: len(raw) > maxRaw,
	}
	if fee, ok := feeOf(tx, spent); ok {
		v.Fee, v.Rate, v.In = &fee, feeRate(fee, v.VSize), v.Out+fee
	}
	if v.Fee != nil || v.Coinbase {
		v.SigOps = chain.SigOpCost(tx, spent, chain.StandardFlags)
	}
	if v.Coinbase {
		text := tx.TxIn[0].SignatureScript
		v.Message, v.MessageHex, v.Replaceable = legible(text), hex.EncodeToString(text), false
	}
	return v
}

// lockTimeThreshold divides heights from Unix times [LOCKTIME_THRESHOLD].
const lockTimeThreshold = txscript.LockTimeThreshold

func lockTime(n uint32) string {
	switch {
	case n == 0:
		return "0 (none)"
	case n < lockTimeThreshold:
		return fmt.Sprintf("%d (not before the block of that height)", n)
	}
	return fmt.Sprintf("%d (not before %s)", n, time.Unix(int64(n), 0).UTC().Format("2006-01-02 15:04:05 UTC"))
}

// sequence says what an input's sequence number asks [BIP68, BIP125].
func sequence(n uint32) string {
	switch {
	case n == wire.MaxTxInSequenceNum:
		return fmt.Sprintf("%08x (final)", n)
	case n > policy.MaxReplaceable:
		return fmt.Sprintf("%08x", n)
	case n&wire.SequenceLockTimeDisabled != 0:
		return fmt.Sprintf("%08x (may be replaced)", n)
	case n&wire.SequenceLockTimeIsSeconds != 0:
		return fmt.Sprintf("%08x (may be replaced; waits %d s behind the coin)", n, (n&wire.SequenceLockTimeMask)<<wire.SequenceLockTimeGranularity)
	}
	return fmt.Sprintf("%08x (may be replaced; waits %d blocks behind the coin)", n, n&wire.SequenceLockTimeMask)
}

func (h *Handler) newPlace(f poolapi.Found) *placeView {
	tip := h.Chain.Ledger.Tip()
	p := &placeView{Hash: f.Block.Hash.String(), Height: f.Block.Height, Time: f.Block.Header.Timestamp, Place: f.Place, Confirmations: -1}
	if f.Block.IsAncestorOf(tip) {
		p.Confirmations = int(tip.Height - f.Block.Height + 1)
		return p
	}
	if again, err := h.Pool.Find(f.Tx.ID); err == nil {
		if p.Waits = again.Block == nil; !p.Waits {
			p.Again = again.Block.Hash.String()
		}
	}
	return p
}

func (h *Handler) newInput(tx *chain.Tx, i int, spent []chain.Coin) inputView {
	in := tx.TxIn[i]
	v := inputView{N: i, TxID: in.PreviousOutPoint.Hash.String(), Vout: in.PreviousOutPoint.Index, Sequence: sequence(in.Sequence)}
	var pk []byte
	if len(spent) == len(tx.TxIn) {
		c := spent[i]
		script := h.newScript(c.PkScript)
		v.Value, v.Script, pk = &c.Value, &script, c.PkScript
	}
	v.Reveal = reveal(pk, in.SignatureScript, in.Witness)
	return v
}

// spenderTime bounds the search for who spends the outputs of one page: a script's history may be long.
const spenderTime = 2 * time.Second

func (h *Handler) fillOutputs(ctx context.Context, v *txView, f poolapi.Found) error {
	ctx, cancel := context.WithTimeout(ctx, spenderTime)
	defer cancel()
	from, to := v.OutPages.Slice()
	for i := from; i < to; i++ {
		out := f.Tx.TxOut[i]
		o := outputView{N: i, Value: btcutil.Amount(out.Value), Script: h.newScript(out.PkScript)}
		switch {
		case txscript.IsUnspendable(out.PkScript):
			o.State, o.Class = "cannot be spent", "soft"
		case v.Place != nil && v.Place.Confirmations < 0:
			o.State, o.Class = "not in the chain", "warn"
		default:
			if err := h.fillSpender(ctx, &o, v, f); err != nil {
				return err
			}
		}
		v.Outputs = append(v.Outputs, o)
	}
	return nil
}

// fillSpender says who spends an output; without the index by script only whether it is spent.
func (h *Handler) fillSpender(ctx context.Context, o *outputView, v *txView, f poolapi.Found) error {
	s, err := h.SpentBy(ctx, f, uint32(o.N))
	switch {
	case errors.Is(err, ledger.ErrNoIndex), errors.Is(err, ledger.ErrIndexing), errors.Is(err, ledger.ErrMoved), errors.Is(err, context.DeadlineExceeded):
		o.State, o.Class = "spent", "soft"
		v.NoIndex = v.NoIndex || errors.Is(err, ledger.ErrNoIndex)
	case err != nil:
		return err
	case s == explore.Spending{}:
		o.State, o.Class = h.unspent(o, f)
	default:
		o.Spent, o.State, o.Class = s.Tx.String(), "spent", "soft"
		if s.Block == nil {
			o.State, o.Class = "waits to be spent", "info"
		}
	}
	return nil
}

// unspent is what an output that nobody spends is: of the first block's there is no coin.
func (h *Handler) unspent(o *outputView, f poolapi.Found) (state, class string) {
	if f.Block == nil {
		return "unspent", "good"
	}
	if _, there, err := h.Chain.Ledger.View().Coin(wire.OutPoint{Hash: f.Tx.ID, Index: uint32(o.N)}); err == nil && !there {
		return "no coin", "soft"
	}
	return "unspent", "good"
}

// conflicts are the transactions of pool and chain that spend what tx, which is in neither, spends.
func (h *Handler) conflicts(ctx context.Context, tx *chain.Tx) (list []conflictView) {
	for i, in := range tx.TxIn[:min(len(tx.TxIn), coinsPerPage)] {
		op := in.PreviousOutPoint
		if id, ok := h.Pool.Pool.SpentBy(op); ok && id != tx.ID {
			list = append(list, conflictView{i, id.String(), "in the pool"})
			continue
		}
		from, err := h.Pool.Find(op.Hash)
		if err != nil || from.Block == nil || int(op.Index) >= len(from.Tx.TxOut) {
			continue
		}
		if s, err := h.SpentBy(ctx, from, op.Index); err == nil && s.Tx != (chain.Hash{}) && s.Tx != tx.ID {
			list = append(list, conflictView{i, s.Tx.String(), fmt.Sprintf("in block %d", s.Block.Height)})
		}
	}
	return list
}
