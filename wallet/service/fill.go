package service

import "context"

// A new wallet can be used as soon as it has a few scripts: nobody can have been
// paid by a later one unless its words are at work elsewhere, too. The rest of
// the lookahead takes a third of a second and is made in the background.
const (
	firstReach = 20 // of the lookahead, before a new wallet is used
	fillStep   = 50 // of each row, before somebody else has the state
)

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
			if whole = s.state == nil || s.state.whole(); !whole {
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
	st := s.state
	st.reach = min(st.reach+n, st.lookahead)
	if err := st.derive(); err != nil || !st.whole() {
		return err
	}
	st.searchSinceBirth()
	s.poolDue = true
	s.dirtied(false)
	s.lost()
	return nil
}

// whole says whether all scripts are there that the lookahead asks for.
func (st *state) whole() bool { return st.reach == st.lookahead }

// searchSinceBirth has all blocks read again that may pay to scripts which are
// new here.
func (st *state) searchSinceBirth() {
	st.reread.next = st.reread.birth
	for _, r := range st.rows {
		r.goal = r.made()
	}
	st.dirt.cursor = true
}
