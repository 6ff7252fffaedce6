package swarm

import (
	"time"

	"github.com/aead/siphash"

	"grapevine/p2p"
)

// Who has dialled us passes two stages. Until it has greeted it waits in a place
// beside MaxPeers; when there are too many of these, the one that has had the most
// time to greet goes, not the newest. So a storm of connections that say nothing
// leaves an honest newcomer the time for its handshake. Then it takes one of the
// places for inbound peers. If all are taken when it connects, somebody makes room for it
// at once, as in Core [AttemptToEvictConnection]; but no more than one place is made so,
// which the first to greet takes, so that who says nothing costs nobody else a place.
const (
	// maxGreeting bounds inbound connections whose handshake is not done: a storm
	// of 1,230 connections a second leaves each a fifth of a second.
	maxGreeting = 256
	// firstPong is the time for the first answer to a ping. Who has not answered
	// by then goes before all others.
	firstPong = 10 * time.Second
)

// accept takes a connection; its handshake begins [AcceptConnection].
func (l *loop) accept(in incoming) {
	conn := in.conn
	at := in.at
	if !at.IsValid() {
		at = l.cfg.Place(p2p.AddrPortOf(conn.RemoteAddr()))
	}
	r := &remote{Link: p2p.Link{Kind: p2p.Inbound}, at: at, onion: in.bind.Onion}
	r.Permissions = in.bind.Permissions | p2p.Granted(l.cfg.Whitelist, r.at.Addr(), true)
	if why := l.refuses(r); why != "" {
		l.cfg.Log.Debug("inbound connection refused", "addr", r.name(), "why", why)
		conn.Close()
		return
	}
	var first *remote
	greeting := 0
	for _, o := range l.order {
		if o.Inbound() && !o.dropped && o.peer == nil && !o.May(p2p.MayStay) {
			if greeting++; first == nil {
				first = o
			}
		}
	}
	if greeting >= maxGreeting {
		l.dropFor(first, "too slow to greet while many want to come in", "")
	}
	l.makeRoom(l.cfg.Now())
	l.admit(r, conn)
}

// makeRoom sees to it that one place for inbound peers is free, if need be in that an
// inbound peer that has greeted goes; false: there is none.
func (l *loop) makeRoom(now time.Time) bool {
	var cs []*remote
	var mute []*remote // have not answered a ping yet, oldest first
	inbound := 0
	for _, o := range l.order {
		if !o.Inbound() || o.dropped || o.peer == nil {
			continue
		}
		if inbound++; o.May(p2p.MayStay) {
			continue
		}
		cs = append(cs, o)
		if o.peer.MinPing() == 0 {
			mute = append(mute, o)
		}
	}
	most := l.maxInbound()
	if inbound < most {
		return true
	}
	if len(mute) > most/2 || len(mute) > 0 && now.Sub(mute[0].began) > firstPong {
		l.dropFor(mute[0], "makes room for a newcomer", "")
		return true
	}
	for _, o := range cs {
		l.weigh(o)
	}
	worst := evict(cs, l.cfg.local())
	if worst != nil {
		l.dropFor(worst, "makes room for a newcomer", "")
	}
	return worst != nil
}

// maxInbound is the inbound limit, which leaves room for those we dial ourselves; on a public network for as many as
// we might, also if nobody is dialled by our own choice [m_max_inbound].
func (l *loop) maxInbound() int {
	if l.dial.only && l.cfg.local() {
		return max(l.cfg.MaxPeers-len(l.dial.targets.all), 0)
	}
	own := l.cfg.MaxOutbound
	if !l.cfg.local() {
		own += maxBlocksOnly + 1 // and a feeler
	}
	return max(l.cfg.MaxPeers-own, 0)
}

// weigh brings a peer's merit up to date.
func (l *loop) weigh(r *remote) {
	block, tx := l.cfg.State.LastGave(r.ID)
	r.merit = merit{group: l.groupOf(r.at), minPing: r.peer.MinPing(), lastBlock: block, lastTx: tx}
	r.rank = siphash.Sum64([]byte(r.group), &l.secret)
}

// refuses says why who has dialled us is not let in: the address has misbehaved, or
// somebody has banned it.
func (l *loop) refuses(r *remote) string {
	switch {
	case l.asleep:
		return "the network is switched off"
	case l.maxInbound() == 0:
		return "no place for inbound peers"
	case r.May(p2p.MayStay):
	case l.cfg.Book.Banned(r.at.Addr()):
		return "banned"
	case l.discouraged.has(r.at.Addr(), l.cfg.Clock()):
		return "discouraged"
	}
	return ""
}
