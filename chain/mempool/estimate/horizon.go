package estimate

import "math"

// horizon counts transactions by fee rate and by the blocks they waited, and
// forgets at its own pace: the longer waits it tells apart, the slower (Core:
// TxConfirmStats). Waits are counted in periods of scale blocks.
type horizon struct {
	decay  float64 // what a block leaves of all counters
	scale  int     // blocks of a period
	often  float64 // transactions a block that a range of rates must have seen
	bounds []float64

	seen, summed []float64   // by bucket: confirmed at all, and their fee rates
	in           [][]float64 // by period and bucket: confirmed within so many periods
	out          [][]float64 // left the pool otherwise, after at least so many periods

	waiting [][]int // in the pool, by height of entry (modulo the longest wait) and bucket
	stale   []int   // in the pool for longer than that
}

func newHorizon(bounds []float64, k kind) *horizon {
	h := &horizon{decay: k.decay, scale: k.scale, often: k.often, bounds: bounds}
	h.seen, h.summed = make([]float64, len(bounds)), make([]float64, len(bounds))
	h.in, h.out = grid[float64](k.periods, len(bounds)), grid[float64](k.periods, len(bounds))
	h.clear()
	return h
}

func grid[T any](rows, columns int) [][]T {
	g := make([][]T, rows)
	for i := range g {
		g[i] = make([]T, columns)
	}
	return g
}

// clear forgets what waits.
func (h *horizon) clear() {
	h.waiting, h.stale = grid[int](h.longest(), len(h.bounds)), make([]int, len(h.bounds))
}

// longest is the longest wait that is told apart, in blocks.
func (h *horizon) longest() int { return h.scale * len(h.in) }

// at is what waits since a height.
func (h *horizon) at(height int) []int {
	n := len(h.waiting)
	return h.waiting[((height%n)+n)%n]
}

func (h *horizon) came(height, bucket int) { h.at(height)[bucket]++ }

// left notes what leaves the pool now, at height, into a block or otherwise.
func (h *horizon) left(w watched, height int, confirmed bool) {
	ago := max(height-int(w.height), 0)
	from := h.stale
	if ago < h.longest() {
		from = h.at(int(w.height))
	}
	from[w.bucket] = max(from[w.bucket]-1, 0)
	if confirmed {
		return
	}
	for i := range min(ago/h.scale, len(h.out)) { // it waited for so many whole periods in vain
		h.out[i][w.bucket]++
	}
}

// confirmed notes what a block has taken after so many blocks.
func (h *horizon) confirmed(w watched, blocks int) {
	for i := (blocks+h.scale-1)/h.scale - 1; i < len(h.in); i++ {
		h.in[i][w.bucket]++
	}
	h.seen[w.bucket]++
	h.summed[w.bucket] += float64(w.rate)
}

// block fades all counters; what waits for longer than is told apart becomes stale.
func (h *horizon) block(height int) {
	old := h.at(height)
	for j := range h.bounds {
		h.stale[j] += old[j]
		old[j] = 0
		if h.seen[j] == 0 && h.out[0][j] == 0 {
			continue // nothing was counted here: a syncing node has no pool
		}
		h.seen[j] *= h.decay
		h.summed[j] *= h.decay
		for i := range h.in {
			h.in[i][j] *= h.decay
			h.out[i][j] *= h.decay
		}
	}
}

// Range is a range of fee rates, in satoshis per 1,000 virtual bytes, and what
// became of the transactions that paid so much.
type Range struct {
	Start, End   float64
	WithinTarget float64
	Confirmed    float64
	InPool       float64
	Left         float64
}

// Raw is what a horizon says of a target.
type Raw struct {
	Rate  float64 // satoshis per 1,000 virtual bytes; below 0: none
	Pass  Range   // the lowest rates that meet the target
	Fail  *Range  // the highest that do not; nil: all that were seen do
	Decay float64
	Scale int
}

// estimate goes down the rates for as long as a share of those who paid so much was
// confirmed within target blocks, taking as many buckets together as it needs to
// have seen enough [EstimateMedianVal].
func (h *horizon) estimate(target int, share float64, height int32) Raw {
	r := Raw{Rate: -1, Pass: Range{Start: -1, End: -1}, Decay: h.decay, Scale: h.scale}
	enough, period := h.often/(1-h.decay), (target+h.scale-1)/h.scale-1
	var sum Range
	top, low, high, seen := len(h.bounds)-1, -1, -1, 0.0
	open := false // there are buckets that were not judged
	for j := len(h.bounds) - 1; j >= 0; j-- {
		if !open {
			top, open = j, true
		}
		seen += h.seen[j]
		sum.WithinTarget += h.in[period][j]
		sum.Confirmed += h.seen[j]
		sum.Left += h.out[period][j]
		sum.InPool += h.waited(j, target, int(height))
		if seen < enough {
			continue
		}
		seen = 0
		if sum.WithinTarget < share*(sum.Confirmed+sum.Left+sum.InPool) {
			if r.Fail == nil {
				r.Fail = h.span(sum, j, top)
			}
			continue
		}
		r.Pass, r.Fail = sum, nil
		low, high, sum, open = j, top, Range{}, false
	}
	if low >= 0 {
		r.Rate = h.median(low, high)
		r.Pass = *h.span(r.Pass, low, high)
	}
	if r.Fail == nil && open {
		r.Fail = h.span(sum, 0, top)
	}
	return r
}

// waited counts what is in the pool for target blocks or longer.
func (h *horizon) waited(bucket, target, height int) float64 {
	n := h.stale[bucket]
	for t := target; t < h.longest(); t++ {
		n += h.at(height - t)[bucket]
	}
	return float64(n)
}

// span is a range with its buckets' bounds.
func (h *horizon) span(r Range, low, high int) *Range {
	r.Start, r.End = 0, h.bounds[high]
	if low > 0 {
		r.Start = h.bounds[low-1]
	}
	return &r
}

// median is the mean rate of the bucket in which the middle transaction of a
// range of buckets lies.
func (h *horizon) median(low, high int) float64 {
	var all float64
	for j := low; j <= high; j++ {
		all += h.seen[j]
	}
	left := all / 2
	for j := low; j <= high && all > 0; j++ {
		if h.seen[j] >= left {
			return math.Round(h.summed[j] / h.seen[j])
		}
		left -= h.seen[j]
	}
	return -1
}
