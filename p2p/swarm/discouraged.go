package swarm

import (
	"net/netip"
	"time"

	"grapevine/p2p"
)

// discouraged are the addresses of peers that have misbehaved [Core: Discourage]:
// neither dialled nor accepted for a day. Loopback is never among them: there
// everybody shares one address [MaybeDiscourageAndDisconnect].
type discouraged struct {
	until map[netip.Addr]time.Time
	queue []netip.Addr // oldest first
}

const (
	maxDiscouraged = 10_000 // addresses; the oldest are forgotten
	discouragedFor = 24 * time.Hour
)

func newDiscouraged() *discouraged { return &discouraged{until: map[netip.Addr]time.Time{}} }

func (d *discouraged) add(a netip.Addr, now time.Time) {
	if a.IsLoopback() {
		return
	}
	if _, ok := d.until[a]; !ok {
		if len(d.queue) >= maxDiscouraged {
			delete(d.until, d.queue[0])
			d.queue = d.queue[1:]
		}
		d.queue = append(d.queue, a)
	}
	d.until[a] = now.Add(discouragedFor)
}

// originOf is where a peer comes from, so that what it owes is not forgotten when it comes
// back: the address of whom we have dialled, of others their network group, in which they
// have other addresses for nothing. An overlay has sixteen groups in all, and who is in one
// may take a name in any: there too it is the address. "": many share the address, or people
// trust it.
func (l *loop) originOf(r *remote) string {
	a := r.at.Addr()
	overlay, _ := p2p.Overlay(a)
	switch {
	case !a.IsValid() || a.IsLoopback() || r.onion || r.May(p2p.MayStay):
		return ""
	case r.Inbound() && overlay == "" && !l.cfg.local():
		return "group " + l.groupOf(r.at)
	default:
		return a.String()
	}
}

// has says whether an address is discouraged [IsDiscouraged].
func (d *discouraged) has(a netip.Addr, now time.Time) bool {
	t, ok := d.until[a]
	return ok && now.Before(t)
}
