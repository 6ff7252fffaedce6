package gossip

import (
	"math/rand/v2"

	"grapevine/chain"
)

// mannered is a State with other manners than grapevine's.
func mannered(w *world, m Manners) *State {
	return New(Config{
		Params: w.params, Headers: []*chain.HeaderNode{w.nodes["g"]}, MinFee: 1000, Rand: rand.New(rand.NewPCG(1, 0)),
		Manners: m,
	})
}
