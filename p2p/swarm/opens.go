package swarm

import (
	"context"
	"errors"
	"slices"
	"time"

	"grapevine/p2p"
	"grapevine/p2p/peer"
)

// ErrNoCapacity: there are as many connections of the kind as there may be.
var ErrNoCapacity = errors.New("already at capacity for this kind of connection")

// Opening is a connection that people ask for.
type Opening struct {
	To    string // HOST[:PORT]
	Kind  p2p.Kind
	Plain bool // without encryption
}

// Open begins a connection and returns when it stands or has failed; the handshake
// follows. Of the kinds that are chosen otherwise there may be no more than we would
// choose [addconnection, addnode onetry]. To whom we have dialled already nothing is
// opened [CConnman::AddConnection].
func (s *Swarm) Open(ctx context.Context, o Opening) error {
	to, err := s.cfg.hostPort(o.To)
	if err != nil {
		return err
	}
	at, known := s.cfg.addrOf(to)
	reply := make(chan error, 1)
	err = s.do(ctx, func(l *loop) {
		switch {
		case l.asleep:
			reply <- errAsleep
		case o.Kind.Chosen() && l.full(o.Kind):
			reply <- ErrNoCapacity
		case l.connectedTo(to) != nil:
			reply <- nil
		default:
			r := &remote{Link: p2p.Link{Kind: o.Kind}, to: to, plain: o.Plain, once: !known || l.claimed(at)}
			r.opens = reply
			l.start(r)
		}
	})
	if err != nil {
		return err
	}
	return s.await(ctx, reply)
}

// full tells whether there are as many connections of a kind as we may choose.
func (l *loop) full(kind p2p.Kind) bool {
	have, chosen := 0, 0
	for _, r := range l.order {
		if r.dropped || !r.Kind.Chosen() {
			continue
		}
		if chosen++; r.Kind == kind {
			have++
		}
	}
	most := map[p2p.Kind]int{p2p.FullRelay: l.cfg.MaxOutbound, p2p.BlocksOnly: maxBlocksOnly}
	limit, bounded := most[kind]
	return bounded && have >= limit || chosen >= l.cfg.MaxOutbound+maxBlocksOnly+1 // and a feeler
}

// SendRaw sends a message of this name and payload to a peer, whatever they are
// [sendmsgtopeer].
func (s *Swarm) SendRaw(number int64, command string, payload []byte) error {
	found := false
	err := s.ask(func(l *loop) {
		r := l.numbered(number)
		if found = r != nil; found {
			l.send(r.ID, func(p *peer.Peer) error { return p.SendRaw(command, slices.Clone(payload)) })
		}
	})
	if err == nil && !found {
		err = ErrNotConnected
	}
	return err
}

// fetchTime is how long a connection that was made for addresses alone may last.
const fetchTime = 5 * time.Minute

// endFetches ends the connections that were made for addresses alone (addr fetch) and have lasted
// too long.
func (l *loop) endFetches(now time.Time) {
	for _, r := range l.order {
		if r.Kind == p2p.AddrFetch && r.peer != nil && !r.dropped && now.Sub(r.since) > fetchTime {
			l.cfg.Log.Debug("addresses asked for did not come", "peer", r.Number)
			l.dropFor(r, "addresses asked for did not come", "")
		}
	}
}
