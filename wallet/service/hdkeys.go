package service

import (
	"context"

	"grapevine/wallet"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/state"
)

// HDKeys are the extended keys of the wallet, of its active descriptors alone if
// asked, and with their private halves.
func (s *Service) HDKeys(ctx context.Context, active, private bool) ([]wallet.HDKey, error) {
	return answer(ctx, s, func(st *state.State) ([]wallet.HDKey, error) { return st.HDKeys(active, private) })
}

// AddKind makes descriptors of a kind of addresses, to be paid at, for change, or
// both, below the extended key root; empty: the only one there is.
func (s *Service) AddKind(ctx context.Context, kind wallet.Kind, changes []bool, root string) (descs []string, err error) {
	err = s.change(ctx, func(st *state.State) (err error) {
		descs, err = st.AddKind(kind, changes, root, s.cfg.Now().Unix())
		return err
	})
	return descs, err
}

// Refill makes n addresses of each active kind ahead; 0: as many as Config.Lookahead says.
func (s *Service) Refill(ctx context.Context, n uint32) error {
	return s.change(ctx, func(st *state.State) error { return st.Refill(n) })
}

// KeyOf is the private key behind a script that pays to the hash of one.
// wallet.ErrLocked, wallet.ErrUnknownKey.
func (s *Service) KeyOf(ctx context.Context, script []byte) (descriptor.Secret, error) {
	return answer(ctx, s, func(st *state.State) (descriptor.Secret, error) { return st.KeyOf(script) })
}
