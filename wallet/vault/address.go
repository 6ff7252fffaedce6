package vault

import (
	"context"
	"fmt"
	"io"

	"github.com/btcsuite/btcd/address/v2"

	"grapevine/chain"
	"grapevine/wallet"
)

// Create makes a wallet and returns its BIP39 words; passphrase is BIP39's,
// usually empty. When there is one already it fails with wallet.ErrExists.
func (v *Vault) Create(_ context.Context, passphrase string) (words string, err error) {
	words, err = wallet.NewWords(v.cfg.Rand)
	if err != nil {
		return "", err
	}
	// Nobody can have paid to keys that are new: the past need not be read.
	return words, v.begin(words, passphrase, v.cfg.Chain.Tip())
}

// Restore makes the wallet of these words and reads the chain from genesis in
// the background: Settle waits for it. It takes the place of a wallet that was
// never used; of no other (wallet.ErrExists).
func (v *Vault) Restore(_ context.Context, words, passphrase string) error {
	if err := v.begin(words, passphrase, v.cfg.Chain.AtHeight(0)); err != nil {
		return err
	}
	v.lost()
	return nil
}

// begin makes a wallet that stands at block at.
func (v *Vault) begin(words, passphrase string, at *chain.HeaderNode) error {
	seed, plain, err := wallet.Seed(words, passphrase)
	if err != nil {
		return err
	}
	b, err := newBooks(seed, plain, v.cfg.Params)
	if err != nil {
		return err
	}
	b.cursor = at
	v.sendMu.Lock() // two that begin at once must not both find no wallet
	defer v.sendMu.Unlock()
	if v.inUse(at.Height == 0) {
		return wallet.ErrExists
	}
	return v.replace(b)
}

// inUse says whether a wallet is there that must not be lost.
func (v *Vault) inUse(restoring bool) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	b := v.books
	return b != nil && (!restoring || len(b.txs) > 0 || b.next != [4]uint32{})
}

// Words are the wallet's BIP39 words.
func (v *Vault) Words(ctx context.Context) (string, error) {
	if err := v.ready(ctx); err != nil {
		return "", err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.books.words, nil
}

// NewAddress hands out an address never handed out before.
func (v *Vault) NewAddress(ctx context.Context, k wallet.Kind, label string) (address.Address, error) {
	return v.hand(ctx, wallet.Branch{Kind: k}, label)
}

// ChangeAddress hands out a change address never handed out before.
func (v *Vault) ChangeAddress(ctx context.Context, k wallet.Kind) (address.Address, error) {
	return v.hand(ctx, wallet.Branch{Kind: k, Change: true}, "")
}

func (v *Vault) hand(ctx context.Context, branch wallet.Branch, label string) (address.Address, error) {
	if err := v.ready(ctx); err != nil {
		return nil, err
	}
	v.mu.Lock()
	b := v.books
	own, err := b.hand(branch)
	if err == nil && label != "" {
		b.name(own, label)
	}
	v.mu.Unlock()
	if err != nil {
		return nil, err
	}
	// It must not be handed out again after a crash.
	if err := v.flush(); err != nil {
		return nil, err
	}
	return b.keys.Address(own.KeyPath)
}

func (b *books) name(own *owned, label string) {
	own.label = label
	b.dirt.labels[own.script] = struct{}{}
}

// Owned says whether a script is ours and where it stands in the key tree.
func (v *Vault) Owned(ctx context.Context, script []byte) (o wallet.Owned, ours bool, err error) {
	if err := v.ready(ctx); err != nil {
		return o, false, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	own := v.books.scripts[string(script)]
	if own == nil {
		return o, false, nil
	}
	pub, err := v.books.keys.PubKey(own.KeyPath)
	if err != nil {
		return o, false, err
	}
	return wallet.Owned{
		Kind: own.Kind, Change: own.Change, Index: own.Index, Path: v.books.keys.Path(own.KeyPath),
		PubKey: pub.SerializeCompressed(), Label: own.label,
	}, true, nil
}

// SetLabel names an address of ours; wallet.ErrNotOurs when it is not.
func (v *Vault) SetLabel(ctx context.Context, script []byte, label string) error {
	if err := v.ready(ctx); err != nil {
		return err
	}
	v.mu.Lock()
	own := v.books.scripts[string(script)]
	if own != nil {
		v.books.name(own, label)
	}
	v.mu.Unlock()
	if own == nil {
		return wallet.ErrNotOurs
	}
	return v.flush()
}

// Backup writes a copy of wallet.db, while the wallet is in use.
func (v *Vault) Backup(w io.Writer) error {
	if !v.Exists() {
		return wallet.ErrNoWallet
	}
	if err := v.flush(); err != nil {
		return err
	}
	if err := v.cfg.DB.Backup(w); err != nil {
		return fmt.Errorf("back up wallet: %w", err)
	}
	return nil
}
