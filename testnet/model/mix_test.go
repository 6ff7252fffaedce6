package model

import (
	"math/rand/v2"
	"time"
)

// mix is a small town in which something of everything goes wrong, as the seed says.
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
	cfg.Stock = r.IntN(3) == 0
	if r.IntN(8) == 0 {
		cfg.Regions = true
	}
	return cfg
}
