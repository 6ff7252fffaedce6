package coins

import (
	"sync"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// batchThings is how many coins go to a worker at once: some hundred
// microseconds of work.
const batchThings = 128

// Summer computes a MuHash over many coins on several goroutines. One goroutine
// uses it, and has to call Sum in the end.
type Summer struct {
	batches chan *batch
	spare   chan *batch // done; as many as can be under way
	now     *batch
	parts   []*MuHash
	running sync.WaitGroup
}

// batch is coins as the set's hash takes them, one after the other.
type batch struct {
	bytes []byte
	ends  []int // of each coin in bytes; negative: it is to be removed
}

// NewSummer starts that many goroutines.
func NewSummer(workers int) *Summer {
	s := &Summer{batches: make(chan *batch, workers), spare: make(chan *batch, 2*workers+1), now: &batch{}}
	for range workers {
		m := NewMuHash()
		s.parts = append(s.parts, m)
		s.running.Go(func() {
			for b := range s.batches {
				b.into(m)
				b.bytes, b.ends = b.bytes[:0], b.ends[:0]
				s.spare <- b
			}
		})
	}
	return s
}

func (b *batch) into(m *MuHash) {
	from := 0
	for _, end := range b.ends {
		if end < 0 {
			m.Remove(b.bytes[from:-end])
			from = -end
		} else {
			m.Insert(b.bytes[from:end])
			from = end
		}
	}
}

// Insert adds a coin.
func (s *Summer) Insert(op wire.OutPoint, c chain.Coin) {
	s.now.bytes = appendForHash(s.now.bytes, op, c)
	s.close(len(s.now.bytes))
}

// Remove takes a coin out.
func (s *Summer) Remove(op wire.OutPoint, c chain.Coin) {
	s.now.bytes = appendForHash(s.now.bytes, op, c)
	s.close(-len(s.now.bytes))
}

func (s *Summer) close(end int) {
	s.now.ends = append(s.now.ends, end)
	if len(s.now.ends) == batchThings {
		s.batches <- s.now
		select {
		case s.now = <-s.spare:
		default:
			s.now = &batch{}
		}
	}
}

// Sum waits for the goroutines and joins what they have.
func (s *Summer) Sum() *MuHash {
	s.batches <- s.now
	close(s.batches)
	s.running.Wait()
	for _, part := range s.parts[1:] {
		s.parts[0].Join(part)
	}
	return s.parts[0]
}
