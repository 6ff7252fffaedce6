package swarm

import "sync"

// nonces are those of the connections that we dialled and that have not greeted
// yet: an inbound connection that says one of them is a self connection. Anybody may call
// them at any time.
type nonces struct {
	mu   sync.Mutex
	live map[uint64]bool // true: has come back to us
}

// newNonces has none.
func newNonces() *nonces { return &nonces{live: map[uint64]bool{}} }

// add notes that a connection is dialled.
func (n *nonces) add(nonce uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.live[nonce] = false
}

// drop forgets a nonce and reports whether it has come back to us.
func (n *nonces) drop(nonce uint64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	defer delete(n.live, nonce)
	return n.live[nonce]
}

// heard reports whether the nonce is ours, and remembers that it came back [CheckIncomingNonce].
func (n *nonces) heard(nonce uint64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, ok := n.live[nonce]
	if ok {
		n.live[nonce] = true
	}
	return ok
}
