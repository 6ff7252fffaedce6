package guard

import "sync"

// Nonces are those of the connections that we dialled and that have not greeted
// yet: an inbound connection that says one of them is our own. Anybody may call
// them at any time.
type Nonces struct {
	mu   sync.Mutex
	live map[uint64]bool // true: has come back to us
}

// NewNonces has none.
func NewNonces() *Nonces { return &Nonces{live: map[uint64]bool{}} }

// Add notes that a connection is dialled.
func (n *Nonces) Add(nonce uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.live[nonce] = false
}

// Drop forgets a nonce and reports whether it has come back to us.
func (n *Nonces) Drop(nonce uint64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	defer delete(n.live, nonce)
	return n.live[nonce]
}

// Heard reports whether the nonce is ours, and remembers that it came back.
func (n *Nonces) Heard(nonce uint64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, ok := n.live[nonce]
	if ok {
		n.live[nonce] = true
	}
	return ok
}
