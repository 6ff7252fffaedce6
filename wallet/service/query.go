package service

import (
	"context"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
	"grapevine/wallet/state"
)

// ask lets fn look at the state, once it stands at the tip.
func (s *Service) ask(ctx context.Context, fn func(*state.State) error) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lapse()
	return fn(s.state)
}

// change lets fn change the state and returns when that is on disk. If a restored wallet
// has meanwhile taken the place of that state, fn is called for it as well: what was
// changed of the other is lost.
func (s *Service) change(ctx context.Context, fn func(*state.State) error) error {
	var of *state.State
	err := s.ask(ctx, func(st *state.State) error { of = st; return fn(st) })
	if err == nil {
		err = s.flush()
	}
	s.mu.Lock()
	lost := err == nil && s.state != of
	s.mu.Unlock()
	if lost {
		return s.change(ctx, fn)
	}
	return err
}

// answer is what the state says, once it stands at the tip.
func answer[T any](ctx context.Context, s *Service, of func(*state.State) (T, error)) (t T, err error) {
	err = s.ask(ctx, func(st *state.State) (err error) {
		t, err = of(st)
		return err
	})
	return t, err
}

// Path is the wallet's file.
func (s *Service) Path() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg.DB.Path()
}

// Name is what clients call the wallet; ok is false when there is none.
func (s *Service) Name() (name string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == nil {
		return "", false
	}
	return s.state.Name, true
}

// Rename names a wallet that nobody has used yet, for good; of one that is in
// use it is wallet.ErrExists.
func (s *Service) Rename(name string) error {
	s.mu.Lock()
	err := wallet.ErrNoWallet
	if s.state != nil {
		err = s.state.Rename(name)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.flush()
}

// Touched says whether anybody has used the wallet, or asked for it by name.
func (s *Service) Touched() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state != nil && (s.asked || !s.state.Unused())
}

// AskedFor notes that somebody wants this wallet, though it may have made itself.
func (s *Service) AskedFor() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = true
}

// Joins names a wallet that comes into use, whose directory may have been renamed. It
// has not heard of what came into the pool before.
func (s *Service) Joins(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Name, s.poolDue = name, true
}

// Words are the wallet's BIP39 words.
func (s *Service) Words(ctx context.Context) (string, error) {
	return answer(ctx, s, func(st *state.State) (string, error) {
		switch {
		case st.WatchOnly:
			return "", wallet.ErrNoKeys
		case st.Locked():
			return "", wallet.ErrLocked
		}
		return string(st.Secrets().Words), nil
	})
}

// Balance of the wallet.
func (s *Service) Balance(ctx context.Context) (wallet.Balance, error) { return s.BalanceAt(ctx, 0) }

// BalanceAt is what of the balance has at least so many confirmations.
func (s *Service) BalanceAt(ctx context.Context, minConf int32) (wallet.Balance, error) {
	return answer(ctx, s, func(st *state.State) (wallet.Balance, error) {
		sum, _ := st.Balance(minConf)
		return sum, nil
	})
}

// Coins are all unspent outputs, those that cannot be spent yet too, oldest first.
func (s *Service) Coins(ctx context.Context) ([]wallet.Coin, error) {
	return s.SomeCoins(ctx, func(*wallet.Coin) (bool, bool) { return true, false })
}

// SomeCoins are the unspent outputs that wanted takes, oldest first, until it has
// enough. It must not call the wallet; it is asked before anything but the script is
// known of where a coin comes from.
func (s *Service) SomeCoins(ctx context.Context, wanted func(*wallet.Coin) (take, enough bool)) ([]wallet.Coin, error) {
	return answer(ctx, s, func(st *state.State) ([]wallet.Coin, error) { return st.ListCoins(wanted) })
}

// History is count transactions, newest first, after skipping skip.
func (s *Service) History(ctx context.Context, count, skip int) ([]wallet.Entry, error) {
	return answer(ctx, s, func(st *state.State) ([]wallet.Entry, error) { return st.History(count, skip) })
}

// Each calls fn with the transactions that the filter wants, newest first, until it
// has enough. It must not call the wallet.
func (s *Service) Each(ctx context.Context, f wallet.Filter, fn func(*wallet.Entry) (more bool)) error {
	return s.ask(ctx, func(st *state.State) error { return st.Each(f, fn) })
}

// Tx is one transaction of the wallet, or wallet.ErrUnknownTx.
func (s *Service) Tx(ctx context.Context, txid chain.Hash) (wallet.Entry, error) {
	return answer(ctx, s, func(st *state.State) (wallet.Entry, error) { return st.Tx(txid) })
}

// Owned says whether a script is ours and where it stands in the key tree.
func (s *Service) Owned(ctx context.Context, script []byte) (o wallet.Owned, ours bool, err error) {
	err = s.ask(ctx, func(st *state.State) (err error) {
		if o, ours, err = st.Whose(script); err != nil || ours || st.Whole() {
			return err
		}
		if err = s.fillBy(s.cfg.Lookahead); err != nil { // it may be among those to come
			return err
		}
		o, ours, err = st.Whose(script)
		return err
	})
	return o, ours, err
}

// Spent says of a coin whether a transaction of ours spends it, and whether it is or
// was ours.
func (s *Service) Spent(ctx context.Context, op wire.OutPoint) (spent, ours bool, err error) {
	err = s.ask(ctx, func(st *state.State) error {
		ours, spent = st.Knows(op), st.Spent(op)
		return nil
	})
	return spent, ours, err
}

// Unlocked is wallet.ErrLocked while the private keys cannot be used.
func (s *Service) Unlocked() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lapse()
	if st := s.state; st != nil && st.Locked() {
		return wallet.ErrLocked
	}
	return nil
}

// Rows are the rows of keys with their descriptors.
func (s *Service) Rows(ctx context.Context) ([]wallet.Row, error) {
	return answer(ctx, s, (*state.State).DescribeRows)
}

// LockCoins sets coins aside: Send leaves them alone until they are given back or,
// unless durable, the node stops.
func (s *Service) LockCoins(ctx context.Context, ops []wire.OutPoint, durable bool) error {
	return s.change(ctx, func(st *state.State) error { return st.LockCoins(ops, durable) })
}

// UnlockCoins gives back coins that were set aside.
func (s *Service) UnlockCoins(ctx context.Context, ops []wire.OutPoint) error {
	return s.change(ctx, func(st *state.State) error { return st.UnlockCoins(ops) })
}

// UnlockEvery gives back all coins that were set aside.
func (s *Service) UnlockEvery(ctx context.Context) error {
	return s.change(ctx, (*state.State).UnlockAllCoins)
}

// LockedCoins are those set aside by LockCoins, in the order of their outpoints.
func (s *Service) LockedCoins(ctx context.Context) ([]wire.OutPoint, error) {
	return answer(ctx, s, (*state.State).LockedCoins)
}

// Abandon gives up an own transaction that is in no block and not in the
// pool: its coins may be spent again [AbandonTransaction].
func (s *Service) Abandon(ctx context.Context, txid chain.Hash) error {
	return s.change(ctx, func(st *state.State) error { return st.AbandonTx(txid) })
}

// AvoidReuse says whether the wallet tells coins apart that are at addresses which
// were spent from.
func (s *Service) AvoidReuse() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state != nil && s.state.AvoidReuse
}

// SetAvoidReuse has it do so, or not, from now on.
func (s *Service) SetAvoidReuse(ctx context.Context, on bool) error {
	return s.change(ctx, func(st *state.State) error {
		st.SetAvoidReuse(on)
		return nil
	})
}

// Received is what scripts of ours have received, by script, in transactions of at
// least so many confirmations; rewards that are not mature only if young.
func (s *Service) Received(ctx context.Context, minConf int32, young bool) (map[string]wallet.Receipt, error) {
	return answer(ctx, s, func(st *state.State) (map[string]wallet.Receipt, error) {
		return st.Received(minConf, young), nil
	})
}

// Groupings are the addresses of the wallet, those together that anybody can see to
// be one owner's.
func (s *Service) Groupings(ctx context.Context) ([][]wallet.Holder, error) {
	return answer(ctx, s, (*state.State).Groupings)
}

// AddressBook are the addresses that were handed out, paid to or named, change apart.
func (s *Service) AddressBook(ctx context.Context) ([]wallet.Addressee, error) {
	return answer(ctx, s, (*state.State).AddressBook)
}

// SetLabel names an address.
func (s *Service) SetLabel(ctx context.Context, script []byte, label string) error {
	return s.change(ctx, func(st *state.State) error { return st.SetLabel(script, label) })
}
