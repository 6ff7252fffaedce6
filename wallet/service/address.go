package service

import (
	"context"
	"fmt"
	"io"

	"grapevine/wallet"
)

// Create makes a wallet and returns its BIP39 words; passphrase is BIP39's,
// usually empty. When there is one already it fails with wallet.ErrExists.
func (s *Service) Create(_ context.Context, passphrase string) (words string, err error) {
	words, err = wallet.NewWords(s.cfg.Rand)
	if err != nil {
		return "", err
	}
	return words, s.begin(words, passphrase, false)
}

// Restore makes the wallet of these words and reads the chain from genesis in
// the background: Settle waits for it. It takes the place of a wallet that was
// never used; of no other (wallet.ErrExists).
func (s *Service) Restore(_ context.Context, words, passphrase string) error {
	return s.begin(words, passphrase, true)
}

// begin makes a wallet that stands at genesis if it is restored, else at the
// tip: nobody can have paid to keys that are new.
func (s *Service) begin(words, passphrase string, restoring bool) error {
	st, err := s.stateOf(words, passphrase, restoring)
	if err != nil {
		return err
	}
	return s.install(st, restoring)
}

func (s *Service) stateOf(words, passphrase string, restoring bool) (*state, error) {
	seed, plain, err := wallet.Seed(words, passphrase)
	if err != nil {
		return nil, err
	}
	at := s.cfg.Chain.Tip()
	if restoring {
		at = s.cfg.Chain.AtHeight(0)
	}
	st, err := newState(seed, plain, s.cfg.settings(), at)
	if err == nil && restoring {
		err = st.restored()
	}
	return st, err
}

// install makes a new wallet this service's, in the place of none or, if it is
// restored, of one that was never used.
func (s *Service) install(st *state, restoring bool) error {
	s.sendMu.Lock() // two that begin at once must not both find no wallet
	defer s.sendMu.Unlock()
	if s.inUse(restoring) {
		return wallet.ErrExists
	}
	if name, there := s.Name(); there {
		st.name = name // who calls the wallet so goes on to find it
	}
	if err := s.replace(st, restoring); err != nil {
		return err
	}
	s.lost() // from genesis, or what was told since the look at the tip
	select {
	case s.begun <- struct{}{}:
	default: // fill will find it
	}
	return nil
}

// inUse says whether a wallet is there that must not be lost.
func (s *Service) inUse(restoring bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state != nil && !(restoring && s.state.unused() && s.state.seal == nil)
}

// NewAddress hands out the script of an address never handed out before.
func (s *Service) NewAddress(ctx context.Context, k wallet.Kind, label string) (script []byte, err error) {
	return s.hand(ctx, wallet.Branch{Kind: k}, label)
}

// ChangeAddress hands out a change address never handed out before.
func (s *Service) ChangeAddress(ctx context.Context, k wallet.Kind) (script []byte, err error) {
	return s.hand(ctx, wallet.Branch{Kind: k, Change: true}, "")
}

func (s *Service) hand(ctx context.Context, branch wallet.Branch, label string) (script []byte, err error) {
	beyond := false
	// On disk before it is told: it must not be handed out again after a crash.
	err = s.change(ctx, func(st *state) (err error) {
		script, beyond, err = st.hand(branch, label)
		return err
	})
	if err != nil {
		return nil, err
	}
	if beyond {
		s.cfg.Log.Warn("an address was handed out after many that were never paid to: a wallet restored from its words will not find it",
			"lookahead", s.cfg.Lookahead, "kind", branch.Kind)
	}
	return script, nil
}

// Backup writes a copy of wallet.db, while the wallet is in use.
func (s *Service) Backup(w io.Writer) error {
	if !s.Exists() {
		return wallet.ErrNoWallet
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.fileMu.Lock() // it may be about to be replaced
	defer s.fileMu.Unlock()
	if err := s.cfg.DB.Backup(w); err != nil {
		return fmt.Errorf("back up wallet: %w", err)
	}
	return nil
}
