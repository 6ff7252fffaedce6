package testnet

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"grapevine/p2p"
)

// Delivery is what one member has given another between two calls of
// Watcher.Deliveries. From and To are places in Network.Members.
type Delivery struct {
	From, To    int
	Blocks, Txs int
}

// Watcher tells who gave to whom: it remembers what each connection had brought.
type Watcher struct {
	before map[connection]p2p.PeerInfo
}

// connection as its receiver numbers it; a node that was started again counts
// from one again.
type connection struct {
	node, pid int
	number    int64
}

// Deliveries gives what was given since it was called last; the first time,
// nothing. A member that does not answer is as one that is down.
func (w *Watcher) Deliveries(ctx context.Context, t Network) (deliveries []Delivery) {
	first := w.before == nil
	all := make([][]p2p.PeerInfo, len(t.Nodes))
	for i, n := range t.Nodes {
		if n != nil {
			all[i], _ = peers(ctx, n)
		}
	}
	now, ends := map[connection]p2p.PeerInfo{}, t.endsOf(all)
	for to, list := range all {
		for _, p := range list {
			c := connection{t.Members[to].Node, t.Members[to].PID, p.Number}
			old := w.before[c]
			now[c] = p
			g := Delivery{To: to, Blocks: int(p.BlocksFrom - old.BlocksFrom), Txs: int(p.TxsFrom - old.TxsFrom)}
			if g.From = ends.who(p); g.From >= 0 && g.Blocks+g.Txs > 0 {
				deliveries = append(deliveries, g)
			}
		}
	}
	w.before = now
	if first {
		return nil
	}
	return deliveries
}

// Arrows draws deliveries as "0 → 1, 2 · 2 → 3", givers before those they gave to.
func (t Network) Arrows(deliveries []Delivery) string {
	to := make([][]int, len(t.Members))
	given := make([]bool, len(t.Members))
	for _, g := range deliveries {
		if !slices.Contains(to[g.From], g.To) {
			to[g.From] = append(to[g.From], g.To)
		}
		given[g.To] = true
	}
	var parts []string
	drawn := make([]bool, len(t.Members))
	var draw func(i int)
	draw = func(i int) {
		if drawn[i] || len(to[i]) == 0 {
			return
		}
		drawn[i] = true
		var names []string
		for _, j := range to[i] {
			names = append(names, fmt.Sprint(t.Members[j].Node))
		}
		parts = append(parts, fmt.Sprintf("%d → %s", t.Members[i].Node, strings.Join(names, ", ")))
		for _, j := range to[i] {
			draw(j)
		}
	}
	for _, source := range [2]bool{true, false} {
		for i := range to {
			if !source || !given[i] {
				draw(i)
			}
		}
	}
	return strings.Join(parts, " · ")
}
