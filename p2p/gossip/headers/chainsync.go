package headers

import (
	"time"
)

// A peer of our own choice whose chain stays behind ours is of no use, and may have
// been put there so that all our connections lead nowhere. As in Bitcoin Core it is
// asked after a while, and dropped when it does not catch up [ConsiderEviction].

const (
	// Behind our tip, and for its headers. Core counts whole seconds, and waits until they are
	// more than twenty minutes and two.
	chainSyncTimeout = 20*time.Minute + time.Second // [CHAIN_SYNC_TIMEOUT]
	chainSyncAnswer  = 2*time.Minute + time.Second  // [HEADERS_RESPONSE_TIME]
	maxProtected     = 4                            // peers that once kept up and stay for ever: perhaps the wrong chain is ours [MAX_OUTBOUND_PEERS_TO_PROTECT_FROM_DISCONNECT]
)

// chainSync is how one peer keeps up with our chain.
type chainSync struct {
	mark      *Entry // our tip when the peer was seen to be behind; nil: it is not
	until     time.Time
	asked     bool
	protected bool
}

// TipMoved looks after the peers of our own choice when our tip has moved.
func (s *Sync) TipMoved() {
	s.watchChains()
	s.watchInitial()
}

// watchChains asks those that stay behind our tip, and drops those that still do.
func (s *Sync) watchChains() {
	for _, t := range s.talks {
		s.watchChain(t)
	}
}

// watched says whether a peer is to keep up: we chose it ourselves, on a public network.
func (s *Sync) watched(t *Talk) bool { return t.Kind.Chosen() && !s.Local }

func (s *Sync) watchChain(t *Talk) {
	c, tip := &t.sync, s.tree.Tip()
	switch {
	case !s.watched(t) || c.protected:
	case t.reaches(tip): // the first few that are there by their own word stay for ever
		*c = chainSync{}
		c.protected = !t.Silent() && t.known.Best() != nil && s.protected() < maxProtected
	case c.mark == nil, t.reaches(c.mark): // it is not behind where it was
		*c = chainSync{mark: tip, until: s.now.Add(chainSyncTimeout)}
	case s.now.Before(c.until):
	case c.asked:
		s.drop(t, "", "its chain stays behind ours")
	default:
		c.asked, c.until = true, s.now.Add(chainSyncAnswer)
		s.ask(t, c.mark.Parent)
	}
}

// protected counts those that stay for ever.
func (s *Sync) protected() (n int) {
	for _, t := range s.talks {
		if t.sync.protected {
			n++
		}
	}
	return n
}

func (t *Talk) reaches(e *Entry) bool {
	top := t.known.Best()
	return e.Parent == nil || top != nil && top.Node.Work.Cmp(e.Node.Work) >= 0
}

// chainsDue is when the first of them is to be looked at; zero: never.
func (s *Sync) chainsDue() (due time.Time) {
	for _, t := range s.talks {
		due = sooner(due, t.sync.until)
	}
	return due
}

// sooner is the earlier of two times; zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
