package gossip

import (
	"time"

	"grapevine/p2p/gossip/tree"
)

// A peer of our own choice whose chain stays behind ours is of no use, and may
// have been put there so that all our slots lead nowhere. As in Core it is asked
// after a while, and replaced when it does not catch up (ConsiderEviction).

const (
	lagPatience = 20 * time.Minute // behind our tip [CHAIN_SYNC_TIMEOUT]
	lagAnswer   = 2 * time.Minute  // to our question for its headers [HEADERS_RESPONSE_TIME]
	maxFaithful = 4                // peers that once kept up and stay for ever: perhaps the wrong chain is ours [MAX_OUTBOUND_PEERS_TO_PROTECT_FROM_DISCONNECT]
)

// lag is how a peer follows our tip.
type lag struct {
	mark     *tree.Entry // our tip when it was seen to be behind; nil: it is not
	until    time.Time
	asked    bool
	faithful bool
}

// watchLag looks at all peers of our own choice; on local networks nobody lies.
func (s *State) watchLag() {
	if s.local {
		return
	}
	faithful := 0
	for _, p := range s.peers {
		if p.lag.faithful {
			faithful++
		}
	}
	for _, p := range s.peers {
		l := &p.lag
		switch {
		case p.info.Inbound || p.info.Manual || l.faithful:
		case reaches(p, s.tree.Tip()), l.mark != nil && reaches(p, l.mark):
			if *l = (lag{}); faithful < maxFaithful && !p.info.BlocksOnly && p.src.Top != nil {
				l.faithful = true
				faithful++
			} else if !reaches(p, s.tree.Tip()) {
				s.mark(l)
			}
		case l.mark == nil:
			s.mark(l)
		case !s.up(l.until):
		case l.asked:
			s.drop(p, "", "its chain stays behind ours")
		default:
			l.asked, l.until = true, s.now.Add(lagAnswer)
			s.headers.Ask(p.talk, l.mark.Parent)
			s.actOnHeaders()
		}
	}
}

func (s *State) mark(l *lag) { l.mark, l.until = s.tree.Tip(), s.now.Add(lagPatience) }

// reaches says whether the peer is known to have a chain of as much work.
func reaches(p *peer, e *tree.Entry) bool {
	return e.Parent == nil || p.src.Top != nil && p.src.Top.Node.Work.Cmp(e.Node.Work) >= 0
}
