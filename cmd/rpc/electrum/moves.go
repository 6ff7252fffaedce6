package electrum

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/history"
)

// Moved tells of a move of the tip and of what the pool made of it. Like Pool it waits for nobody; only one
// goroutine may call them, after pool and ledger have moved.
func (s *Server) Moved(d chain.Delta, pd chain.PoolDelta) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.clients {
		if c.tips {
			c.headers = true
			c.poke()
		}
	}
	if len(s.watched) == 0 {
		return
	}
	for _, blocks := range [][]chain.Linked{d.Disconnected, d.Connected} {
		for _, b := range blocks {
			for i, tx := range b.Block.Txs {
				s.touched(history.Scripts(tx, b.Spent[i]))
			}
		}
	}
	s.pool(pd)
}

// Pool tells of what left and entered the pool.
func (s *Server) Pool(pd chain.PoolDelta) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.watched) > 0 {
		s.pool(pd)
	}
}

func (s *Server) pool(pd chain.PoolDelta) {
	for _, out := range pd.Out {
		s.touched(out.Scripts)
		s.children(out.Tx)
	}
	for _, in := range pd.In {
		s.touched(in.Scripts)
		if in.Returned {
			s.children(in.Tx)
		}
	}
}

// children touches what spends a transaction's outputs in the pool: whether all that it spends is in the
// chain counts in a history's digest.
func (s *Server) children(tx *chain.Tx) {
	pool := s.cfg.Explore.Pool.Pool
	for n := range tx.TxOut {
		if by, ok := pool.SpentBy(wire.OutPoint{Hash: tx.ID, Index: uint32(n)}); ok {
			if e, ok := pool.Entry(by); ok {
				s.touched(e.Scripts)
			}
		}
	}
}

// touched notes scripts whose histories have changed. mu is held.
func (s *Server) touched(scripts []chain.Hash) {
	for _, script := range scripts {
		for c := range s.watched[script] {
			c.dirty[script] = struct{}{}
			c.poke()
		}
	}
}
