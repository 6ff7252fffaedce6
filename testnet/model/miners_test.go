package model

import (
	"math"
	"testing"
	"time"
)

// Blocks that come while another is on its way are stale: with a mean delay of
// d and a block each t, d in t+d of them.
func TestStaleBlocksAreThoseOfTheory(t *testing.T) {
	for _, every := range []time.Duration{300 * time.Millisecond, 2 * time.Second} {
		cfg := Default()
		cfg.Nodes, cfg.Outbound, cfg.Blocks, cfg.Txs, cfg.Interval = 12, 3, 600, 0, every
		r := mustRun(t, cfg)
		delay := 0.0
		for _, p := range r.Blocks.Curve {
			delay += p[1] / float64(len(r.Blocks.Curve))
		}
		want := delay / (every.Seconds() + delay)
		if math.Abs(r.Stale-want) > 0.2*want || len(r.Wrong) > 0 {
			t.Errorf("a block each %v: %.3f are stale, want about %.3f (%v)", every, r.Stale, want, r.Wrong)
		}
		t.Logf("a block each %v: %.3f are stale, theory %.3f", every, r.Stale, want)
	}
}

// Hash power is what it says, and honest miners get what they work for.
func TestHashPowerEarnsItsShare(t *testing.T) {
	cfg := Default()
	cfg.Nodes, cfg.Outbound, cfg.Blocks, cfg.Txs, cfg.Interval = 6, 2, 1000, 0, time.Minute
	cfg.Power = []float64{0.4, 0.25}
	r := mustRun(t, cfg)
	for i, want := range cfg.Power {
		if m := r.Miners[i]; m.Node != i || math.Abs(m.Share-want) > 0.04 || m.Kept > m.Found {
			t.Errorf("%+v, want a share of %v", m, want)
		}
	}
}

// A selfish miner earns what Eyal and Sirer reckoned, between none and all of
// the others mining on its side of a race.
func TestSelfishMinerEarnsWhatTheoryGrants(t *testing.T) {
	revenue := func(a, g float64) float64 {
		return (a*(1-a)*(1-a)*(4*a+g*(1-2*a)) - a*a*a) / (1 - a*(1+(2-a)*a))
	}
	const chance = 0.04
	for _, a := range []float64{0.2, 0.4} {
		cfg := Default()
		cfg.Nodes, cfg.Outbound, cfg.Blocks, cfg.Txs, cfg.Interval = 6, 2, 1500, 0, time.Minute
		cfg.Power, cfg.Selfish = []float64{a}, true
		r := mustRun(t, cfg)
		low, high := revenue(a, 0), revenue(a, 1)
		if s := r.Miners[0].Share; s < low-chance || s > high+chance || len(r.Wrong) > 0 {
			t.Errorf("with %v of the power a share of %.3f, want %.3f to %.3f (%v)", a, s, low, high, r.Wrong)
		}
		t.Logf("with %v of the power %.3f of the chain (theory %.3f to %.3f), %.1f %% stale", a, r.Miners[0].Share, low, high, 100*r.Stale)
	}
}
