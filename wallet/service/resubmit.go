package service

import (
	"context"
	"fmt"
	"time"

	"grapevine/chain"
	"grapevine/wallet/state"
)

// againAfter are the waits between two rounds of submitting again: at first a
// node has no peers yet, later a pool may have let go of a transaction. The
// last one repeats.
func againAfter() []time.Duration {
	return []time.Duration{0, 10 * time.Second, time.Minute, 10 * time.Minute, 30 * time.Minute}
}

// stirredAfter groups the blocks that a node takes up at its start: a round
// for each of them would be one too many.
const stirredAfter = 200 * time.Millisecond

// resubmit submits unconfirmed transactions of the wallet again, parents
// first: all of them from time to time, and those that are in no pool when the
// chain moves, for that may have brought their coins [ResubmitWalletTransactions, ReacceptWalletTransactions].
func (s *Service) resubmit(ctx context.Context) error {
	waits := againAfter()
	timer := time.NewTimer(waits[0])
	defer timer.Stop()
	for i := 1; ; {
		all := false
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			timer.Reset(waits[min(i, len(waits)-1)])
			i++
			all = true
		case <-s.stirred:
			if err := pause(ctx, stirredAfter); err != nil {
				return err
			}
		}
		if err := s.Settle(ctx, nil); err != nil {
			return err
		}
		if err := s.submitAgain(ctx, all); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// submitAgain is one round: the first is for all that wait for a block, the others
// for payments of ours that nothing in the pool has taken the place of. A refusal
// changes nothing but that the next block may bring another answer.
func (s *Service) submitAgain(ctx context.Context, all bool) error {
	if s.cfg.Habits.Silent {
		return nil
	}
	txs, err := s.pending(func(w state.Waiting) bool {
		return all && !s.resent || w.Mine && w.Counts && (all || !w.InPool)
	})
	if err != nil {
		return err
	}
	s.resent = s.resent || all
	for _, tx := range txs {
		if err := s.cfg.Submit(ctx, tx); err != nil {
			s.cfg.Log.Debug("own transaction is not taken", "txid", tx.ID, "err", err)
			s.mu.Lock()
			s.homeless = true
			s.mu.Unlock()
		}
	}
	return nil
}

// pending are the transactions of a round; from now on nothing is homeless
// unless it turns out to be.
func (s *Service) pending(want func(state.Waiting) bool) ([]*chain.Tx, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.homeless = false
	if s.state == nil {
		return nil, nil
	}
	return s.state.Pending(want)
}

const (
	// Whatever waits for a block is sent to peers again after so long, and up to
	// resendSpread more: not so often that it is known for ours [GetDefaultNextResend].
	resendAfter  = 12 * time.Hour
	resendSpread = 24 * time.Hour
	// resendYoung is how long before the last block a transaction must have been there:
	// the block had no chance to hold a younger one.
	resendYoung = 5 * time.Minute
)

// Resend submits what waits for a block once more, if that is due, and says what peers
// are to hear of [MaybeResendWalletTxs]. It is for one goroutine.
func (s *Service) Resend(ctx context.Context) (wtxids []chain.Hash, err error) {
	if s.cfg.Habits.Silent {
		return nil, nil
	}
	now := s.cfg.Now()
	since := now
	if s.nextResend.IsZero() {
		since = s.opened
	} else if now.Before(s.nextResend) {
		return nil, nil
	}
	r, err := s.seeded()
	if err != nil {
		return nil, err
	}
	first := s.nextResend.IsZero()
	s.nextResend = since.Add(resendAfter + time.Duration(r.Int64N(int64(resendSpread))))
	if first && now.Before(s.nextResend) {
		return nil, nil
	}
	last := s.cfg.Chain.Tip().Header.Timestamp.Add(-resendYoung).Unix()
	s.mu.Lock()
	var txs []*chain.Tx
	if s.state != nil {
		txs, err = s.state.Pending(func(w state.Waiting) bool { return w.Received <= last && w.Counts })
	}
	s.mu.Unlock()
	for _, tx := range txs {
		if s.cfg.Submit(ctx, tx) == nil {
			wtxids = append(wtxids, tx.WID)
		}
	}
	if len(wtxids) > 0 {
		s.cfg.Log.Info(fmt.Sprintf("resubmit %d unconfirmed transactions", len(wtxids)))
	}
	return wtxids, err
}

// stir wakes the resubmitter if a transaction is in no pool. Called with mu held.
func (s *Service) stir() {
	if !s.homeless {
		return
	}
	select {
	case s.stirred <- struct{}{}:
	default: // awake already
	}
}
