package service

import (
	"context"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
)

// ask lets fn look at the state, once it stands at the tip.
func (s *Service) ask(ctx context.Context, fn func(*state) error) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return fn(s.state)
}

// change lets fn change the state and returns when that is on disk.
func (s *Service) change(ctx context.Context, fn func(*state) error) error {
	if err := s.ask(ctx, fn); err != nil {
		return err
	}
	return s.flush()
}

// answer is what the state says, once it stands at the tip.
func answer[T any](ctx context.Context, s *Service, of func(*state) (T, error)) (t T, err error) {
	err = s.ask(ctx, func(st *state) (err error) {
		t, err = of(st)
		return err
	})
	return t, err
}

// Path is the wallet's file.
func (s *Service) Path() string { return s.cfg.DB.Path() }

// Name is what clients call the wallet; ok is false when there is none.
func (s *Service) Name() (name string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == nil {
		return "", false
	}
	return s.state.name, true
}

// Rename names a wallet that nobody has used yet, for good; of one that is in
// use it is wallet.ErrExists.
func (s *Service) Rename(name string) error {
	s.mu.Lock()
	err := wallet.ErrNoWallet
	if s.state != nil {
		err = s.state.rename(name)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.flush()
}

// Words are the wallet's BIP39 words.
func (s *Service) Words(ctx context.Context) (string, error) {
	return answer(ctx, s, func(st *state) (string, error) {
		switch {
		case st.watchOnly:
			return "", wallet.ErrNoKeys
		case st.secrets == nil:
			return "", wallet.ErrLocked
		}
		return string(st.secrets.Words), nil
	})
}

// Balance of the wallet.
func (s *Service) Balance(ctx context.Context) (wallet.Balance, error) {
	return answer(ctx, s, func(st *state) (wallet.Balance, error) {
		sum, _ := st.balance()
		return sum, nil
	})
}

// Coins are all unspent outputs, those that cannot be spent yet too, in the
// order of their outpoints.
func (s *Service) Coins(ctx context.Context) ([]wallet.Coin, error) {
	return answer(ctx, s, (*state).listCoins)
}

// History is count transactions, newest first, after skipping skip.
func (s *Service) History(ctx context.Context, count, skip int) ([]wallet.Entry, error) {
	return answer(ctx, s, func(st *state) ([]wallet.Entry, error) { return st.history(count, skip) })
}

// Tx is one transaction of the wallet, or wallet.ErrUnknownTx.
func (s *Service) Tx(ctx context.Context, txid chain.Hash) (wallet.Entry, error) {
	return answer(ctx, s, func(st *state) (wallet.Entry, error) { return st.tx(txid) })
}

// Owned says whether a script is ours and where it stands in the key tree.
func (s *Service) Owned(ctx context.Context, script []byte) (o wallet.Owned, ours bool, err error) {
	err = s.ask(ctx, func(st *state) (err error) {
		if o, ours, err = st.whose(script); err != nil || ours || st.whole() {
			return err
		}
		if err = s.fillBy(st.lookahead); err != nil { // it may be among those to come
			return err
		}
		o, ours, err = st.whose(script)
		return err
	})
	return o, ours, err
}

// Spent says of a coin whether a transaction of ours spends it, and whether it is or
// was ours.
func (s *Service) Spent(ctx context.Context, op wire.OutPoint) (spent, ours bool, err error) {
	err = s.ask(ctx, func(st *state) error {
		_, ours = st.outs[op]
		spent = st.spent(op)
		return nil
	})
	return spent, ours, err
}

// Unlocked is wallet.ErrLocked while the private keys cannot be used.
func (s *Service) Unlocked() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.state; st != nil && st.secrets == nil && !st.watchOnly {
		return wallet.ErrLocked
	}
	return nil
}

// Rows are the rows of keys with their descriptors.
func (s *Service) Rows(ctx context.Context) ([]wallet.Row, error) {
	return answer(ctx, s, (*state).describeRows)
}

// Labels are the addresses handed out or paid to, change apart, by their label.
func (s *Service) Labels(ctx context.Context) (map[string][]string, error) {
	return answer(ctx, s, (*state).labels)
}

// SetLabel names an address of ours; wallet.ErrNotOurs when it is not.
func (s *Service) SetLabel(ctx context.Context, script []byte, label string) error {
	return s.change(ctx, func(st *state) error { return st.labelScript(script, label) })
}

// LockCoins sets coins aside, or gives them back: Send leaves them alone. It
// lasts until the node stops.
func (s *Service) LockCoins(ctx context.Context, ops []wire.OutPoint, lock bool) error {
	return s.ask(ctx, func(st *state) error { return st.lock(ops, lock) })
}

// LockedCoins are those set aside by LockCoins, in the order of their outpoints.
func (s *Service) LockedCoins(ctx context.Context) ([]wire.OutPoint, error) {
	return answer(ctx, s, (*state).lockedCoins)
}

// Abandon gives up an own transaction that is in no block and not in the
// pool: its coins may be spent again.
func (s *Service) Abandon(ctx context.Context, txid chain.Hash) error {
	return s.change(ctx, func(st *state) error { return st.abandonTx(txid) })
}
