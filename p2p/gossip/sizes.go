package gossip

// Sizes is how much a State holds: what a simulator needs to prove that every
// bound is kept and that nothing is forgotten. Counting costs O(peers).
type Sizes struct {
	Peers   int
	Headers int // in the tree
	Pool    int // transactions in the index, and their order
	PoolLog int // entries of that order, those that left included

	BlockFlights    int // requests for bodies, over all peers
	BlocksQueued    int // bodies that wait for a credit
	BytesQueued     int // of these
	BytesValidating int // of bodies in validation

	Wants        int // announced transactions that we do not have
	TxFlights    int // requests for transactions, over all peers
	TxAsked      int // entries in the row of their deadlines, settled ones included
	TxQueued     int // peers' transactions that wait for a credit
	TxValidating int // that wait or are being validated
	TxCredits    int // validations that may still be asked for
	Orphans      int
	OrphanLog    int // entries of their order, those that are gone included

	Offers int // wants queued at peers
	Outbox int // announcements that wait, over all peers
	Known  int // hashes in the peers' known-sets
}

// Sizes counts what the State holds now.
func (s *State) Sizes() Sizes {
	wants, txFlights, deadlines, offers := s.tx.requests.Counts()
	waiting, validated := s.queue.Bytes()
	z := Sizes{
		Peers: len(s.byID), Headers: s.tree.Len(), Pool: s.pool.Len(), PoolLog: s.pool.Log(),
		BlockFlights: s.fetch.Flights(), BlocksQueued: s.queue.Len(),
		BytesQueued: waiting, BytesValidating: validated,
		Wants: wants, TxFlights: txFlights, TxAsked: deadlines, Offers: offers,
		TxQueued: s.tx.queue.waiting(), TxValidating: s.tx.queue.Len(), TxCredits: s.tx.queue.Credits(),
		Orphans: s.tx.orphans.Len(), OrphanLog: s.tx.orphans.Log(),
	}
	for _, p := range s.peers {
		z.Outbox += p.tx.Len()
		z.Known += p.tx.Memory()
	}
	return z
}
