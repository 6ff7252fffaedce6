package node

import (
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
	"grapevine/p2p/gossip"
)

// noCoins is a chain of genesis alone.
type noCoins struct{ chain.CoinView }

func (noCoins) Tip() *chain.HeaderNode { return chain.RegTest().Genesis() }

// Peers are told which fees the pool asks for, when that has changed.
func TestGossipIsToldOfThePoolsFloor(t *testing.T) {
	f := newFollower()
	for _, c := range []struct {
		rate policy.FeeRate
		told bool
	}{{1000, true}, {1000, false}, {5000, true}, {1000, true}} {
		f.pool = mempool.New(mempool.Config{
			Params: chain.RegTest(), MinFeeRate: c.rate, Now: time.Now, View: func() mempool.View { return noCoins{} },
		})
		evs := f.minFee(nil)
		want := gossip.Event(gossip.MinFeeChanged{Rate: int64(c.rate)})
		if told := len(evs) == 1 && evs[0] == want; told != c.told {
			t.Errorf("at %d: told %v", c.rate, evs)
		}
	}
}
