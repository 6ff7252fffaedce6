package simulatecmd

import (
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet/config"
	"grapevine/testnet/model"
)

// described takes from a network.yaml what the simulator knows of: how many nodes there are,
// their hash power, the seed, and of the first link latency, jitter, rate and loss,
// which there are those of all.
func (p *program) described(c *urfave.Context, file string, cfg *model.Config) error {
	n, err := config.Read(file, p.NodeLines(c.App))
	if err != nil {
		return cli.Usagef("--config %v", err)
	}
	cfg.Seed = n.Seed
	if !c.IsSet("nodes") {
		cfg.Nodes = len(n.Nodes)
	}
	last := 0
	for i, v := range n.Nodes {
		cfg.Power = append(cfg.Power, float64(v.Power)/100)
		if v.Power > 0 {
			last = i + 1
		}
	}
	if cfg.Power = cfg.Power[:last]; last == 0 {
		cfg.Power = nil
	}
	if len(n.Links) == 0 {
		return nil
	}
	l := n.Links[0]
	if !c.IsSet("latency") && l.Latency > 0 {
		cfg.Latency = time.Duration(l.Latency)
	}
	if !c.IsSet("jitter") && l.Latency > 0 {
		cfg.Jitter = float64(l.Jitter) / float64(l.Latency)
	}
	if !c.IsSet("rate") {
		cfg.Rate = l.Rate
	}
	if !c.IsSet("loss") {
		cfg.Loss = l.Loss
	}
	return nil
}
