package estimate

import (
	"math"
	"slices"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// kind is what distinguishes horizons.
type kind struct {
	periods, scale int
	decay, often   float64
}

// The names in brackets are Core's.
const (
	highest = 1e7  // satoshis per 1,000 virtual bytes, of the last bucket with an end [MAX_BUCKET_FEERATE]
	step    = 1.05 // from one bucket of rates to the next [FEE_SPACING]
	endless = 1e99 // [INF_FEERATE]

	half     = 0.60 // share that must be in within half the target [HALF_SUCCESS_PCT]
	most     = 0.85 // within the target [SUCCESS_PCT]
	nearly   = 0.95 // within twice the target [DOUBLE_SUCCESS_PCT]
	shortest = 2    // the next block is never sure to come with room in it

	// oldHistory: what a file tells counts for so many blocks [OLDEST_ESTIMATE_HISTORY].
	oldHistory = 6 * 1008
)

// Which names a horizon, the shortest first.
type Which int

// The horizons [FeeEstimateHorizon].
const (
	Short Which = iota
	Medium
	Long
)

// kinds are the horizons' shapes.
func kinds() []kind {
	return []kind{
		{12, 1, 0.962, 0.5},    // [SHORT_BLOCK_PERIODS, SHORT_SCALE, SHORT_DECAY, SUFFICIENT_TXS_SHORT]
		{24, 2, 0.9952, 0.1},   // [MED_BLOCK_PERIODS, MED_SCALE, MED_DECAY, SUFFICIENT_FEETXS]
		{42, 24, 0.99931, 0.1}, // [LONG_BLOCK_PERIODS, LONG_SCALE, LONG_DECAY, SUFFICIENT_FEETXS]
	}
}

type watched struct {
	height int32 // of the tip when it came
	bucket int
	rate   policy.FeeRate
}

// Estimator watches the pool. It is not safe for concurrent use.
type Estimator struct {
	bounds   []float64 // of buckets of rates, their upper ends
	horizons []*horizon
	watched  map[chain.Hash]watched // bounded by the pool

	height int32 // of the highest block so far
	first  int32 // of the first block that confirmed something watched; 0: none yet
	past   span  // what a file told
}

type span struct{ first, best int32 }

// New makes an Estimator that knows nothing, at the tip of that height. Rates up
// to lowest are not told apart [MIN_BUCKET_FEERATE].
func New(lowest policy.FeeRate, height int32) *Estimator {
	e := &Estimator{watched: make(map[chain.Hash]watched), height: height}
	for b := float64(lowest); b <= highest; b *= step {
		e.bounds = append(e.bounds, b)
	}
	e.bounds = append(e.bounds, endless)
	for _, k := range kinds() {
		e.horizons = append(e.horizons, newHorizon(e.bounds, k))
	}
	return e
}

// Came notes a transaction that entered the pool at the tip of that height. It
// must not build on unconfirmed ones: those may be waiting, not it.
func (e *Estimator) Came(txid chain.Hash, rate policy.FeeRate, height int32) {
	if height != e.height {
		return // the chain went back: how long it waits would be counted wrongly
	}
	if _, ok := e.watched[txid]; ok {
		return
	}
	bucket, _ := slices.BinarySearch(e.bounds, float64(rate))
	e.watched[txid] = watched{height, bucket, rate}
	for _, h := range e.horizons {
		h.came(int(height), bucket)
	}
}

// Left notes a transaction that left the pool without a block.
func (e *Estimator) Left(txid chain.Hash) { e.drop(txid, false) }

func (e *Estimator) drop(txid chain.Hash, confirmed bool) (watched, bool) {
	w, ok := e.watched[txid]
	if ok {
		delete(e.watched, txid)
		for _, h := range e.horizons {
			h.left(w, int(e.height), confirmed)
		}
	}
	return w, ok
}

// Block notes a block and which pool transactions it holds.
func (e *Estimator) Block(height int32, confirmed []chain.Hash) {
	later := height > e.height
	if later {
		e.height = height
		for _, h := range e.horizons {
			h.block(int(height))
		}
	}
	for _, txid := range confirmed {
		w, ok := e.drop(txid, true)
		if !ok || !later {
			continue
		}
		for _, h := range e.horizons {
			h.confirmed(w, int(height-w.height))
		}
		if e.first == 0 {
			e.first = height
		}
	}
}

// Forget ends the watching of all that is in the pool: it will be unknown how long
// it waits [FlushUnconfirmed].
func (e *Estimator) Forget() {
	for txid := range e.watched {
		e.drop(txid, false)
	}
}

// Longest is the longest wait that a horizon tells apart, in blocks.
func (e *Estimator) Longest(w Which) int { return e.horizons[w].longest() }

// Raw is what one horizon says: the lowest fee rate of which a share was confirmed
// within target blocks. target is from 1 to Longest.
func (e *Estimator) Raw(target int, share float64, w Which) Raw {
	return e.horizons[w].estimate(target, share, e.height)
}

// usable is the longest target that enough blocks have been seen for (Core:
// MaxUsableEstimate).
func (e *Estimator) usable() int {
	return min(e.Longest(Long), max(e.seenBlocks(), e.pastBlocks())/2)
}

func (e *Estimator) seenBlocks() int {
	if e.first == 0 {
		return 0
	}
	return int(e.height - e.first)
}

func (e *Estimator) pastBlocks() int {
	if e.past.first == 0 || e.height-e.past.best > oldHistory {
		return 0
	}
	return int(e.past.best - e.past.first)
}

// Rate is the fee rate at which a transaction is likely to be in a block
// within target blocks: the highest of what let 60 % in within half the target,
// 85 % within the target, 95 % within twice it; with conservative the last by the
// longer horizons too. It also says for which target that is. ok is false when
// too little was seen [estimateSmartFee].
func (e *Estimator) Rate(target int, conservative bool) (rate policy.FeeRate, blocks int, ok bool) {
	blocks = min(max(target, shortest), e.usable())
	if target < 1 || target > e.Longest(Long) || blocks < shortest {
		return 0, blocks, false
	}
	best := max(e.combined(blocks/2, half, true), e.combined(blocks, most, true), e.combined(2*blocks, nearly, !conservative))
	if conservative || best < 0 {
		best = max(best, e.careful(2*blocks))
	}
	if best < 0 {
		return 0, blocks, false
	}
	return policy.FeeRate(math.Round(best)), blocks, true
}

// combined asks the shortest horizon that tells the target apart; with shorter,
// those below it for the longest they know too, if that is less.
func (e *Estimator) combined(target int, share float64, shorter bool) float64 {
	if target < 1 || target > e.Longest(Long) {
		return -1
	}
	which := Short
	for target > e.Longest(which) {
		which++
	}
	rate := e.Raw(target, share, which).Rate
	for w := which - 1; w >= Short && shorter; w-- {
		if r := e.Raw(e.Longest(w), share, w).Rate; r > 0 && (rate < 0 || r < rate) {
			rate = r
		}
	}
	return rate
}

// careful asks the horizons longer than the one that combined asks.
func (e *Estimator) careful(target int) float64 {
	rate := -1.0
	for w := Short; w < Long; w++ {
		if target <= e.Longest(w) {
			rate = max(rate, e.Raw(target, nearly, w+1).Rate)
		}
	}
	return rate
}
