package model

import (
	"fmt"
	"slices"
)

// Miner is a node that was given a share of the hash power by name, and what
// it made of it.
type Miner struct {
	Node  int     `json:"node"`
	Power float64 `json:"power"` // share of the network's
	Found int     `json:"found"` // blocks
	Kept  int     `json:"kept"`  // of these, in the chain
	Share float64 `json:"share"` // of the chain's blocks
}

// finder is who finds the next block: by hash power, else anybody. nil: whose
// block it would have been is down.
func (m *sim) finder() *node {
	if len(m.cfg.Power) == 0 {
		return m.somebody()
	}
	x := m.rnd.Float64()
	for i, p := range m.cfg.Power {
		if x -= p; x >= 0 {
			continue
		}
		if n := m.nodes[i]; n.up {
			return n
		}
		return nil
	}
	for range 100 * len(m.nodes) {
		if n := m.somebody(); n == nil || n.i >= len(m.cfg.Power) {
			return n
		}
	}
	return nil
}

// withheld is the branch that a selfish miner works on and tells nobody of
// (Eyal and Sirer, Majority is not enough: Bitcoin mining is vulnerable, 2014).
type withheld struct {
	hidden []*block // parents first
	race   bool     // its last block stands against another of the same height
}

// selfish says whether the node withholds what it finds.
func (m *sim) selfish(n *node) bool { return m.cfg.Selfish && n.i == 0 }

// keepBack adds a found block to the hidden branch. In a race it is shown: it wins.
func (m *sim) keepBack(n *node, b *block) {
	s := &m.secret
	if s.hidden = append(s.hidden, b); s.race {
		m.show(n, 1)
	}
}

// outdone: a block of others has come to the selfish miner. It shows as much as
// takes that block's place, and all if its lead would be one; what is behind it gives up.
func (m *sim) outdone(n *node, by *block) {
	s := &m.secret
	if len(s.hidden) == 0 {
		s.race = false
		return
	}
	first, last := s.hidden[0].Node.Height, s.hidden[len(s.hidden)-1].Node.Height
	switch lead := last - by.Node.Height; {
	case lead < 0:
		s.hidden = nil
	case lead <= 1:
		m.show(n, len(s.hidden))
		s.race = lead == 0
	default:
		m.show(n, int(max(by.Node.Height-first+1, 0)))
	}
}

// show gives the first k hidden blocks to the node itself, and so to all.
func (m *sim) show(n *node, k int) {
	s := &m.secret
	out := s.hidden[:k]
	s.hidden, s.race = s.hidden[k:], false
	for _, b := range out {
		m.submitBlock(n, b)
	}
}

// miners counts what became of the blocks of those named.
func (m *sim) miners(tip *block) (all []Miner) {
	chain := 0
	for i, p := range m.cfg.Power {
		all = append(all, Miner{Node: i, Power: p})
	}
	for _, b := range m.w.Blocks[2:] {
		in := b.Node.IsAncestorOf(tip.Node)
		if in {
			chain++
		}
		if int(b.Miner) < len(all) {
			who := &all[b.Miner]
			who.Found++
			if in {
				who.Kept++
			}
		}
	}
	for i := range all {
		all[i].Share = share(int64(all[i].Kept), int64(chain))
	}
	return all
}

// mergeMiners adds up what they found; shares are those of the middle run.
func mergeMiners(runs []*Result) []Miner {
	all := slices.Clone(runs[0].Miners)
	for i := range all {
		all[i].Found, all[i].Kept = 0, 0
		for _, r := range runs {
			all[i].Found += r.Miners[i].Found
			all[i].Kept += r.Miners[i].Kept
		}
		all[i].Share = middle(runs, func(r *Result) float64 { return r.Miners[i].Share })
	}
	return all
}

// checkPower refuses what makes no sense of Power and Selfish.
func (c Config) checkPower() error {
	sum := 0.0
	for _, p := range c.Power {
		if sum += p; p < 0 || sum > 1.000001 {
			return fmt.Errorf("hash power: want shares that are at most 100 %% together")
		}
	}
	if len(c.Power) >= c.Nodes {
		return fmt.Errorf("hash power of %d miners: want fewer than there are nodes", len(c.Power))
	}
	if c.Selfish && len(c.Power) == 0 {
		return fmt.Errorf("a selfish miner needs a share of the hash power")
	}
	return nil
}
