package gossip

import "grapevine/chain"

// recentSet remembers about the last n to 2n hashes put in: when the young
// half is full it becomes the old half and the old one is forgotten. It grows
// with use, so that an idle peer costs nothing.
type recentSet struct {
	n          int
	young, old map[chain.Hash]struct{}
}

func newRecentSet(n int) recentSet { return recentSet{n: n} }

func (r *recentSet) has(h chain.Hash) bool {
	if _, ok := r.young[h]; ok {
		return true
	}
	_, ok := r.old[h]
	return ok
}

func (r *recentSet) add(h chain.Hash) {
	if r.has(h) {
		return
	}
	if len(r.young) >= r.n {
		r.old, r.young = r.young, nil
	}
	if r.young == nil {
		r.young = make(map[chain.Hash]struct{})
	}
	r.young[h] = struct{}{}
}

func (r *recentSet) clear() { r.young, r.old = nil, nil }
