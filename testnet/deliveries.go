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
	before  map[connection]p2p.PeerInfo
	unheard map[run]bool // that did not answer the first time: what they had been given is not known
}

// run is a process of a node.
type run struct{ node, pid int }

// connection as its receiver numbers it; a node that was started again counts
// from one again.
type connection struct {
	run
	number int64
}

// Deliveries gives what was given since it was called last; the first time,
// nothing. What a member was given while it did not answer is told once it does.
func (w *Watcher) Deliveries(ctx context.Context, t Network) (deliveries []Delivery) {
	first := w.before == nil
	if first {
		w.unheard = map[run]bool{}
	}
	all, now := make([][]p2p.PeerInfo, len(t.Nodes)), map[connection]p2p.PeerInfo{}
	for i, n := range t.Nodes {
		if n == nil {
			continue
		}
		var err error
		if all[i], err = peers(ctx, n); err == nil {
			continue
		}
		silent := run{t.Members[i].Node, t.Members[i].PID}
		if first {
			w.unheard[silent] = true
		}
		for c, p := range w.before {
			if c.run == silent {
				now[c] = p
			}
		}
	}
	ends := t.endsOf(all)
	for to, list := range all {
		who := run{t.Members[to].Node, t.Members[to].PID}
		for _, p := range list {
			c := connection{who, p.Number}
			old := w.before[c]
			if now[c] = p; w.unheard[who] {
				continue
			}
			g := Delivery{To: to, Blocks: int(p.BlocksFrom - old.BlocksFrom), Txs: int(p.TxsFrom - old.TxsFrom)}
			if g.From = ends.who(p); g.From >= 0 && g.Blocks+g.Txs > 0 {
				deliveries = append(deliveries, g)
			}
		}
		if list != nil {
			delete(w.unheard, who)
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
