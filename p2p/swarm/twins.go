package swarm

import (
	"net/netip"

	"grapevine/p2p/msg"
	"grapevine/p2p/peer"
)

// On a local network everybody dials everybody, and one connection between two
// nodes is enough. Who an inbound peer is cannot be taken from the address that it
// says: anybody may say the address of another. It is proven over a connection that
// we have dialled to that very address (gvtwin): the node there says whether the
// inbound connection is its own as well.
//
//	B has dialled K, and somebody who came in says that it listens at K
//	B -> K   gvtwin: the nonce of that inbound connection, and where it arrived
//	K -> B   gvtwin, yes: only if K has dialled there, with this nonce
//
// Then both ends know. The connection with the lower nonce stays, and each end
// closes only what it has dialled itself, so that one of the two remains. The
// highest bit is set where a claim stands already, so that the older connection is
// kept. A second one that people ask for (onetry) stays beside it.

const laterBit = 1 << 63

// claim notes where an inbound peer says that it listens.
func (l *loop) claim(r *remote, at netip.AddrPort) {
	r.claims = at
	l.show(r)
	if o := l.find(func(o *remote) bool { return !o.Inbound() && o.at == at }); o != nil {
		l.askTwin(o, r)
	}
}

// askTwins asks a node that we have reached about all who say to be it.
func (l *loop) askTwins(o *remote) {
	if o.Inbound() || !l.cfg.local() {
		return
	}
	for _, r := range l.order {
		if r.Inbound() && r.claims.IsValid() && r.claims == o.at {
			l.askTwin(o, r)
		}
	}
}

func (l *loop) askTwin(o, r *remote) {
	if o.peer == nil || !o.Have || r.peer == nil || r.dropped {
		return
	}
	m := &msg.Twin{Nonce: r.Nonce, At: r.peer.LocalAddr()}
	l.send(o.ID, func(p *peer.Peer) error { return p.Send(m) })
}

// onTwin takes a question or an answer.
func (l *loop) onTwin(r *remote, m *msg.Twin) {
	switch {
	case !l.cfg.local() || r.Inbound() == m.Yes: // who was dialled answers, who has dialled asks
	case m.Yes:
		in := l.find(func(o *remote) bool {
			return o.Inbound() && o.peer != nil && o.Nonce == m.Nonce && o.claims.IsValid() && o.claims == r.at
		})
		if in != nil {
			in.listens = in.claims
			l.show(in)
			l.keepOne(r, in)
		}
	default:
		out := l.find(func(o *remote) bool { return !o.Inbound() && o.peer != nil && o.nonce == m.Nonce })
		if out == nil || out.peer.RemoteAddr() != m.At {
			return
		}
		yes := *m
		yes.Yes = true
		l.send(r.ID, func(p *peer.Peer) error { return p.Send(&yes) })
		r.listens = out.at // nobody but the node there knows this nonce
		l.show(r)
		l.keepOne(out, r)
	}
}

// keepOne closes the connection that we have dialled if the other, which the same
// node has dialled, is the one that stays: a target has that one then.
func (l *loop) keepOne(out, in *remote) {
	if !out.once && out.nonce > in.Nonce {
		l.dial.targets.moved(out.ID, in.ID)
		l.dropFor(out, "it has connected to us", "")
	}
}

// newNonce names a connection; see above for the highest bit.
func (l *loop) newNonce(r *remote) uint64 {
	n := l.cfg.Rand.Uint64()
	switch {
	case r.Inbound() || !l.cfg.local():
		return n
	case l.claimed(r.at):
		return n | laterBit
	}
	return n &^ laterBit
}

// claimed: somebody who has dialled us says that it listens there.
func (l *loop) claimed(at netip.AddrPort) bool { return l.claimant(at) != nil }

// claimant is who says so; nil: nobody does.
func (l *loop) claimant(at netip.AddrPort) *remote {
	if !at.IsValid() {
		return nil
	}
	return l.find(func(o *remote) bool { return o.Inbound() && o.claims == at })
}
