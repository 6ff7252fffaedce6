package swarm

import (
	"net/netip"
	"time"
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

func (d *discouraged) has(a netip.Addr, now time.Time) bool {
	t, ok := d.until[a]
	return ok && now.Before(t)
}
