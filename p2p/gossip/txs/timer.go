package txs

import (
	"math"
	"math/rand/v2"
	"time"
)

// Mean times between invs on public networks (trickling).
const (
	inboundInv  = 5 * time.Second // [INBOUND_INVENTORY_BROADCAST_INTERVAL]
	outboundInv = 2 * time.Second // [OUTBOUND_INVENTORY_BROADCAST_INTERVAL]
)

// Timer sets random times for invs, so that nobody can tell from their timing
// where a transaction came from. Those who came to us share one, as in Core: who
// connects a hundred times learns no more than who connects once.
type Timer struct {
	Rand    *rand.Rand
	inbound time.Time
}

// Next is when the next inv goes out to a peer [NextInvToInbounds].
func (t *Timer) Next(now time.Time, inbound bool) time.Time {
	if !inbound {
		return now.Add(t.poisson(outboundInv))
	}
	if !now.Before(t.inbound) {
		t.inbound = now.Add(t.poisson(inboundInv))
	}
	return t.inbound
}

func (t *Timer) poisson(mean time.Duration) time.Duration {
	u := 1 - t.Rand.Float64() // (0, 1]
	return time.Duration(-math.Log(u) * float64(mean))
}
