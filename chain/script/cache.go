package script

import "sync"

// generations is a bounded map. It has two generations: when the young one is
// full it becomes the old one, and the old one is dropped. So it never holds
// more than its bound, and of what was put in the last half of the bound stays.
// It needs no salt: strangers choose the keys, but Go's maps hash with a secret
// seed of their own, and compare keys whole. It is safe for concurrent use. It makes the
// signature cache and the script cache [CSignatureCache].
type generations[K comparable, V any] struct {
	mu         sync.Mutex
	young, old map[K]V
	half       int // most entries of one generation
}

func newGenerations[K comparable, V any](entries int) *generations[K, V] {
	return &generations[K, V]{young: map[K]V{}, half: max(entries/2, 1)}
}

func (g *generations[K, V]) lookup(k K) (V, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	v, ok := g.young[k]
	if !ok {
		v, ok = g.old[k]
	}
	return v, ok
}

func (g *generations[K, V]) put(k K, v V) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.young) >= g.half {
		g.old, g.young = g.young, make(map[K]V)
	}
	g.young[k] = v
}
