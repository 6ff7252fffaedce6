package service

import (
	"context"
	"time"

	"grapevine/chain"
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
// chain moves, for that may have brought their coins.
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

// submitAgain is one round. A refusal changes nothing but that the next block
// may bring another answer.
func (s *Service) submitAgain(ctx context.Context, all bool) error {
	txs, err := s.pending(all)
	if err != nil {
		return err
	}
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
func (s *Service) pending(all bool) ([]*chain.Tx, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.homeless = false
	if s.state == nil {
		return nil, nil
	}
	return s.state.pending(all)
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
