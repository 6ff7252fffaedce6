package explorer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
	"grapevine/cmd/web/layout"
)

// picture is what the pool's page shows of its transactions; it is made once for each state of the pool.
type picture struct {
	seq     uint64 // of the pool
	chunks  []chunk
	Bars    []bar
	Blocks  []blockToCome
	Map     treemap
	MapRest int // chunks of the next block that have no rectangle of their own
}

// lastPicture is the picture that was made last.
type lastPicture struct {
	mu sync.Mutex
	*picture
	made time.Time
	cost time.Duration
}

// A picture that took longer than slowPicture to make, of a large pool that changes all the time, stands for
// pictureRest times as long.
const (
	slowPicture = 50 * time.Millisecond
	pictureRest = 10
)

// stands says whether the picture will do.
func (p *lastPicture) stands(seq uint64, now time.Time) bool {
	return p.picture != nil && (p.seq == seq || p.cost > slowPicture && now.Sub(p.made) < pictureRest*p.cost)
}

// poolPicture is the picture of the pool as it is now, or was a moment ago. Making it takes a moment for a large pool, so that
// those who ask for the same one wait for each other.
func (h *Handler) poolPicture() *picture {
	h.picture.mu.Lock()
	defer h.picture.mu.Unlock()
	begin, seq := time.Now(), h.Pool.Pool.Stats().Sequence
	if !h.picture.stands(seq, begin) {
		h.picture.picture = newPicture(seq, h.Pool.Pool.Snapshot().Txs)
		h.picture.made = time.Now()
		h.picture.cost = h.picture.made.Sub(begin)
	}
	return h.picture.picture
}

func newPicture(seq uint64, txs []mempool.Candidate) *picture {
	p := &picture{seq: seq, chunks: chunksOf(txs), Bars: barsOf(txs)}
	p.Blocks = blocksToCome(p.chunks)
	p.Map, p.MapRest = mapOf(p.chunks)
	return p
}

// blockVSize is what a block has room for, in virtual bytes.
const blockVSize = chain.MaxBlockWeight / chain.WitnessScale

// blockOf is which block takes what pays so much, if nothing better comes; 1 is the next one.
func (p *picture) blockOf(paid policy.Paid) int {
	before := 0
	for _, c := range p.chunks {
		if policy.CmpRate(c.Paid, paid) <= 0 {
			break
		}
		before += c.VSize
	}
	return 1 + before/blockVSize
}

// bar is a step of the histogram of fee rates.
type bar struct {
	From, To      float64 // satoshis a virtual byte; To 0: no end
	Txs, VSize    int
	Fees          btcutil.Amount
	Heat          int // of its colour, 0 to maxHeat
	X, Y, W, H    float64
	LabelX, Label string
}

// rateSteps are where the steps of the histogram begin.
func rateSteps() []float64 { return []float64{0, 1, 2, 3, 5, 8, 12, 20, 35, 60, 100, 200, 500, 1000} }

// heatOf is the colour of a fee rate.
func heatOf(rate float64) (heat int) {
	for i, from := range rateSteps() {
		if rate >= from {
			heat = i * maxHeat / (len(rateSteps()) - 1)
		}
	}
	return heat
}

const (
	maxHeat = 7
	// What the histogram measures, in its own units.
	barsWidth, barsHeight, barsFoot = 760, 200, 22
)

// barsOf counts transactions by the fee rate that each pays itself.
func barsOf(txs []mempool.Candidate) []bar {
	steps := rateSteps()
	bars := make([]bar, len(steps))
	for i, from := range steps {
		bars[i].From, bars[i].Heat = from, heatOf(from)
		if i+1 < len(steps) {
			bars[i].To = steps[i+1]
		}
	}
	most := 1
	for _, c := range txs {
		rate := float64(c.Fee) / float64(max(c.VSize, 1))
		at := 0
		for at+1 < len(steps) && rate >= steps[at+1] {
			at++
		}
		b := &bars[at]
		b.Txs, b.VSize, b.Fees = b.Txs+1, b.VSize+c.VSize, b.Fees+c.Fee
		most = max(most, b.VSize)
	}
	wide := float64(barsWidth) / float64(len(bars))
	for i := range bars {
		b := &bars[i]
		b.X, b.W = float64(i)*wide+2, wide-4
		b.H = float64(barsHeight-barsFoot-4) * float64(b.VSize) / float64(most)
		if b.Txs > 0 {
			b.H = max(b.H, 2)
		}
		b.Y = float64(barsHeight-barsFoot) - b.H
		b.Label, b.LabelX = fmt.Sprintf("%g", b.From), fmt.Sprintf("%.1f", float64(i)*wide+wide/2)
	}
	return bars
}

// blockToCome is a block that the pool fills.
type blockToCome struct {
	Number    int
	Txs       int
	VSize     int
	Fees      btcutil.Amount
	Low, High string // fee rates of its chunks
	Fill      int    // percent
}

// maxToCome bounds the blocks that are looked ahead; the last holds all the rest.
const maxToCome = 8

// blocksToCome fills blocks with chunks, as if nothing came any more.
func blocksToCome(chunks []chunk) (list []blockToCome) {
	for _, c := range chunks {
		n := len(list)
		if n == 0 || list[n-1].VSize+c.VSize > blockVSize && n < maxToCome {
			list = append(list, blockToCome{Number: n + 1, High: rateText(c.rate())})
			n++
		}
		b := &list[n-1]
		b.Txs, b.VSize, b.Fees, b.Low = b.Txs+len(c.ids), b.VSize+c.VSize, b.Fees+c.Fee, rateText(c.rate())
	}
	for i := range list {
		list[i].Fill = min(100, 100*list[i].VSize/blockVSize)
	}
	return list
}

const (
	newestPerPage = 25
	maxNewest     = 1000 // of the newest transactions, all pages together
)

// estimate is the fee rate for a wait.
type estimate struct {
	Blocks int
	Rate   string // "": not known yet
}

func (h *Handler) poolPage(_ context.Context, q question) (view, error) {
	st := h.Pool.Pool.Stats()
	p, err := q.page("page", "/pool", min(st.Size, maxNewest), newestPerPage)
	if err != nil {
		return view{}, err
	}
	from, to := p.Slice()
	rows := []txRow{}
	if newest := h.Pool.Pool.Recent(to); from < len(newest) {
		for _, e := range newest[from:] {
			rows = append(rows, newWaitingRow(e))
		}
	}
	var rates []estimate
	for _, n := range []int{1, 3, 6, 144} {
		e := estimate{Blocks: n}
		if rate, _, ok := h.Pool.Pool.EstimateFee(n, true); ok && !h.Pool.NoEstimates {
			e.Rate = rateText(float64(rate) / 1000)
		}
		rates = append(rates, e)
	}
	return view{name: "pool", title: "Pool", nav: "pool", data: struct {
		mempool.Stats
		MinRate   string
		Picture   *picture
		Newest    []txRow
		Pages     layout.Pager
		Estimates []estimate
	}{st, rateText(float64(st.MinFee) / 1000), h.poolPicture(), rows, p, rates}}, nil
}
