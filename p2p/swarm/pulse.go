package swarm

import "time"

// Bounds of Steps.Within: a step of a usual message is far below the first, and
// from the last on peers would notice.
func stepBounds() []time.Duration {
	return []time.Duration{time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond, time.Second}
}

// Steps is how long the steps of the loop took: while it is in one, nobody else
// is heard.
type Steps struct {
	Count   uint64
	Sum     time.Duration
	Longest time.Duration
	Bounds  []time.Duration
	Within  []uint64 // steps that took at most the bound of the same place
}

func newSteps() Steps {
	b := stepBounds()
	return Steps{Bounds: b, Within: make([]uint64, len(b))}
}

func (s *Steps) took(d time.Duration) {
	s.Count++
	s.Sum += d
	s.Longest = max(s.Longest, d)
	for i := len(s.Bounds) - 1; i >= 0 && d <= s.Bounds[i]; i-- {
		s.Within[i]++
	}
}

// Steps tells how long the loop's steps took since the start.
func (s *Swarm) Steps() (st Steps) {
	_ = s.ask(func(l *loop) {
		st = l.steps
		st.Within = append([]uint64(nil), st.Within...)
	})
	return st
}
