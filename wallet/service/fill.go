package service

import "context"

// fillStep is how many scripts of each row are made before somebody else has the state.
const fillStep = 50

// fill makes the scripts that a new wallet lacks.
func (s *Service) fill(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.begun:
		}
		for whole := false; !whole && ctx.Err() == nil; {
			var err error
			s.mu.Lock()
			if whole = s.state == nil || s.state.Whole(); !whole {
				err = s.fillBy(fillStep)
			}
			s.mu.Unlock()
			if err != nil {
				return err
			}
		}
	}
}

// fillBy makes n more scripts of each row at most. Blocks and pool were followed
// without them until now, so when there are all they are searched again. Called
// with mu held [TopUp].
func (s *Service) fillBy(n uint32) error {
	if err := s.state.ReachOut(n); err != nil || !s.state.Whole() {
		return err
	}
	s.poolDue = true
	s.dirtied(false)
	s.lost()
	return nil
}
