package vault

import (
	"context"
	"fmt"
	"io"

	"grapevine/wallet"
	"grapevine/wallet/books"
)

// Create makes a wallet and returns its BIP39 words; passphrase is BIP39's,
// usually empty. When there is one already it fails with wallet.ErrExists.
func (v *Vault) Create(_ context.Context, passphrase string) (words string, err error) {
	words, err = wallet.NewWords(v.cfg.Rand)
	if err != nil {
		return "", err
	}
	return words, v.begin(words, passphrase, false)
}

// Restore makes the wallet of these words and reads the chain from genesis in
// the background: Settle waits for it. It takes the place of a wallet that was
// never used; of no other (wallet.ErrExists).
func (v *Vault) Restore(_ context.Context, words, passphrase string) error {
	return v.begin(words, passphrase, true)
}

// begin makes a wallet that stands at genesis if it is restored, else at the
// tip: nobody can have paid to keys that are new.
func (v *Vault) begin(words, passphrase string, restoring bool) error {
	seed, plain, err := wallet.Seed(words, passphrase)
	if err != nil {
		return err
	}
	at := v.cfg.Chain.Tip()
	if restoring {
		at = v.cfg.Chain.AtHeight(0)
	}
	b, err := books.New(seed, plain, v.cfg.Params, at)
	if err != nil {
		return err
	}
	if restoring {
		if err := b.Restored(); err != nil {
			return err
		}
	}
	v.sendMu.Lock() // two that begin at once must not both find no wallet
	defer v.sendMu.Unlock()
	if v.inUse(restoring) {
		return wallet.ErrExists
	}
	if err := v.replace(b, restoring); err != nil {
		return err
	}
	v.lost() // from genesis, or what was told since the look at the tip
	return nil
}

// inUse says whether a wallet is there that must not be lost.
func (v *Vault) inUse(restoring bool) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.books != nil && !(restoring && v.books.Unused())
}

// NewAddress hands out the script of an address never handed out before.
func (v *Vault) NewAddress(ctx context.Context, k wallet.Kind, label string) (script []byte, err error) {
	return v.hand(ctx, wallet.Branch{Kind: k}, label)
}

// ChangeAddress hands out a change address never handed out before.
func (v *Vault) ChangeAddress(ctx context.Context, k wallet.Kind) (script []byte, err error) {
	return v.hand(ctx, wallet.Branch{Kind: k, Change: true}, "")
}

func (v *Vault) hand(ctx context.Context, branch wallet.Branch, label string) (script []byte, err error) {
	beyond := false
	// On disk before it is told: it must not be handed out again after a crash.
	err = v.change(ctx, func(b *books.Books) (err error) {
		script, beyond, err = b.Hand(branch, label)
		return err
	})
	if err != nil {
		return nil, err
	}
	if beyond {
		v.cfg.Log.Warn("an address was handed out after many that were never paid to: a wallet restored from its words will not find it",
			"lookahead", wallet.Lookahead, "kind", branch.Kind)
	}
	return script, nil
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
