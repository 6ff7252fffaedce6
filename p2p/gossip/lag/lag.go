package lag

import (
	"slices"
	"time"

	"grapevine/p2p"
	"grapevine/p2p/gossip/tree"
)

const (
	patience    = 20 * time.Minute // behind our tip [CHAIN_SYNC_TIMEOUT]
	answerTime  = 2 * time.Minute  // for its headers [HEADERS_RESPONSE_TIME]
	maxFaithful = 4                // peers that once kept up and stay for ever: perhaps the wrong chain is ours [MAX_OUTBOUND_PEERS_TO_PROTECT_FROM_DISCONNECT]
)

// peer is one of our own choice.
type peer struct {
	id       p2p.PeerID
	full     bool               // for more than blocks
	top      func() *tree.Entry // the best header that it is known to have, nil: none
	mark     *tree.Entry        // our tip when it was seen to be behind; nil: it is not
	until    time.Time
	asked    bool
	faithful bool
}

// Watch is all of them, in order of joining.
type Watch struct{ peers []*peer }

// Join adds a peer; full: it is there for more than blocks.
func (w *Watch) Join(id p2p.PeerID, full bool, top func() *tree.Entry) {
	w.peers = append(w.peers, &peer{id: id, full: full, top: top})
}

// Leave forgets a peer.
func (w *Watch) Leave(id p2p.PeerID) {
	w.peers = slices.DeleteFunc(w.peers, func(p *peer) bool { return p.id == id })
}

// Act is what to do about one: ask it for headers, or drop it.
type Act struct {
	Peer p2p.PeerID
	Ask  *tree.Entry // from here; nil: drop it
}

// Look says what is to be done at the time now, our tip being this.
func (w *Watch) Look(now time.Time, tip *tree.Entry) (acts []Act) {
	for _, p := range w.peers {
		switch {
		case p.faithful:
		case p.reaches(tip):
			w.caughtUp(p)
		case p.mark == nil:
			p.mark, p.until = tip, now.Add(patience)
		case p.reaches(p.mark):
			if w.caughtUp(p); !p.faithful {
				p.mark, p.until = tip, now.Add(patience)
			}
		case now.Before(p.until):
		case p.asked:
			acts = append(acts, Act{Peer: p.id})
		default:
			p.asked, p.until = true, now.Add(answerTime)
			acts = append(acts, Act{p.id, p.mark.Parent})
		}
	}
	return acts
}

// caughtUp: it is not behind where it was; the first few that were at our tip by
// their own word stay.
func (w *Watch) caughtUp(p *peer) {
	kept := 0
	for _, q := range w.peers {
		if q.faithful {
			kept++
		}
	}
	*p = peer{id: p.id, full: p.full, top: p.top, faithful: p.full && p.top() != nil && kept < maxFaithful}
}

func (p *peer) reaches(e *tree.Entry) bool {
	top := p.top()
	return e.Parent == nil || top != nil && top.Node.Work.Cmp(e.Node.Work) >= 0
}

// Due is when the first is to be looked at; zero: never.
func (w *Watch) Due() (due time.Time) {
	for _, p := range w.peers {
		if !p.until.IsZero() && (due.IsZero() || p.until.Before(due)) {
			due = p.until
		}
	}
	return due
}
