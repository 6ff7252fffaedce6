package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"grapevine/chain"
)

// read walks the state to the ledger's tip whenever it has lost touch.
func (s *Service) read(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.behind:
		}
		if err := s.catchUp(ctx); err != nil {
			return err
		}
	}
}

// reportEvery is how often a long scan says in the log where it is.
const reportEvery = 10 * time.Second

// catchUp walks from where the state stands to the tip [AttachChain].
func (s *Service) catchUp(ctx context.Context) error {
	defer s.scan(false)
	said, begun := s.cfg.Now(), false
	for ctx.Err() == nil {
		next, again, err := s.step()
		if err != nil {
			return err
		}
		if next == nil {
			return s.searchPool()
		}
		if !begun {
			s.logRescan(next)
			begun = true
		}
		block, err := s.blockOrNone(ctx, next)
		if err == nil {
			err = s.readBlock(next, block, again)
		}
		if err != nil {
			return err
		}
		if now := s.cfg.Now(); now.Sub(said) >= reportEvery {
			said = now
			s.cfg.Log.Info("wallet reads old blocks", "height", next.Height, "tip", s.cfg.Chain.Tip().Height, "again", again)
		}
	}
	return ctx.Err()
}

// block reads a block of the ledger; one that is damaged on disk comes from
// peers again, and one below a snapshot has yet to come.
func (s *Service) block(ctx context.Context, n *chain.HeaderNode) (*chain.Block, error) {
	defer s.await(false)
	for {
		block, err := s.cfg.Chain.Block(n.Hash)
		if err == nil {
			return block, nil
		}
		if errors.Is(err, chain.ErrPruned) {
			return nil, fmt.Errorf("the wallet has followed the chain to height %d only, and the blocks above are pruned (%w); start with -reindex, which fetches the whole chain again", n.Height-1, err)
		}
		if errors.Is(err, chain.ErrAwaited) {
			s.await(true)
		} else if !errors.Is(err, chain.ErrDamaged) {
			return nil, fmt.Errorf("wallet reads block %s at height %d: %w", n.Hash, n.Height, err)
		}
		if err := pause(ctx, damagedPause); err != nil {
			return nil, err
		}
	}
}

// await notes whether the reader waits for a block that has not come yet.
func (s *Service) await(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.awaiting != on {
		s.awaiting = on
		s.announce()
	}
}

// damagedPause is how long to wait for a block that peers have to send again.
const damagedPause = time.Second

func (s *Service) scan(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.scanning != on {
		s.reads(on)
		s.announce()
	}
}

// reads notes whether the reader is on its way. Called with mu held.
func (s *Service) reads(on bool) {
	if on && !s.scanning {
		s.scanBegan = s.cfg.Now()
	}
	s.scanning = on
}

// steadyTip is the ledger's tip, which is not older than what the state has
// been told: they did not move while it was asked for. It returns with mu held.
func (s *Service) steadyTip() *chain.HeaderNode {
	s.mu.Lock()
	for {
		before := s.moved
		s.mu.Unlock()
		tip := s.cfg.Chain.Tip()
		s.mu.Lock()
		if s.moved == before {
			return tip
		}
	}
}

// step goes back to the active chain if the state has left it, and says which
// block comes next, one that is to be read again once the state stands at the
// tip; nil when there is none.
func (s *Service) step() (next *chain.HeaderNode, again bool, err error) {
	tip := s.steadyTip()
	defer s.mu.Unlock()
	st := s.state
	if st == nil {
		return nil, false, nil
	}
	if st.At().Hash == tip.Hash {
		due := st.Due()
		s.reads(due >= 0)
		return tip.Ancestor(due), true, nil
	}
	s.reads(true)
	fork := chain.Fork(st.At(), tip)
	if fork == nil {
		return nil, false, errors.New("wallet and ledger stand in different header trees")
	}
	if fork.Hash != st.At().Hash {
		st.Rollback(fork)
		s.dirtied(false)
		s.announce()
	}
	return tip.Ancestor(fork.Height + 1), false, nil
}

// readBlock connects a block, or searches it again, unless Apply has moved the
// state meanwhile.
func (s *Service) readBlock(n *chain.HeaderNode, block *chain.Block, again bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	follow := s.state.Connect
	if again {
		follow = s.state.SearchAgain
	}
	if again && !passed(n, s.state.At()) || !again && s.state.At().Hash != n.Parent.Hash {
		return nil
	}
	if err := follow(n, block, s.cfg.Now().Unix()); err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	s.quietNews(s.state)
	s.poolStale = true // nobody waits for it: a reading may take hours
	s.dirtied(false)
	s.stir()
	s.announce()
	return nil
}

// searchPool looks at the whole pool if that is due. The mutex is held while
// the pool is asked: what leaves it afterwards is told by Apply afterwards.
func (s *Service) searchPool() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.poolDue && !s.poolStale {
		return nil
	}
	s.poolDue, s.poolStale = false, false
	defer s.announce()
	if s.state == nil {
		return nil
	}
	var d chain.PoolDelta
	if s.cfg.Pool != nil {
		for _, tx := range s.cfg.Pool() {
			d.In = append(d.In, chain.PoolTx{Tx: tx})
		}
	}
	if _, err := s.state.FollowPool(d, s.cfg.Now().Unix()); err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	s.quietNews(s.state)
	if s.state.Dirty() {
		s.dirtied(true)
	}
	return nil
}
