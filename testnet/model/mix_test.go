package model

import (
	"math/rand/v2"
	"time"
)

// mix is a small network in which something of everything goes wrong, as the seed says.
func mix(seed uint64) Config {
	r := rand.New(rand.NewPCG(seed, 77))
	cfg := Config{
		Nodes: 8 + r.IntN(9), Outbound: 2 + r.IntN(3), Seed: seed, Prove: true,
		Latency: time.Duration(1+r.IntN(200)) * time.Millisecond, Jitter: r.Float64() / 2,
		Blocks: 4 + r.IntN(6), Interval: time.Duration(1+r.IntN(15)) * time.Second,
		Txs: 20 + r.IntN(40), TxSize: 250, Chained: r.Float64() / 2,
		Validation: time.Duration(r.IntN(500)) * time.Millisecond, TxCheck: time.Duration(r.IntN(3000)) * time.Microsecond,
	}
	if r.IntN(2) == 0 {
		cfg.Rate = 20_000 << r.IntN(8)
	}
	if r.IntN(2) == 0 {
		cfg.Loss = r.Float64() * 60
	}
	if r.IntN(2) == 0 {
		cfg.Churn = r.Float64() / 2
	}
	if r.IntN(2) == 0 {
		cfg.Liars = r.Float64() / 3
	}
	if r.IntN(2) == 0 {
		cfg.Groups, cfg.Partition = 2+r.IntN(2), time.Duration(5+r.IntN(40))*time.Second
	}
	cfg.Stock = [4]float64{0, 0, 1, r.Float64()}[r.IntN(4)]
	if r.IntN(8) == 0 {
		cfg.Regions = true
	}
	cfg.Public = r.IntN(8) == 0
	if r.IntN(4) == 0 {
		cfg.TxSize = 250 << r.IntN(7) // up to 16 kB: blocks of half a megabyte
	}
	if r.IntN(4) == 0 { // forks all the time
		cfg.Blocks, cfg.Interval = 10+r.IntN(20), time.Duration(200+r.IntN(800))*time.Millisecond
	}
	if r.IntN(6) == 0 {
		cfg.Power, cfg.Selfish = []float64{0.2 + r.Float64()/3, r.Float64() / 4}, true
	}
	return cfg
}
