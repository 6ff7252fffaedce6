package vault

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
)

// History is count transactions, newest first, after skipping skip.
func (v *Vault) History(ctx context.Context, count, skip int) ([]wallet.Entry, error) {
	if err := v.ready(ctx); err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	records := slices.SortedFunc(maps.Values(v.books.txs), func(x, y *record) int { return cmp.Compare(y.order, x.order) })
	records = records[min(max(skip, 0), len(records)):]
	records = records[:min(max(count, 0), len(records))]
	entries := make([]wallet.Entry, 0, len(records))
	for _, r := range records {
		e, err := v.entry(r)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Tx is one transaction of the wallet, or wallet.ErrUnknownTx.
func (v *Vault) Tx(ctx context.Context, txid chain.Hash) (wallet.Entry, error) {
	if err := v.ready(ctx); err != nil {
		return wallet.Entry{}, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	r := v.books.txs[txid]
	if r == nil {
		return wallet.Entry{}, wallet.ErrUnknownTx
	}
	return v.entry(r)
}

// entry tells what a record means to the wallet. Called with mu held.
func (v *Vault) entry(r *record) (wallet.Entry, error) {
	tx, err := chain.DecodeTx(r.raw)
	if err != nil {
		return wallet.Entry{}, fmt.Errorf("wallet transaction %s: %w", r.id, err)
	}
	b := v.books
	e := wallet.Entry{
		Tx: tx, Height: r.height, Block: r.block, BlockIndex: int(r.index), BlockTime: r.blockTime,
		Received: r.received, Confirmations: b.depth(r), InPool: r.inPool, Abandoned: r.abandoned,
		Trusted: b.trusted(r, map[*record]bool{}), Conflicts: b.conflicts(r), Comment: r.comment,
	}
	debit, all := b.debit(r)
	credit := b.creditOf(r)
	e.FromMe = debit > 0
	e.Amount = credit - debit
	if all {
		e.Fee = debit - outSum(tx)
		e.Amount += e.Fee
	}
	for _, in := range tx.TxIn {
		e.Replaceable = e.Replaceable || r.height == nowhere && in.Sequence <= replaceableSequence
	}
	e.Details = v.details(r, tx, e.FromMe)
	return e, nil
}

// replaceableSequence is the greatest that signals replacement [BIP125].
const replaceableSequence = 0xfffffffd

// debit is what r spends of ours, and whether it spends nothing else.
func (b *books) debit(r *record) (sum btcutil.Amount, all bool) {
	for _, op := range r.inputs {
		sum += b.outs[op].value
	}
	return sum, b.fromMe(r)
}

func (b *books) creditOf(r *record) (sum btcutil.Amount) {
	for i := range r.outs {
		sum += b.outs[wire.OutPoint{Hash: r.id, Index: i}].value
	}
	return sum
}

func outSum(tx *chain.Tx) (sum btcutil.Amount) {
	for _, o := range tx.TxOut {
		sum += btcutil.Amount(o.Value)
	}
	return sum
}

// conflicts are the other transactions of the wallet that spend what r spends.
func (b *books) conflicts(r *record) (ids []chain.Hash) {
	for _, op := range r.inputs {
		for _, s := range b.spenders[op] {
			if s != r && !slices.Contains(ids, s.id) {
				ids = append(ids, s.id)
			}
		}
	}
	return ids
}

// details are the outputs as Core lists them: what we sent (all but change),
// then what came to addresses of ours that are not for change.
func (v *Vault) details(r *record, tx *chain.Tx, sent bool) (list []wallet.Detail) {
	b := v.books
	var came []wallet.Detail
	for i, o := range tx.TxOut {
		own := b.scripts[string(o.PkScript)]
		if own != nil && own.Change && sent {
			continue
		}
		d := wallet.Detail{
			Vout: uint32(i), Amount: btcutil.Amount(o.Value),
			Address: wallet.AddressOf(o.PkScript, v.cfg.Params),
		}
		if own != nil {
			d.Label = own.label
			d.Category = b.category(r)
			came = append(came, d)
		}
		if sent {
			d.Category, d.Amount = wallet.Sent, -d.Amount
			list = append(list, d)
		}
	}
	return append(list, came...)
}

func (b *books) category(r *record) wallet.Category {
	switch {
	case !r.coinbase:
		return wallet.Received
	case b.depth(r) < 1:
		return wallet.Orphan
	case b.immature(r):
		return wallet.Immature
	}
	return wallet.Generate
}

// Balance of the wallet.
func (v *Vault) Balance(ctx context.Context) (wallet.Balance, error) {
	if err := v.ready(ctx); err != nil {
		return wallet.Balance{}, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	sum, _ := v.books.balance()
	return sum, nil
}

// Coins are all unspent outputs, those that cannot be spent yet too, in the
// order of their outpoints.
func (v *Vault) Coins(ctx context.Context) ([]wallet.Coin, error) {
	if err := v.ready(ctx); err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	var coins []wallet.Coin
	v.books.unspent(func(op wire.OutPoint, o output, trusted bool) {
		c := v.books.coin(op, o, trusted)
		c.Address, c.Label = wallet.AddressOf(c.Script, v.cfg.Params), o.own.label
		coins = append(coins, c)
	})
	slices.SortFunc(coins, byOutPoint)
	return coins, nil
}

func byOutPoint(x, y wallet.Coin) int {
	return cmp.Or(slices.Compare(x.OutPoint.Hash[:], y.OutPoint.Hash[:]), cmp.Compare(x.OutPoint.Index, y.OutPoint.Index))
}

// LockCoins sets coins aside, or gives them back: Send leaves them alone. It
// lasts until the node stops.
func (v *Vault) LockCoins(ctx context.Context, ops []wire.OutPoint, lock bool) error {
	if err := v.ready(ctx); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	b := v.books
	for _, op := range ops {
		if _, ours := b.outs[op]; !ours {
			return fmt.Errorf("%w: %s", wallet.ErrNotOurs, op)
		}
		if lock && b.spent(op) {
			return fmt.Errorf("%w: %s", wallet.ErrSpent, op)
		}
	}
	for _, op := range ops {
		if lock {
			b.locked[op] = struct{}{}
		} else {
			delete(b.locked, op)
		}
	}
	return nil
}

// LockedCoins are those set aside by LockCoins, in the order of their outpoints.
func (v *Vault) LockedCoins(ctx context.Context) ([]wire.OutPoint, error) {
	if err := v.ready(ctx); err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.SortedFunc(maps.Keys(v.books.locked), func(x, y wire.OutPoint) int {
		return cmp.Or(slices.Compare(x.Hash[:], y.Hash[:]), cmp.Compare(x.Index, y.Index))
	}), nil
}
