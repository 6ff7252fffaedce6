package mempool

import (
	"fmt"

	"grapevine/chain"
)

// Check proves what must always hold and names what does not: all that the
// graph promises (see graph.Check), and that memory is within its limit.
// With the coin set at the pool's own tip also: every input that the pool does
// not make is in the coin set.
func (p *Pool) Check() error {
	if err := p.checkGraph(); err != nil {
		return fmt.Errorf("mempool check: %w", err)
	}
	if err := p.checkCoins(); err != nil {
		return fmt.Errorf("mempool check: %w", err)
	}
	return nil
}

func (p *Pool) checkGraph() error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if used := p.graph.Usage(); used > p.cfg.MaxBytes {
		return fmt.Errorf("uses %d bytes of %d", used, p.cfg.MaxBytes)
	}
	return p.graph.Check()
}

// checkCoins is exact only while the writer rests.
func (p *Pool) checkCoins() error {
	view := p.cfg.View()
	p.mu.RLock()
	entries, tip := p.graph.ordered(), p.tip
	made := make(map[chain.Hash]bool, len(entries))
	for _, e := range entries {
		made[e.Tx.ID] = true
	}
	p.mu.RUnlock()
	if view.Tip().Hash != tip.Hash {
		return nil
	}
	for _, e := range entries {
		for _, in := range e.Tx.TxIn {
			if made[in.PreviousOutPoint.Hash] {
				continue
			}
			_, ok, err := view.Coin(in.PreviousOutPoint)
			if err != nil {
				return err
			}
			if !ok {
				return fmt.Errorf("%s spends %s, which is in neither chain nor pool", e.Tx.ID, in.PreviousOutPoint)
			}
		}
	}
	return nil
}
