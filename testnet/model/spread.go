package model

import (
	"slices"
	"time"
)

// Never is a time that does not come.
const Never = time.Duration(1<<63 - 1)

// News is a block or a transaction, and when it reached whom.
type News struct {
	Kind  string // "block", "stale" (a block that did not stay in the chain) or "tx"
	Name  string // its hash
	Maker int    // node
	Born  time.Duration
	Seen  []time.Duration // by node: since the start of the run, or Never
}

// Spread is how things reach the nodes: seconds until so many of them had it,
// for the thing in the middle (half of all were faster).
type Spread struct {
	Items int     `json:"items"`
	P50   float64 `json:"p50"` // half of the nodes have it
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Last  float64 `json:"last"` // all of them
	// Curve[i] is when i % of the nodes had it: for one in ten things at most, for
	// the one in the middle, for nine in ten.
	Curve [101][3]float64 `json:"curve"`
}

// spreadOf is taken over the nodes that count and had it at all.
func spreadOf(all []News, counts func(node int) bool) Spread {
	s := Spread{Items: len(all)}
	var rows [101][]float64
	for _, t := range all {
		var times []float64
		for i, at := range t.Seen {
			if at != Never && counts(i) {
				times = append(times, (at - t.Born).Seconds())
			}
		}
		slices.Sort(times)
		for q := range rows {
			rows[q] = append(rows[q], quantile(times, q))
		}
	}
	for q := range rows {
		slices.Sort(rows[q])
		s.Curve[q] = [3]float64{quantile(rows[q], 10), quantile(rows[q], 50), quantile(rows[q], 90)}
	}
	s.sum()
	return s
}

// quantile of a sorted row, in percent: the least that so many do not exceed.
func quantile(row []float64, percent int) float64 {
	if len(row) == 0 {
		return 0
	}
	return row[max((len(row)*percent+99)/100-1, 0)]
}

func (s *Spread) sum() {
	s.P50, s.P90, s.P99, s.Last = s.Curve[50][1], s.Curve[90][1], s.Curve[99][1], s.Curve[100][1]
}

// mergeSpreads is the middle of several runs, at each point of the curve.
func mergeSpreads(runs []*Spread) (s Spread) {
	s.Items = int(middle(runs, func(x *Spread) float64 { return float64(x.Items) }))
	for q := range s.Curve {
		for k := range s.Curve[q] {
			s.Curve[q][k] = middle(runs, func(x *Spread) float64 { return x.Curve[q][k] })
		}
	}
	s.sum()
	return s
}

// middle is the median of something over runs.
func middle[R any](runs []R, of func(R) float64) float64 {
	row := make([]float64, len(runs))
	for i, x := range runs {
		row[i] = of(x)
	}
	slices.Sort(row)
	return (row[(len(row)-1)/2] + row[len(row)/2]) / 2
}
