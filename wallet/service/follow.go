package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"grapevine/chain"
	"grapevine/wallet/state"
)

// Apply follows what happened to chain and pool, in order. It works on memory
// alone and never waits for the disk, so that when it returns every answer of
// the wallet takes it into account [SyncTransaction].
func (s *Service) Apply(_ context.Context, d chain.Delta, p chain.PoolDelta) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state
	if st == nil {
		return nil
	}
	now := s.cfg.Now().Unix()
	known := st.Learned()
	if err := s.move(st, d, now); err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	left, err := st.FollowPool(p, now)
	if err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	s.homeless = s.homeless || left
	if d.Tip != nil {
		s.stir()
	}
	if st.Dirty() {
		s.dirtied(st.Learned() > known)
	}
	if st.Due() >= 0 {
		s.lost()
	}
	s.logNews(st)
	s.announce()
	return nil
}

// logNews says what came and went, a line for each payment when the pool takes
// it and one when it is first in a block. What is read from old blocks is no news.
func (s *Service) logNews(st *state.State) {
	s.tell(st, true)
}

// quietNews tells of what old blocks say; the log does not hear of it.
func (s *Service) quietNews(st *state.State) { s.tell(st, false) }

func (s *Service) tell(st *state.State, log bool) {
	for _, n := range st.TakeNews() {
		if s.cfg.News != nil {
			s.cfg.News(News{Wallet: st.Name, ID: n.ID, Block: n.Block, Height: n.Height})
		}
		if log && n.Log {
			s.logOne(st, n)
		}
	}
}

func (s *Service) logOne(st *state.State, n state.News) {
	e, err := st.NewsEntry(n)
	if err != nil {
		s.cfg.Log.Warn("a payment cannot be shown", "txid", n.ID, "err", err)
		return
	}
	what := "payment received"
	if e.FromMe {
		what = "payment sent"
	}
	if e.Height != state.Nowhere {
		what = "payment is in a block"
	}
	args := []any{"txid", n.ID, "btc", chain.FormatAmount(e.Amount)}
	if e.FromMe {
		args = append(args, "fee", chain.FormatAmount(e.Fee))
	}
	if e.Height != state.Nowhere {
		args = append(args, "height", e.Height)
	}
	s.cfg.Log.Info(what, args...)
}

// move follows d if it starts where the state stands. If it does not, the
// reader finds the way from the ledger: the state is behind, or ahead because
// the reader has been faster than the deltas.
func (s *Service) move(st *state.State, d chain.Delta, now int64) error {
	if d.Tip == nil || d.Tip.Hash == st.At().Hash {
		return nil
	}
	if !startsAt(d, st.At()) {
		s.lost()
		return nil
	}
	if n := len(d.Disconnected); n > 0 {
		st.Rollback(d.Disconnected[n-1].Node.Parent)
	}
	for _, l := range d.Connected {
		if err := st.Connect(l.Node, l.Block, now); err != nil {
			return err
		}
	}
	return nil
}

func startsAt(d chain.Delta, cursor *chain.HeaderNode) bool {
	if len(d.Disconnected) > 0 {
		return d.Disconnected[0].Node.Hash == cursor.Hash
	}
	return len(d.Connected) > 0 && d.Connected[0].Node.Parent.Hash == cursor.Hash
}

// lost wakes the reader.
func (s *Service) lost() {
	select {
	case s.behind <- struct{}{}:
	default: // awake already
	}
}

// Blocks can be read again, so they are written in groups; what the pool told
// is written soon.
const (
	saveSoon = 100 * time.Millisecond
	saveLate = 5 * time.Second
)

// dirtied tells the saver that the state has changed.
func (s *Service) dirtied(soon bool) {
	urgency := s.late
	if soon {
		urgency = s.soon
	}
	select {
	case urgency <- struct{}{}:
	default: // it knows
	}
}

// save writes what has changed, one commit for all that came together.
func (s *Service) save(ctx context.Context) error {
	timer := time.NewTimer(saveLate)
	timer.Stop()
	defer timer.Stop()
	waiting, hurried := false, false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.soon:
			if !hurried {
				timer.Reset(saveSoon)
			}
			waiting, hurried = true, true
		case <-s.late:
			if !waiting {
				timer.Reset(saveLate)
			}
			waiting = true
		case <-timer.C:
			waiting, hurried = false, false
			switch err := s.flush(); {
			case errors.Is(err, errAdrift): // the node goes on: what comes from the chain can be read again
				s.cfg.Log.Error("the wallet cannot be written", "err", err)
				timer.Reset(saveLate)
				waiting = true
			case err != nil:
				return err
			}
		}
	}
}
