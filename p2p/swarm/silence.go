package swarm

import (
	"fmt"
	"time"

	"grapevine/p2p"
)

// silentFor is how long a peer may say nothing, read nothing, or owe the answer to a
// ping [TIMEOUT_INTERVAL, ShouldRunInactivityChecks].
const silentFor = 20 * time.Minute

// lookAtAll ends the connections that have been silent for too long by the time that
// people have set, or chosen [InactivityCheck], and lets the others ping. By the
// machine's time, which may jump, each connection looks after itself (package peer).
func (l *loop) lookAtAll() {
	now := l.cfg.Clock()
	chosen := l.mocked() || l.cfg.PeerTimeout > 0
	for _, r := range l.order {
		if r.conn == nil || r.dropped {
			continue
		}
		if chosen && now.Sub(r.since) > l.cfg.peerTimeout() && l.endIfSilent(r, now) {
			continue
		}
		if r.peer != nil {
			r.peer.Ping(false)
		}
	}
}

// endIfSilent reports whether the connection had to go.
func (l *loop) endIfSilent(r *remote, now time.Time) bool {
	var p p2p.PeerInfo
	r.conn.Describe(&p)
	end := func(why string, attrs ...any) bool {
		l.cfg.Log.Debug(why, append([]any{"peer", r.Number, "addr", r.name()}, attrs...)...)
		l.dropFor(r, why, "")
		return true
	}
	switch {
	case p.LastRecv.IsZero() || p.LastSend.IsZero():
		return end("no message at first", "within", int64(l.cfg.peerTimeout().Seconds()),
			"received", count(p.LastRecv), "sent", count(p.LastSend))
	case now.Sub(p.LastSend) > silentFor:
		return end("reads nothing", "since", seconds(now.Sub(p.LastSend)))
	case now.Sub(p.LastRecv) > silentFor:
		return end("sends nothing", "since", seconds(now.Sub(p.LastRecv)))
	case r.peer == nil:
		return end("no handshake in time", "transport", p.Transport)
	case p.PingWait > silentFor:
		return end("no answer to a ping", "since", fmt.Sprintf("%.6fs", p.PingWait.Seconds()))
	}
	return false
}

// seconds of a silence.
func seconds(d time.Duration) string { return fmt.Sprintf("%ds", int64(d.Seconds())) }

// count is 1 when something has happened at t.
func count(t time.Time) int {
	if t.IsZero() {
		return 0
	}
	return 1
}

// Ping pings every peer [ping].
func (s *Swarm) Ping() error {
	return s.ask(func(l *loop) {
		for _, r := range l.order {
			if r.peer != nil && !r.dropped {
				r.peer.Ping(true)
			}
		}
	})
}
