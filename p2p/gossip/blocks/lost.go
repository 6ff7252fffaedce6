package blocks

import (
	"cmp"
	"slices"

	"grapevine/p2p/gossip/headers"
)

// Lost says that the stored body of e is damaged. On the verified chain it is
// on no way to our best header, and asked for beside it.
func (f *Fetcher) Lost(e *headers.Entry) {
	if e.IsAncestorOf(f.tree.Tip()) {
		i, _ := slices.BinarySearchFunc(f.lost, e.Node.Height, func(x *headers.Entry, height int32) int { return cmp.Compare(x.Node.Height, height) })
		f.lost = slices.Insert(f.lost, i, e)
	}
	f.forget(e)
	f.tellSoon()
	f.Reopen(e)
}

// Absent says that the body of e is not here and not missed, as it was pruned or is below a snapshot.
func (f *Fetcher) Absent(e *headers.Entry) {
	if !f.gaps {
		f.gaps, f.whole = true, f.tree.Tip().Node.Height
	}
	f.whole = min(f.whole, e.Node.Height-1)
}

// firstGap is the lowest block of the verified chain whose body is not here; nil: all are.
func (f *Fetcher) firstGap() (gap *headers.Entry) {
	if len(f.lost) > 0 {
		gap = f.lost[0]
	}
	for ; f.gaps; f.whole++ {
		switch e := f.tree.AtHeight(f.whole + 1); {
		case e == nil, gap != nil && gap.Node.Height <= e.Node.Height:
			return gap
		case !e.Stored:
			return e
		}
	}
	return gap
}

// again asks for lost bodies, lowest first, each of the best source that holds it.
func (f *Fetcher) again() (asks []ask) {
	before := len(f.lost)
	f.lost = slices.DeleteFunc(f.lost, func(e *headers.Entry) bool { return e.Stored || !e.IsAncestorOf(f.tree.Tip()) })
	if len(f.lost) < before {
		f.tellSoon()
	}
	for _, e := range f.lost {
		if p := f.holder(e); p != nil {
			f.add(p, e)
			asks = append(asks, ask{p, []*headers.Entry{e}})
		}
	}
	return asks
}

func (f *Fetcher) holder(e *headers.Entry) *Source {
	for rank := range ranks {
		for _, p := range f.sources {
			if p.rank() == rank && p.usable && !p.stalled && f.Holds(p, e) && f.mayAsk(p, e) && f.capacity(p, len(f.lost)) > 0 {
				return p
			}
		}
	}
	return nil
}

// tellSoon has have peers told what we hold, near the tip too.
func (f *Fetcher) tellSoon() {
	if f.have.peers > 0 {
		f.have.at = sooner(f.have.at, f.now.Add(haveSoon))
	}
}
