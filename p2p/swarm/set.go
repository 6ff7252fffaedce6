package swarm

// set remembers so many keys; a new one takes the place of the oldest.
type set[K comparable] struct {
	most  int
	known map[K]bool
	queue []K // oldest first
}

func newSet[K comparable](most int) *set[K] { return &set[K]{most: most, known: map[K]bool{}} }

func (s *set[K]) has(k K) bool { return s.known[k] }

func (s *set[K]) add(k K) {
	if s.known[k] {
		return
	}
	if len(s.queue) >= s.most {
		delete(s.known, s.queue[0])
		s.queue = s.queue[1:]
	}
	s.known[k] = true
	s.queue = append(s.queue, k)
}
