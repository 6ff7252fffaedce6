package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"grapevine/wallet"
	"grapevine/wallet/crypter"
	"grapevine/wallet/state"
)

// MaxUnlock bounds for how long a wallet can be unlocked [MAX_SLEEP_TIME].
const MaxUnlock = 100_000_000 * time.Second

// Wrong passphrases in a row cost more than argon2id from the fourth on.
const (
	freeTries  = 3
	wrongPause = 500 * time.Millisecond // for each above
	maxPause   = 5 * time.Second
)

// newMaster makes a master key and wraps it. It takes the time that argon2id takes.
func (s *Service) newMaster(passphrase []byte) (*crypter.Key, []byte, error) {
	key, err := crypter.NewKey(s.cfg.Rand)
	if err != nil {
		return nil, nil, err
	}
	master, err := crypter.Wrap(s.cfg.Rand, key, passphrase, s.cfg.stretch())
	return key, master, err
}

// Encrypt seals the wallet's secrets under a passphrase and locks it. Nothing of them
// is in its file any more when it returns. wallet.ErrNoSecrets, wallet.ErrEncrypted [EncryptWallet].
func (s *Service) Encrypt(_ context.Context, passphrase []byte) error {
	s.unlockMu.Lock()
	defer s.unlockMu.Unlock()
	if err := s.wantSeal(false); err != nil {
		return err
	}
	key, master, err := s.newMaster(passphrase)
	if err != nil {
		return err
	}
	s.fileMu.Lock()
	defer s.fileMu.Unlock()
	s.mu.Lock()
	st := s.state
	x, err := st.NewSeal(s.cfg.Rand, key, master)
	var c state.Changes
	if err == nil {
		c, err = st.TakeSealed(x)
	}
	s.mu.Unlock()
	if err != nil {
		key.Wipe()
		return err
	}
	renamed, err := s.rewrite(c) // until the file is there, the wallet is a plain one
	s.mu.Lock()
	defer s.mu.Unlock()
	if !renamed {
		st.GiveBack(c)
		key.Wipe()
		return fmt.Errorf("encrypt wallet: %w", err)
	}
	if st.SealBy(x); err != nil { // with what came meanwhile
		err = fmt.Errorf("the wallet is encrypted, but: %w", err)
		s.cfg.Log.Error("something is left to do after an encryption", "err", err)
	}
	return errors.Join(err, st.LockWallet(s.cfg.Rand))
}

// wantSeal says why a wallet is not the encrypted one, or the plain one, that it should be.
func (s *Service) wantSeal(encrypted bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch st := s.state; {
	case st == nil:
		return wallet.ErrNoWallet
	case encrypted && !st.Encrypted():
		return wallet.ErrPlain
	case !encrypted && st.WatchOnly:
		return wallet.ErrNoSecrets
	case !encrypted && st.Encrypted():
		return wallet.ErrEncrypted
	}
	return nil
}

// Encrypted says whether the wallet is encrypted and, if it is unlocked, until when;
// else until is zero.
func (s *Service) Encrypted() (encrypted bool, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == nil || !s.state.Encrypted() {
		return false, until
	}
	s.lapse()
	return true, s.state.Until()
}

// unwrap is the master key. Who tries many wrong passphrases waits for the answer.
// Called with unlockMu held.
func (s *Service) unwrap(ctx context.Context, passphrase []byte) (*crypter.Key, error) {
	s.mu.Lock()
	master := s.state.Master()
	s.mu.Unlock()
	key, err := crypter.Unwrap(master, passphrase)
	if err == nil {
		s.wrong = 0
		return key, nil
	}
	if !errors.Is(err, crypter.ErrPassphrase) {
		return nil, err
	}
	s.wrong++
	s.cfg.Log.Warn("a wrong passphrase was entered", "times in a row", s.wrong)
	if s.wrong > freeTries {
		if err := pause(ctx, min(maxPause, time.Duration(s.wrong-freeTries)*wrongPause)); err != nil {
			return nil, err
		}
	}
	return nil, wallet.ErrPassphrase
}

// Unlock lets the wallet sign for a while. wallet.ErrPlain, wallet.ErrPassphrase.
func (s *Service) Unlock(ctx context.Context, passphrase []byte, d time.Duration) error {
	s.unlockMu.Lock()
	defer s.unlockMu.Unlock()
	if err := s.wantSeal(true); err != nil {
		return err
	}
	key, err := s.unwrap(ctx, passphrase)
	if err != nil {
		return err
	}
	s.mu.Lock()
	err = s.state.UnlockWallet(s.cfg.Rand, key, s.cfg.Now().Add(min(d, MaxUnlock)))
	now := opened{min(d, MaxUnlock), s.state.Until()}
	s.mu.Unlock()
	select {
	case <-s.open: // the older does not count any more
	default:
	}
	select {
	case s.open <- now:
	default: // unreachable: one at a time is here
	}
	if err != nil {
		return err
	}
	return s.flush() // scripts that could not be made while it was locked
}

// Lock wipes the wallet's secrets from memory. wallet.ErrPlain.
func (s *Service) Lock() error {
	if err := s.wantSeal(true); err != nil {
		return err
	}
	s.mu.Lock()
	err := s.state.LockWallet(s.cfg.Rand)
	s.mu.Unlock()
	return errors.Join(err, s.flush())
}

// Repass changes the passphrase: the master key is wrapped anew, and what it seals
// stays. wallet.ErrPlain, wallet.ErrPassphrase [ChangeWalletPassphrase].
func (s *Service) Repass(ctx context.Context, old, passphrase []byte) error {
	s.unlockMu.Lock()
	defer s.unlockMu.Unlock()
	if err := s.wantSeal(true); err != nil {
		return err
	}
	key, err := s.unwrap(ctx, old)
	if err != nil {
		return err
	}
	defer key.Wipe()
	master, err := crypter.Wrap(s.cfg.Rand, key, passphrase, s.cfg.stretch())
	if err != nil {
		return err
	}
	s.fileMu.Lock()
	defer s.fileMu.Unlock()
	s.mu.Lock()
	st := s.state
	before := st.Rewrap(master)
	err = st.Reseal(s.cfg.Rand)
	var c state.Changes
	if err == nil {
		c, err = st.Take()
	}
	s.mu.Unlock()
	renamed := false
	if err == nil {
		renamed, err = s.rewrite(c)
	}
	if !renamed {
		s.mu.Lock()
		st.GiveBack(c)
		st.Rewrap(before)
		s.mu.Unlock()
	}
	return err
}

// lapse locks the wallet when its time is over. Called with mu held.
func (s *Service) lapse() {
	st := s.state
	if st == nil || !st.Lapsed(s.cfg.Now()) {
		return
	}
	if err := st.LockWallet(s.cfg.Rand); err != nil {
		s.cfg.Log.Error("the wallet cannot be locked", "err", err)
	}
}

// opened says for how long a wallet was unlocked.
type opened struct {
	during time.Duration
	until  time.Time
}

// relock locks the wallet when its time is over: by the service's clock, which people
// may set, or by the real one, whichever is first.
func (s *Service) relock(ctx context.Context) error {
	const glance = time.Second // how often the service's clock is looked at
	var armed opened
	timer, ticker := time.NewTimer(0), time.NewTicker(glance)
	timer.Stop()
	ticker.Stop()
	defer timer.Stop()
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case armed = <-s.open:
			timer.Reset(armed.during)
			ticker.Reset(glance)
		case <-ticker.C:
			s.mu.Lock()
			s.lapse()
			s.mu.Unlock()
		case <-timer.C:
			s.mu.Lock()
			err := error(nil)
			if st := s.state; st.Encrypted() && st.Until().Equal(armed.until) { // nobody has unlocked it anew
				err = s.state.LockWallet(s.cfg.Rand)
			}
			s.mu.Unlock()
			if err != nil {
				return err
			}
			s.dirtied(true)
		}
	}
}
