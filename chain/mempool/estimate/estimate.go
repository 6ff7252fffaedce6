package estimate

import (
	"math"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// The names in brackets are Core's.
const (
	// maxTarget is the longest wait, in blocks, that is told apart. What waits
	// longer is asked for with it [MED_BLOCK_PERIODS × MED_SCALE].
	maxTarget = 48
	// fade is what a block leaves of all counters: half after 144 [MED_DECAY].
	fade = 0.9952
	// enough is how many transactions, with faded ones counted by what is left
	// of them, a range of rates must have seen: one every ten blocks, for ever [SUFFICIENT_FEETXS].
	enough = 0.1 / (1 - fade)

	lowest  = 100.0 // satoshis per 1,000 virtual bytes [MIN_BUCKET_FEERATE]
	step    = 1.05  // from one bucket of rates to the next [FEE_SPACING]
	buckets = 237   // up to about 10,000 sat/vB

	half     = 0.60 // share that must be in within half the target [HALF_SUCCESS_PCT]
	most     = 0.85 // within the target [SUCCESS_PCT]
	nearly   = 0.95 // within twice the target [DOUBLE_SUCCESS_PCT]
	shortest = 2    // the next block is never sure to come with room in it
)

// bucket counts transactions of like fee rates.
type bucket struct {
	in     [maxTarget + 1]float64 // confirmed within so many blocks
	out    [maxTarget + 1]float64 // left the pool otherwise, after at least so many blocks
	seen   float64                // confirmed at all
	summed float64                // fee rates of those
}

type watched struct {
	height int32 // of the tip when it came
	bucket int
	rate   policy.FeeRate
}

// Estimator watches the pool. It is not safe for concurrent use.
type Estimator struct {
	buckets [buckets]bucket
	watched map[chain.Hash]watched // bounded by the pool
	height  int32                  // of the highest block so far
}

// New makes an Estimator that knows nothing.
func New() *Estimator { return &Estimator{watched: make(map[chain.Hash]watched)} }

// Came notes a transaction that entered the pool at the tip of that height. It
// must not build on unconfirmed ones: those may be waiting, not it.
func (e *Estimator) Came(txid chain.Hash, rate policy.FeeRate, height int32) {
	if height < e.height {
		return // the chain went back: how long it waits would be counted wrongly
	}
	e.watched[txid] = watched{height, bucketOf(rate), rate}
}

func bucketOf(rate policy.FeeRate) int {
	n := math.Floor(math.Log(max(float64(rate), lowest)/lowest) / math.Log(step))
	return min(int(n), buckets-1)
}

// Left notes a transaction that left the pool without a block.
func (e *Estimator) Left(txid chain.Hash) {
	w, ok := e.watched[txid]
	if !ok {
		return
	}
	delete(e.watched, txid)
	for t := range min(int(e.height-w.height), maxTarget) + 1 {
		e.buckets[w.bucket].out[t]++
	}
}

// Block notes a block and which pool transactions it holds.
func (e *Estimator) Block(height int32, confirmed []chain.Hash) {
	later := height > e.height
	if later {
		e.height = height
		e.fadeAll()
	}
	for _, txid := range confirmed {
		w, ok := e.watched[txid]
		delete(e.watched, txid)
		if !ok || !later || height <= w.height {
			continue
		}
		b := &e.buckets[w.bucket]
		b.seen++
		b.summed += float64(w.rate)
		for t := int(height - w.height); t <= maxTarget; t++ {
			b.in[t]++
		}
	}
}

func (e *Estimator) fadeAll() {
	for i := range e.buckets {
		b := &e.buckets[i]
		if b.seen == 0 && b.out[0] == 0 {
			continue // nothing was counted here: a syncing node has no pool
		}
		b.seen *= fade
		b.summed *= fade
		for t := range b.in {
			b.in[t] *= fade
			b.out[t] *= fade
		}
	}
}

// Rate is the fee rate at which a transaction is likely to be in a block
// within target blocks: the highest of what let 60 % in within half the target,
// 85 % within the target, 95 % within twice it; with conservative also 95 %
// within the target. It also says for which target that is. ok is false when
// too little was seen.
func (e *Estimator) Rate(target int, conservative bool) (rate policy.FeeRate, blocks int, ok bool) {
	blocks = min(max(target, shortest), maxTarget)
	asks := []struct {
		target int
		share  float64
	}{{blocks / 2, half}, {blocks, most}, {min(2*blocks, maxTarget), nearly}}
	if conservative {
		asks[1].share = nearly
	}
	waiting := e.waiting()
	for _, a := range asks {
		if r, found := e.lowestRate(a.target, a.share, waiting); found {
			rate, ok = max(rate, r), true
		}
	}
	return rate, blocks, ok
}

// waiting counts what is in the pool, by bucket and by blocks waited so far.
func (e *Estimator) waiting() *[buckets][maxTarget + 1]float64 {
	var n [buckets][maxTarget + 1]float64
	for _, w := range e.watched {
		for t := range min(int(max(e.height-w.height, 0)), maxTarget) + 1 {
			n[w.bucket][t]++
		}
	}
	return &n
}

// lowestRate goes down the rates for as long as a share of those who paid so
// much was confirmed within target blocks, taking as many buckets together as
// it needs to have seen enough.
func (e *Estimator) lowestRate(target int, share float64, waiting *[buckets][maxTarget + 1]float64) (policy.FeeRate, bool) {
	var in, all, seen float64
	top, bestTop, bestLow := buckets-1, -1, -1
	for i := buckets - 1; i >= 0; i-- {
		b := &e.buckets[i]
		in += b.in[target]
		seen += b.seen
		all += b.seen + b.out[target] + waiting[i][target]
		if seen < enough {
			continue
		}
		if in < share*all {
			break
		}
		bestTop, bestLow = top, i
		in, all, seen, top = 0, 0, 0, i-1
	}
	if bestTop < 0 {
		return 0, false
	}
	return e.median(bestLow, bestTop), true
}

// median is the mean rate of the bucket in which the middle transaction of a
// range of buckets lies.
func (e *Estimator) median(low, top int) policy.FeeRate {
	var all float64
	for i := low; i <= top; i++ {
		all += e.buckets[i].seen
	}
	left := all / 2
	for i := low; i <= top; i++ {
		b := &e.buckets[i]
		if left -= b.seen; left <= 0 && b.seen > 0 {
			return policy.FeeRate(b.summed / b.seen)
		}
	}
	return 0
}
