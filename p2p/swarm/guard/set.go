package guard

// Set remembers so many names; a new one takes the place of the oldest.
type Set struct {
	most  int
	known map[string]bool
	queue []string // oldest first
}

// NewSet is empty.
func NewSet(most int) *Set { return &Set{most: most, known: map[string]bool{}} }

// Has tells whether the name is remembered.
func (s *Set) Has(name string) bool { return s.known[name] }

// Add remembers a name.
func (s *Set) Add(name string) {
	if s.known[name] {
		return
	}
	if len(s.queue) >= s.most {
		delete(s.known, s.queue[0])
		s.queue = s.queue[1:]
	}
	s.known[name] = true
	s.queue = append(s.queue, name)
}
