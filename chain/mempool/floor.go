package mempool

import (
	"math"
	"time"

	"grapevine/chain/policy"
)

// floor is the fee rate below which nothing enters because what paid that much
// was evicted. It keeps the evicted from coming back at once, and, once a
// block has made room, sinks by half each half-life: sooner the emptier the
// pool [rollingMinimumFeeRate].
type floor struct {
	rate  float64 // satoshis per 1,000 virtual bytes, at since
	since time.Time
	sinks bool           // a block came after the last rise
	step  policy.FeeRate // the least floor; below half of it there is none
}

// at is the floor now (mempoolminfee; Core: GetMinFee); 0 is none. full is the share of the pool's memory in use.
func (f floor) at(now time.Time, full float64) policy.FeeRate {
	if f.rate == 0 {
		return 0
	}
	rate := f.rate
	if f.sinks {
		rate = f.sunk(now, full)
		if rate < float64(f.step)/2 {
			return 0
		}
	}
	return max(policy.FeeRate(math.Round(rate)), f.step)
}

func (f floor) sunk(now time.Time, full float64) float64 {
	half := floorHalfLife
	switch {
	case full < 1.0/4:
		half /= 4
	case full < 1.0/2:
		half /= 2
	}
	passed := max(now.Sub(f.since), 0)
	return f.rate * math.Exp2(-passed.Seconds()/half.Seconds())
}

// raise lifts the floor to rate if it is lower.
func (f *floor) raise(rate policy.FeeRate, now time.Time) {
	if r := float64(rate); r > f.rate {
		f.rate, f.since, f.sinks = r, now, false
	}
}

// block notes that a block came: the floor sinks from here on.
func (f *floor) block(now time.Time, full float64) {
	if f.sinks {
		f.rate = f.sunk(now, full)
		if f.rate < float64(f.step)/2 {
			f.rate = 0
		}
	}
	f.since, f.sinks = now, true
}
