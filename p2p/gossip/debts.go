package gossip

import (
	"time"

	"grapevine/p2p"
)

// debt is what validating refused transactions of a peer has cost, at some time.
type debt struct {
	owed time.Duration
	at   time.Time
}

// now is what is left of it at a time.
func (d debt) now(t time.Time) time.Duration {
	return max(d.owed-t.Sub(d.at)/paidBack, 0)
}

// debts are what peers owe, and what those owe who have left, by where they came from:
// who comes back goes on owing, also if it left before the bill came.
type debts struct {
	here map[p2p.PeerID]debt
	left map[string]debt // at most maxDebtors
}

func newDebts() debts {
	return debts{here: make(map[p2p.PeerID]debt), left: make(map[string]debt)}
}

// join charges a peer with what is still owed from where it comes.
func (d *debts) join(id p2p.PeerID, origin string, now time.Time) {
	if owed := d.left[origin].now(now); owed > 0 {
		d.here[id] = debt{owed, now}
	}
}

// leave keeps what a peer owes.
func (d *debts) leave(id p2p.PeerID, origin string, now time.Time) {
	owed := d.here[id].now(now)
	delete(d.here, id)
	d.keep(origin, max(owed, d.left[origin].now(now)), now)
}

// charge notes what a refused transaction of a peer has cost, and says what it owes now;
// here: it has not left.
func (d *debts) charge(refused *queuedTx, cost time.Duration, now time.Time, here bool) time.Duration {
	id, origin := refused.From, refused.Origin
	if here {
		d.here[id] = debt{d.here[id].now(now) + cost, now}
		return d.here[id].owed
	}
	d.keep(origin, d.left[origin].now(now)+cost, now)
	return d.left[origin].now(now)
}

func (d *debts) keep(origin string, owed time.Duration, now time.Time) {
	if origin == "" || owed <= 0 {
		return
	}
	if _, known := d.left[origin]; !known && len(d.left) >= maxDebtors {
		d.forget(now)
	}
	d.left[origin] = debt{min(owed, debtKept/paidBack), now}
}

// forget makes room: those who have paid go, and if all owe who owes least.
func (d *debts) forget(now time.Time) {
	least := ""
	for origin, x := range d.left {
		owed := x.now(now)
		if owed == 0 {
			delete(d.left, origin)
			continue
		}
		y := d.left[least].now(now)
		if least == "" || owed < y || owed == y && origin < least {
			least = origin
		}
	}
	if len(d.left) >= maxDebtors {
		delete(d.left, least)
	}
}
