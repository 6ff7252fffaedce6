package service

import (
	"context"
	"errors"

	"grapevine/chain"
	"grapevine/wallet/state"
)

// Keys says what keys a wallet may have: watch, none that are private; blank,
// it was made to have none and has made none since, whatever was imported
// [WALLET_FLAG_BLANK_WALLET].
func (s *Service) Keys() (watch, blank bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == nil {
		return false, false
	}
	return s.state.WatchOnly, s.state.Blank
}

// Birth is the time in Unix seconds before which the wallet has no part in the chain:
// that of its oldest descriptor or transaction; false: it has none [GetBirthTime].
func (s *Service) Birth() (unix int64, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == nil {
		return 0, false
	}
	return s.state.Oldest()
}

// Lookahead is how many scripts of each row past the last one handed out are watched.
func (s *Service) Lookahead() uint32 { return s.cfg.Lookahead }

// AddDescriptors watches descriptors from now on, durably. What was paid to
// them before is found by Rescan.
func (s *Service) AddDescriptors(ctx context.Context, list []state.Import) error {
	return s.change(ctx, func(st *state.State) error {
		var errs []error
		for _, i := range list {
			errs = append(errs, st.AddImport(i))
		}
		return errors.Join(errs...)
	})
}

// RescanSince searches all blocks that may pay to what was first used at that
// time (Unix seconds): block times run up to two hours late [TIMESTAMP_WINDOW].
func (s *Service) RescanSince(ctx context.Context, since int64) error {
	const window = 2 * 60 * 60 // seconds
	tip := s.cfg.Chain.Tip()
	var first *chain.HeaderNode // the earliest block of a time that late, as times do not only grow
	for n := tip; n != nil; n = n.Parent {
		if n.Header.Timestamp.Unix() >= since-window {
			first = n
		}
	}
	if first == nil {
		return s.searchPoolNow()
	}
	_, err := s.Rescan(ctx, first.Height, -1)
	return err
}

// searchPoolNow looks at what waits in the pool.
func (s *Service) searchPoolNow() error {
	s.mu.Lock()
	s.poolDue = true
	s.mu.Unlock()
	return errors.Join(s.searchPool(), s.flush())
}
