package relay

import (
	"math"
	"math/rand/v2"
	"time"
)

const (
	// MaxFloor is the highest fee rate that can be asked for: nothing is wanted [MAX_MONEY].
	MaxFloor int64 = 21e14

	floorDelay = 5 * time.Minute // at most, until peers hear of a new floor [MAX_FEEFILTER_CHANGE_DELAY]
	floorLocal = time.Second     // the same on local networks: it falls all the time after the pool was full
	floorStep  = 1.1             // between the floors that peers can hear of [FeeFilterRounder]
	floorBase  = 100             // satoshis per 1000 vbytes, where the pool has no least rate
)

// Floor is the fee rate below which peers are asked not to announce (BIP133),
// in satoshis per 1000 vbytes. What they hear is rounded and late, or our pool's
// own floor would tell us from others; on local networks it is exact.
type Floor struct {
	rand  *rand.Rand
	local bool
	least int64 // never lower
	rate  int64 // our pool's
	said  int64
	quiet bool      // nothing is wanted: it could not be judged
	due   time.Time // when peers are told; zero: there is no news
}

// NewFloor makes a floor that starts at the least rate it can have.
func NewFloor(least int64, local bool, r *rand.Rand) Floor {
	return Floor{rand: r, local: local, least: least, rate: least, said: least}
}

// Said is what all peers have been told; 0: nothing.
func (f *Floor) Said() int64 { return f.said }

// Set notes a new floor of our pool.
func (f *Floor) Set(rate int64, now time.Time) {
	switch {
	case rate == f.rate:
		return
	case f.due.IsZero() && f.local:
		f.due = now.Add(floorLocal)
	case f.due.IsZero():
		f.due = now.Add(time.Duration(f.rand.Int64N(int64(floorDelay))))
	}
	f.rate = rate
}

// Due is when peers are told next; zero: there is no news.
func (f *Floor) Due() time.Time { return f.due }

// Next says whether all peers are to be told, and what. quiet: nothing is wanted.
func (f *Floor) Next(now time.Time, quiet bool) (rate int64, tell bool) {
	if quiet == f.quiet && (f.due.IsZero() || now.Before(f.due)) {
		return 0, false
	}
	f.quiet, f.due = quiet, time.Time{}
	before := f.said
	if f.said = MaxFloor; !quiet {
		f.said = f.rounded()
	}
	return f.said, f.said != before
}

// rounded is a step below our pool's floor, or one time in three above it.
func (f *Floor) rounded() int64 {
	base := float64(max(f.least, floorBase))
	if f.local || float64(f.rate) <= base {
		return max(f.rate, f.least)
	}
	step := math.Floor(math.Log(float64(f.rate)/base) / math.Log(floorStep))
	if f.rand.IntN(3) == 0 {
		step++
	}
	return int64(base * math.Pow(floorStep, step))
}
