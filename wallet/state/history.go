package state

import (
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet"
)

// History is count transactions, newest first, after skipping skip.
func (st *State) History(count, skip int) ([]wallet.Entry, error) {
	last := len(st.list) - max(skip, 0)
	first := max(0, last-max(count, 0))
	var entries []wallet.Entry
	for i := last - 1; i >= first; i-- {
		e, err := st.entry(st.list[i])
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Tx is one transaction, or wallet.ErrUnknownTx.
func (st *State) Tx(txid chain.Hash) (wallet.Entry, error) {
	r := st.txs[txid]
	if r == nil {
		return wallet.Entry{}, wallet.ErrUnknownTx
	}
	return st.entry(r)
}

// Waiting is a transaction that waits for a block.
type Waiting struct {
	Received int64 // Unix seconds
	InPool   bool
	Counts   bool // nothing else has taken its place
	Mine     bool // all that it spends is ours
}

// Pending are the transactions that wait for a block and that want says yes to, in
// the order they came.
func (st *State) Pending(want func(Waiting) bool) (txs []*chain.Tx, err error) {
	st.settled()
	for _, r := range st.list {
		if st.depth(r) != 0 || r.abandoned || r.coinbase || !want(Waiting{r.received, r.inPool, r.counts(), r.mine}) {
			continue
		}
		tx, err := chain.DecodeTx(r.raw)
		if err != nil {
			return nil, fmt.Errorf("wallet transaction %s: %w", r.id, err)
		}
		txs = append(txs, tx)
	}
	return txs, nil
}

// Each calls fn with the transactions that the filter wants, newest first, until it
// has enough.
func (st *State) Each(f wallet.Filter, fn func(*wallet.Entry) (more bool)) error {
	for _, r := range slices.Backward(st.list) {
		if f.Since != nil && max(st.depth(r), -st.depth(r)) > *f.Since {
			continue
		}
		if f.Label != nil && !slices.ContainsFunc(r.own, func(o *output) bool { return st.scripts[o.own.script].label == *f.Label }) {
			continue
		}
		e, err := st.entry(r)
		if err != nil {
			return err
		}
		if !fn(&e) {
			return nil
		}
	}
	return nil
}

// entry tells what a record means to the wallet.
func (st *State) entry(r *record) (wallet.Entry, error) {
	tx, err := chain.DecodeTx(r.raw)
	if err != nil {
		return wallet.Entry{}, fmt.Errorf("wallet transaction %s: %w", r.id, err)
	}
	e := wallet.Entry{
		Tx: tx, Height: r.height, Block: r.block, BlockIndex: int(r.index), BlockTime: r.blockTime,
		Received: r.received, Time: r.time(), Confirmations: st.depth(r), InPool: r.inPool, Abandoned: r.abandoned,
		Trusted: st.trusted(r, map[*record]bool{}), Conflicts: st.conflicts(r), Rivals: slices.Clone(r.rivals), Comment: r.comment,
	}
	n := r.noted()
	e.To, e.Replaces, e.ReplacedBy = n.to, n.replaces, n.replacedBy
	debit, all := st.debit(r)
	credit := st.creditOf(r)
	e.FromMe = debit > 0
	e.Amount = credit - debit
	if all {
		e.Fee = debit - outSum(tx)
		e.Amount += e.Fee
	}
	if e.Debit = debit; !st.immature(r) {
		e.Credit = credit
	}
	for _, in := range tx.TxIn {
		e.Replaceable = e.Replaceable || r.height == Nowhere && in.Sequence <= policy.MaxReplaceable
	}
	e.Details = st.details(r, tx, e.FromMe)
	return e, nil
}

// time is when it happened: when it was first seen, but not after its block [nTimeSmart, ComputeTimeSmart].
func (r *record) time() int64 {
	if r.blockTime > 0 {
		return min(r.received, r.blockTime)
	}
	return r.received
}

// debit is what r spends of ours, and whether it spends nothing else [CachedTxGetDebit].
func (st *State) debit(r *record) (sum btcutil.Amount, all bool) {
	for _, op := range r.inputs {
		if o := st.out(op); o != nil {
			sum += o.value
		}
	}
	return sum, st.fromMe(r)
}

// creditOf is what r pays to us [CachedTxGetCredit].
func (st *State) creditOf(r *record) (sum btcutil.Amount) {
	for _, o := range r.own {
		sum += o.value
	}
	return sum
}

func outSum(tx *chain.Tx) (sum btcutil.Amount) {
	for _, o := range tx.TxOut {
		sum += btcutil.Amount(o.Value)
	}
	return sum
}

// conflicts are the other transactions of the wallet that spend what r spends [CWallet::GetTxConflicts].
func (st *State) conflicts(r *record) (ids []chain.Hash) {
	for _, op := range r.inputs {
		for _, s := range st.spenders[op] {
			if s != r && !slices.Contains(ids, s.id) {
				ids = append(ids, s.id)
			}
		}
	}
	return ids
}

// details are the outputs as Core lists them: what we sent, then what came to
// addresses of ours [CachedTxGetAmounts].
func (st *State) details(r *record, tx *chain.Tx, sent bool) (list []wallet.Detail) {
	var came []wallet.Detail
	for i, o := range tx.TxOut {
		own := st.scripts[string(o.PkScript)]
		if own == nil && !sent {
			continue
		}
		d := wallet.Detail{
			Vout: uint32(i), Amount: btcutil.Amount(o.Value),
			Address: wallet.AddressOf(o.PkScript, st.Params.Params),
		}
		d.Label, d.Booked = st.bookEntry(o.PkScript)
		d.Change = sent && own != nil && !d.Booked
		if own != nil {
			in := d
			in.Category, in.ParentDesc = st.category(r), own.row.Desc
			came = append(came, in)
		}
		if sent {
			d.Category, d.Amount = wallet.Sent, -d.Amount
			list = append(list, d)
		}
	}
	return append(list, came...)
}

func (st *State) category(r *record) wallet.Category {
	switch {
	case !r.coinbase:
		return wallet.Received
	case st.depth(r) < 1:
		return wallet.Orphan
	case st.immature(r):
		return wallet.Immature
	}
	return wallet.Generate
}

// Oldest is the time in Unix seconds before which the wallet has no part in the chain;
// false: it has none.
func (st *State) Oldest() (unix int64, known bool) {
	see := func(t int64) {
		if !known || t < unix {
			unix, known = t, true
		}
	}
	for _, r := range st.rows {
		see(r.Timestamp)
	}
	for _, r := range st.list {
		see(r.time())
	}
	return unix, known
}
