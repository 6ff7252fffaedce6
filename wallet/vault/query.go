package vault

import (
	"context"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
	"grapevine/wallet/books"
)

// ask lets fn look at the books, once they stand at the tip.
func (v *Vault) ask(ctx context.Context, fn func(*books.Books) error) error {
	if err := v.ready(ctx); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return fn(v.books)
}

// change lets fn change the books and returns when that is on disk.
func (v *Vault) change(ctx context.Context, fn func(*books.Books) error) error {
	if err := v.ask(ctx, fn); err != nil {
		return err
	}
	return v.flush()
}

// Name is what clients call the wallet; ok is false when there is none.
func (v *Vault) Name() (name string, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.books == nil {
		return "", false
	}
	return v.books.Name(), true
}

// Rename names a wallet that nobody has used yet, for good; of one that is in
// use it is wallet.ErrExists.
func (v *Vault) Rename(name string) error {
	v.mu.Lock()
	err := wallet.ErrNoWallet
	if v.books != nil {
		err = v.books.Rename(name)
	}
	v.mu.Unlock()
	if err != nil {
		return err
	}
	return v.flush()
}

// Words are the wallet's BIP39 words.
func (v *Vault) Words(ctx context.Context) (words string, err error) {
	err = v.ask(ctx, func(b *books.Books) error {
		words = b.Words()
		return nil
	})
	return words, err
}

// Balance of the wallet.
func (v *Vault) Balance(ctx context.Context) (sum wallet.Balance, err error) {
	err = v.ask(ctx, func(b *books.Books) error {
		sum, _ = b.Balance()
		return nil
	})
	return sum, err
}

// Coins are all unspent outputs, those that cannot be spent yet too, in the
// order of their outpoints.
func (v *Vault) Coins(ctx context.Context) (coins []wallet.Coin, err error) {
	err = v.ask(ctx, func(b *books.Books) (err error) {
		coins, err = b.Coins()
		return err
	})
	return coins, err
}

// History is count transactions, newest first, after skipping skip.
func (v *Vault) History(ctx context.Context, count, skip int) (list []wallet.Entry, err error) {
	err = v.ask(ctx, func(b *books.Books) (err error) {
		list, err = b.History(count, skip)
		return err
	})
	return list, err
}

// Tx is one transaction of the wallet, or wallet.ErrUnknownTx.
func (v *Vault) Tx(ctx context.Context, txid chain.Hash) (e wallet.Entry, err error) {
	err = v.ask(ctx, func(b *books.Books) (err error) {
		e, err = b.Tx(txid)
		return err
	})
	return e, err
}

// Owned says whether a script is ours and where it stands in the key tree.
func (v *Vault) Owned(ctx context.Context, script []byte) (o wallet.Owned, ours bool, err error) {
	err = v.ask(ctx, func(b *books.Books) (err error) {
		o, ours, err = b.Owned(script)
		return err
	})
	return o, ours, err
}

// Rows are the rows of keys with their descriptors.
func (v *Vault) Rows(ctx context.Context) (rows []wallet.Row, err error) {
	err = v.ask(ctx, func(b *books.Books) error {
		rows = b.Rows()
		return nil
	})
	return rows, err
}

// Labels are the addresses handed out or paid to, change apart, by their label.
func (v *Vault) Labels(ctx context.Context) (by map[string][]string, err error) {
	err = v.ask(ctx, func(b *books.Books) error {
		by = b.Labels()
		return nil
	})
	return by, err
}

// SetLabel names an address of ours; wallet.ErrNotOurs when it is not.
func (v *Vault) SetLabel(ctx context.Context, script []byte, label string) error {
	return v.change(ctx, func(b *books.Books) error { return b.Label(script, label) })
}

// LockCoins sets coins aside, or gives them back: Send leaves them alone. It
// lasts until the node stops.
func (v *Vault) LockCoins(ctx context.Context, ops []wire.OutPoint, lock bool) error {
	return v.ask(ctx, func(b *books.Books) error { return b.Lock(ops, lock) })
}

// LockedCoins are those set aside by LockCoins, in the order of their outpoints.
func (v *Vault) LockedCoins(ctx context.Context) (ops []wire.OutPoint, err error) {
	err = v.ask(ctx, func(b *books.Books) error {
		ops = b.Locked()
		return nil
	})
	return ops, err
}

// Abandon gives up an own transaction that is in no block and not in the
// pool: its coins may be spent again.
func (v *Vault) Abandon(ctx context.Context, txid chain.Hash) error {
	return v.change(ctx, func(b *books.Books) error { return b.Abandon(txid) })
}
