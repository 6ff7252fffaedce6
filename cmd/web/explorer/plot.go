package explorer

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"grapevine/cmd/web/layout"
)

// plot is a small picture of a number over time.
type plot struct {
	Title         string
	Now, Low, Top string // as people read them
	Span          string // how far it goes back
	Line, Area    string // paths
	Width, Height int
}

const (
	plotWidth, plotHeight = 240, 60
	maxPoints             = 120 // more cannot be seen at this width
)

// series is how a number is read off the samples; before is the one before, for rates.
type series struct {
	title string
	value func(before, s sample) float64
	text  func(float64) string
	rate  bool // it needs two samples
}

// allSeries are the plots of the Node page.
func allSeries() []series {
	whole := func(v float64) string { return layout.Count(int64(v)) }
	size := func(v float64) string { return layout.Bytes(int64(v)) }
	speed := func(v float64) string { return layout.Bytes(int64(v)) + "/s" }
	each := func(before, s sample, n float64) float64 { return n / max(s.at.Sub(before.at).Seconds(), 0.001) }
	return []series{
		{"Height", func(_, s sample) float64 { return float64(s.height) }, whole, false},
		{"Peers", func(_, s sample) float64 { return float64(s.in + s.out) }, whole, false},
		{"Transactions in the pool", func(_, s sample) float64 { return float64(s.poolTxs) }, whole, false},
		{"Virtual bytes in the pool", func(_, s sample) float64 { return float64(s.poolBytes) }, whole, false},
		{"Received from peers", func(b, s sample) float64 { return each(b, s, float64(s.totals.BytesRecv-b.totals.BytesRecv)) }, speed, true},
		{"Sent to peers", func(b, s sample) float64 { return each(b, s, float64(s.totals.BytesSent-b.totals.BytesSent)) }, speed, true},
		{"Memory in use", func(_, s sample) float64 { return float64(s.heap) }, size, false},
		{"Goroutines", func(_, s sample) float64 { return float64(s.goroutines) }, whole, false},
		{"A step of the conversation", stepTime, func(v float64) string { return layout.Brief(time.Duration(v)) }, true},
	}
}

// stepTime is how long a step of the conversation with all peers took, on average.
func stepTime(before, s sample) float64 {
	return float64(s.stepSum-before.stepSum) / float64(max(s.steps-before.steps, 1))
}

func plotsOf(list []sample) (plots []plot) {
	for _, s := range allSeries() {
		plots = append(plots, s.plot(list))
	}
	return plots
}

func (s series) plot(list []sample) plot {
	p := plot{Title: s.title, Width: plotWidth, Height: plotHeight, Now: "–"}
	var values []float64
	for i := range list {
		if i == 0 && s.rate {
			continue
		}
		values = append(values, s.value(list[max(i-1, 0)], list[i]))
	}
	if len(values) == 0 {
		return p
	}
	p.Span = layout.Span(list[len(list)-1].at.Sub(list[0].at).Round(time.Second))
	p.Now = s.text(values[len(values)-1])
	values = thin(values, maxPoints)
	low, top := values[0], values[0]
	for _, v := range values {
		low, top = min(low, v), max(top, v)
	}
	p.Low, p.Top = s.text(low), s.text(top)
	var line strings.Builder
	for i, v := range values {
		x, y := 0.0, float64(plotHeight)/2
		if len(values) > 1 {
			x = float64(i) * plotWidth / float64(len(values)-1)
		}
		if top > low {
			y = 3 + (plotHeight-6)*(top-v)/(top-low)
		}
		line.WriteString(string("ML"[min(i, 1)]) + coordinate(x) + " " + coordinate(y))
	}
	if len(values) == 1 {
		line.WriteString("H" + strconv.Itoa(plotWidth))
	}
	p.Line = line.String()
	p.Area = fmt.Sprintf("%sL%d %dL0 %dZ", p.Line, plotWidth, plotHeight, plotHeight)
	return p
}

func coordinate(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// thin keeps so many values, each the largest of those that it stands for: a peak stays one.
func thin(values []float64, most int) []float64 {
	if len(values) <= most {
		return values
	}
	list := make([]float64, most)
	for i := range list {
		from, to := i*len(values)/most, (i+1)*len(values)/most
		list[i] = values[from]
		for _, v := range values[from:to] {
			list[i] = max(list[i], v)
		}
	}
	return list
}
