package gossip

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/btcsuite/btcd/wire/v2"
)

const (
	// maxFeeFilter is the highest fee rate that can be asked for: nothing is wanted [MAX_MONEY].
	maxFeeFilter int64 = 21e14

	feeFilterDelay = 5 * time.Minute // at most, until peers hear of a new floor [MAX_FEEFILTER_CHANGE_DELAY]
	feeFilterLocal = time.Second     // the same on local networks: it falls all the time after the pool was full
	feeFilterStep  = 1.1             // between the floors that peers can hear of [FeeFilterRounder]
	feeFilterBase  = 100             // satoshis per 1000 vbytes, where the pool has no least rate
)

// feeFilter is the fee rate below which peers are asked not to announce (BIP133),
// in satoshis per 1000 vbytes. What they hear is rounded and late, or our pool's
// own floor would tell us from others; on local networks it is exact.
type feeFilter struct {
	rand  *rand.Rand
	local bool
	least int64 // never lower
	rate  int64 // our pool's
	said  int64
	quiet bool      // nothing is wanted: it could not be validated
	due   time.Time // when peers are told; zero: there is no news
}

// newFeeFilter makes a floor that starts at the least rate it can have.
func newFeeFilter(least int64, local bool, r *rand.Rand) feeFilter {
	return feeFilter{rand: r, local: local, least: least, rate: least, said: least}
}

// Said is what all peers have been told; 0: nothing.
func (f *feeFilter) Said() int64 { return f.said }

// set notes a new floor of our pool.
func (f *feeFilter) set(rate int64, now time.Time) {
	switch {
	case rate == f.rate:
		return
	case f.due.IsZero() && f.local:
		f.due = now.Add(feeFilterLocal)
	case f.due.IsZero():
		f.due = now.Add(time.Duration(f.rand.Int64N(int64(feeFilterDelay))))
	}
	f.rate = rate
}

// Due is when peers are told next; zero: there is no news.
func (f *feeFilter) Due() time.Time { return f.due }

// next says whether all peers are to be told, and what. quiet: nothing is wanted.
func (f *feeFilter) next(now time.Time, quiet bool) (rate int64, tell bool) {
	if quiet == f.quiet && (f.due.IsZero() || now.Before(f.due)) {
		return 0, false
	}
	f.quiet, f.due = quiet, time.Time{}
	before := f.said
	if f.said = maxFeeFilter; !quiet {
		f.said = f.rounded()
	}
	return f.said, f.said != before
}

// rounded is a step below our pool's floor, or one time in three above it.
func (f *feeFilter) rounded() int64 {
	base := float64(max(f.least, feeFilterBase))
	if f.local || float64(f.rate) <= base {
		return max(f.rate, f.least)
	}
	step := math.Floor(math.Log(float64(f.rate)/base) / math.Log(feeFilterStep))
	if f.rand.IntN(3) == 0 {
		step++
	}
	return int64(base * math.Pow(feeFilterStep, step))
}

// tellFeeFilter asks peers not to announce what our pool would refuse (BIP133), nor
// anything while we are syncing.
func (s *State) tellFeeFilter() {
	if rate, tell := s.feeFilter.next(s.now, !s.local && s.syncing()); tell {
		for _, p := range s.peers {
			s.sendFeeFilter(p, rate)
		}
	}
}

func (s *State) sendFeeFilter(p *peer, rate int64) {
	if p.Relay && !p.Silent() {
		s.send(p, wire.NewMsgFeeFilter(rate))
	}
}
