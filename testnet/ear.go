package testnet

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Gift is what one member has given another since the last look. From and To
// are places in Town.Members.
type Gift struct {
	From, To    int
	Blocks, Txs int
}

// Ear hears who told whom: it remembers what each connection had brought.
type Ear struct {
	before map[wire]Peer
}

// wire is a connection as its receiver knows it; a node that was started again
// counts from one again.
type wire struct{ node, pid, id int }

// Listen gives what was given since it was called last; the first time,
// nothing. A member that does not answer is as one that is down.
func (e *Ear) Listen(ctx context.Context, t Town) (gifts []Gift) {
	first := e.before == nil
	all := make([][]Peer, len(t.Doors))
	for i, n := range t.Doors {
		if n != nil {
			all[i], _ = Peers(ctx, n)
		}
	}
	now := map[wire]Peer{}
	for to, list := range all {
		for _, p := range list {
			w := wire{t.Members[to].Node, t.Members[to].PID, p.ID}
			old := e.before[w]
			now[w] = p
			g := Gift{To: to, Blocks: p.BlocksFrom - old.BlocksFrom, Txs: p.TxsFrom - old.TxsFrom}
			if g.From = t.who(p, all); g.From >= 0 && g.Blocks+g.Txs > 0 {
				gifts = append(gifts, g)
			}
		}
	}
	e.before = now
	if first {
		return nil
	}
	return gifts
}

// Arrows draws gifts as "0 → 1, 2 · 2 → 3", givers before those they gave to.
func (t Town) Arrows(gifts []Gift) string {
	to := make([][]int, len(t.Members))
	given := make([]bool, len(t.Members))
	for _, g := range gifts {
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
