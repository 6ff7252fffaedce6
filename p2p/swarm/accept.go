package swarm

import (
	"net"

	"github.com/aead/siphash"

	"grapevine/p2p"
	"grapevine/p2p/swarm/guard"
)

// accept takes a connection if there is room, or makes room for it.
func (l *loop) accept(conn net.Conn) {
	r := &remote{Link: p2p.Link{Kind: p2p.Inbound}, addr: conn.RemoteAddr().String()}
	if l.asleep || l.shunned(hostOf(r.addr)) {
		conn.Close()
		return
	}
	var cs []guard.Candidate
	for _, o := range l.order {
		if o.Inbound() && !o.dropped {
			cs = append(cs, l.candidate(o))
		}
	}
	if len(cs) >= l.maxInbound() {
		id, ok := guard.Evict(cs)
		if !ok {
			conn.Close()
			return
		}
		l.dropFor(l.peers[id], "makes room for a newcomer", "")
	}
	l.admit(r, conn)
}

// maxInbound leaves room for those we dial ourselves.
func (l *loop) maxInbound() int {
	if l.dial.only {
		return max(l.cfg.MaxPeers-l.dial.targets.Len(), 0)
	}
	own := l.cfg.MaxOutbound
	if !l.cfg.local() {
		own += maxBlocksOnly + 1 // and a feeler
	}
	return max(l.cfg.MaxPeers-own, 0)
}

func (l *loop) candidate(r *remote) guard.Candidate {
	c := guard.Candidate{ID: r.id, Group: l.groupOf(r.addr), Began: r.began}
	c.Rank = siphash.Sum64([]byte(c.Group), &l.secret)
	if r.peer != nil {
		c.Blocks = !r.Relay
		c.MinPing = r.peer.MinPing()
		st, _ := l.cfg.State.PeerStats(r.id)
		c.LastBlock, c.LastTx = st.LastBlock, st.LastTx
	}
	return c
}

// shunned: has offended, or somebody has banned it.
func (l *loop) shunned(host string) bool {
	return l.outcasts.Has(host, l.cfg.Now()) || l.cfg.Book.Banned(host)
}
