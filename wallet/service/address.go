package service

import (
	"context"
	"fmt"
	"io"

	"grapevine/wallet"
	"grapevine/wallet/state"
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

// Plan is what a new wallet is to be.
type Plan struct {
	Name       string // what clients call it
	Passphrase []byte // it is encrypted from its first byte, and locked; empty: it is in clear
	Blank      bool   // it has no keys of its own yet
	Watch      bool   // it never has private ones, and none of its own
	AvoidReuse bool   // see SetAvoidReuse
}

// Make makes a wallet, all of it in one write, or nothing. One that made itself and
// that nobody has used is what a plan without wishes asks for. wallet.ErrExists.
func (s *Service) Make(_ context.Context, p Plan) error {
	plain := len(p.Passphrase) == 0 && !p.Blank && !p.Watch && !p.AvoidReuse
	if sealed, _ := s.Encrypted(); plain && s.Exists() && !s.Touched() && !sealed {
		return nil
	}
	st, err := s.planned(p)
	if err != nil {
		return err
	}
	st.Name, st.Blank, st.AvoidReuse = p.Name, p.Blank, p.AvoidReuse
	if len(p.Passphrase) > 0 {
		key, master, err := s.newMaster(p.Passphrase)
		if err == nil {
			err = st.SealNew(s.cfg.Rand, key, master)
		}
		if err != nil {
			return err
		}
	}
	if err := s.install(st, false); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.LockWallet(s.cfg.Rand)
}

// planned is a state with the keys that are asked for.
func (s *Service) planned(p Plan) (*state.State, error) {
	if !p.Blank && !p.Watch {
		words, err := wallet.NewWords(s.cfg.Rand)
		if err != nil {
			return nil, err
		}
		return s.stateOf(words, "", false)
	}
	st, err := state.New(nil, "", s.cfg.settings(), s.cfg.Chain.Tip())
	if err == nil && p.Watch {
		st.WatchAlone()
	}
	return st, err
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

func (s *Service) stateOf(words, passphrase string, restoring bool) (*state.State, error) {
	seed, plain, err := wallet.Seed(words, passphrase)
	if err != nil {
		return nil, err
	}
	at := s.cfg.Chain.Tip()
	if restoring {
		at = s.cfg.Chain.AtHeight(0)
	}
	st, err := state.New(seed, plain, s.cfg.settings(), at)
	switch {
	case err != nil:
	case restoring:
		err = st.Restored()
	default:
		st.Born(s.cfg.Now())
	}
	return st, err
}

// install makes a new wallet this service's, in the place of none or, if it is
// restored, of one that was never used.
func (s *Service) install(st *state.State, restoring bool) error {
	s.sendMu.Lock() // two that begin at once must not both find no wallet
	defer s.sendMu.Unlock()
	if name, there := s.Name(); there {
		st.Name = name // who calls the wallet so goes on to find it
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
	return s.state != nil && !(restoring && s.state.Unused() && !s.state.Encrypted())
}

// NewAddress hands out the script of an address never handed out before [GetNewDestination].
func (s *Service) NewAddress(ctx context.Context, k wallet.Kind, label string) (script []byte, err error) {
	return s.hand(ctx, wallet.Branch{Kind: k}, label)
}

// ChangeAddress hands out a change address never handed out before [GetNewChangeDestination].
func (s *Service) ChangeAddress(ctx context.Context, k wallet.Kind) (script []byte, err error) {
	return s.hand(ctx, wallet.Branch{Kind: k, Change: true}, "")
}

func (s *Service) hand(ctx context.Context, branch wallet.Branch, label string) (script []byte, err error) {
	beyond := false
	// On disk before it is told: it must not be handed out again after a crash.
	err = s.change(ctx, func(st *state.State) (err error) {
		script, beyond, err = st.NewScript(branch, label)
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

// Backup writes a copy of wallet.db, while the wallet is in use [BackupWallet].
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
