package gossip

import (
	"math/rand/v2"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
)

const (
	// maxFeeFilter is the highest fee rate that can be asked for: nothing is wanted [MAX_MONEY].
	maxFeeFilter int64 = 21e14

	feeFilterMean    = 10 * time.Minute // between two looks at what a peer was told [AVG_FEEFILTER_BROADCAST_INTERVAL]
	feeFilterDelay   = 5 * time.Minute  // at most, until peers hear of a new floor [MAX_FEEFILTER_CHANGE_DELAY]
	feeFilterLocal   = time.Second      // the same on local networks: it falls all the time after the pool was full
	feeFilterStep    = 1.1              // between the floors that peers can hear of [FEE_FILTER_SPACING]
	feeFilterHighest = 1e7              // of these floors, in satoshis per 1000 vbytes [MAX_FILTER_FEERATE]
)

// feeFilter is the fee rate below which peers are asked not to announce (BIP133),
// in satoshis per 1000 vbytes. What they hear is rounded and late, each at another
// time, or our pool's own floor would tell us from others; on local networks it is
// exact, and all are told at once.
type feeFilter struct {
	rand  *rand.Rand
	steps []float64 // that peers can hear of, rising; nil: exact
	least int64     // never lower
	rate  int64     // our pool's
	said  int64     // to all
	due   time.Time // when peers are told; zero: there is no news
}

// peerFee is what one peer was told, and when that is looked at again.
type peerFee struct {
	said int64
	of   int64     // the floor that it was rounded from
	due  time.Time // zero: at once
}

// newFeeFilter makes a floor that starts at the least rate it can have.
func newFeeFilter(cfg Config, local bool) feeFilter {
	f := feeFilter{rand: cfg.Rand, least: cfg.MinFee, rate: cfg.MinFee, said: cfg.MinFee}
	if local {
		return f
	}
	base := cfg.Incremental
	if base == 0 {
		base = cfg.MinFee
	}
	f.steps = []float64{0}
	for step := float64(max(base/2, 1)); step <= feeFilterHighest; step *= feeFilterStep {
		f.steps = append(f.steps, step)
	}
	return f
}

// set notes a new floor of our pool.
func (f *feeFilter) set(rate int64, now time.Time) {
	if f.steps == nil && rate != f.rate && f.due.IsZero() {
		f.due = now.Add(feeFilterLocal)
	}
	f.rate = rate
}

// Due is when all peers are told next; zero: there is no news.
func (f *feeFilter) Due() time.Time { return f.due }

// next says whether all peers are to be told, and what, where that is exact.
func (f *feeFilter) next(now time.Time) (rate int64, tell bool) {
	if f.due.IsZero() || now.Before(f.due) {
		return 0, false
	}
	before := f.said
	f.due, f.said = time.Time{}, max(f.rate, f.least)
	return f.said, f.said != before
}

// highest is what a peer hears when nothing is wanted.
func (f *feeFilter) highest() int64 { return int64(f.steps[len(f.steps)-1]) }

// rounded is a step below a rate, or one time in three above it [FeeFilterRounder].
func (f *feeFilter) rounded(rate int64) int64 {
	if rate <= f.least {
		return f.least
	}
	i := 0
	for i < len(f.steps) && f.steps[i] < float64(rate) {
		i++
	}
	if i == len(f.steps) || i > 0 && f.rand.IntN(3) != 0 {
		i--
	}
	return max(int64(f.steps[i]), f.least)
}

// look says whether a peer is to be told now, and what [MaybeSendFeefilter]. quiet:
// nothing is wanted, for it could not be validated.
func (f *feeFilter) look(p *peerFee, now time.Time, quiet bool) (tell bool) {
	rate := f.rate
	switch {
	case quiet:
		rate = maxFeeFilter
	case p.said == f.highest():
		p.due = now // it may have been told that nothing is wanted
	}
	if rate == p.of && !p.due.IsZero() {
		return false
	}
	switch changed := rate < p.said/4*3 || rate > p.said/3*4; {
	case !now.Before(p.due):
		before := p.said
		p.said, p.of = f.rounded(rate), rate
		p.due = now.Add(time.Duration(f.rand.ExpFloat64() * float64(feeFilterMean)))
		return p.said != before
	case changed && now.Add(feeFilterDelay).Before(p.due):
		p.due = now.Add(time.Duration(f.rand.Int64N(int64(feeFilterDelay))))
	}
	return false
}

// dueOf is when a peer is told next; zero: there is no news.
func (f *feeFilter) dueOf(p *peerFee) time.Time {
	if f.steps == nil || p.of == f.rate || p.of == maxFeeFilter {
		return time.Time{}
	}
	return p.due
}

// hearsFeeFilter says whether a peer is told of our floor: not who is not to send
// transactions at all, nor who may send any.
func (s *State) hearsFeeFilter(p *peer) bool {
	return !p.Silent() && !s.cfg.Manners.BlocksOnly && !p.May(p2p.MayForceRelay) && (p.Relay || !s.local)
}

// joinFeeFilter tells a new peer of our floor.
func (s *State) joinFeeFilter(p *peer) {
	if s.local && s.feeFilter.said > 0 && s.hearsFeeFilter(p) {
		s.send(p, wire.NewMsgFeeFilter(s.feeFilter.said))
	}
}

// tellFeeFilter asks peers not to announce what our pool would refuse (BIP133), nor
// anything while we are syncing.
func (s *State) tellFeeFilter() {
	if !s.local {
		quiet := s.syncing()
		for _, p := range s.peers {
			if s.hearsFeeFilter(p) && s.feeFilter.look(&p.fee, s.now, quiet) {
				s.send(p, wire.NewMsgFeeFilter(p.fee.said))
			}
		}
		return
	}
	if rate, tell := s.feeFilter.next(s.now); tell {
		for _, p := range s.peers {
			if s.hearsFeeFilter(p) {
				s.send(p, wire.NewMsgFeeFilter(rate))
			}
		}
	}
}
