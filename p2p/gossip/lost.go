package gossip

import (
	"grapevine/p2p/gossip/headers"
)

// onBodyLost: a stored body turned out damaged. It is served no more, and asked
// of others until BodyStored says that it is here again. Genesis is not: who
// runs us has it.
func (s *State) onBodyLost(e *headers.Entry) {
	if e.Stored && e.Parent != nil {
		e.Stored, e.Lost = false, true
		s.fetch.Lost(e)
	}
}

// findLost notes at the start which bodies of the verified chain are lost.
func (s *State) findLost(stored func(*headers.Entry) bool) {
	for _, e := range s.tree.All() {
		here := stored(e)
		if !here {
			s.onBodyLost(e)
		}
		e.Stored = e.Stored || here
	}
}
