package model

import (
	"fmt"
	"slices"
	"sort"
	"time"
)

// Said is what was sent of one kind of message.
type Said struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
	Bytes int64  `json:"bytes"`
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

// Result is what a run, or the middle of several, has shown.
type Result struct {
	Config    Config   `json:"config"`
	Seeds     int      `json:"seeds"`
	Blocks    Spread   `json:"blocks"`
	Txs       Spread   `json:"txs"`
	InBytes   float64  `json:"bytes_in"`   // of a node, on average
	OutBytes  float64  `json:"bytes_out"`  // of the node that sent most
	ExtraBody float64  `json:"extra_body"` // bytes of block bodies beyond the first copy, as a share of it
	ExtraTx   float64  `json:"extra_tx"`   // the same of transactions
	Stale     float64  `json:"stale"`      // share of the blocks that are not in the chain
	Found     int      `json:"found"`      // blocks
	Said      []Said   `json:"messages"`   // most bytes first
	Drops     int      `json:"drops"`      // connections that a node ended
	Breaks    int      `json:"breaks"`
	Stops     int      `json:"stops"`
	Steps     int      `json:"steps"`   // of all state machines
	Seconds   float64  `json:"seconds"` // of virtual time
	Wrong     []string `json:"wrong"`   // what did not hold
}

// result sums up.
func (m *sim) result() *Result {
	r := &Result{
		Config: m.cfg, Seeds: 1, Drops: m.drops, Breaks: m.breaks, Stops: m.stops,
		Steps: m.steps, Seconds: m.now.Seconds(), Found: len(m.w.Blocks) - 2, Wrong: append([]string{}, m.wrong...),
		ExtraBody: share(m.extraBody, m.firstBody), ExtraTx: share(m.extraTx, m.firstTx),
	}
	tip := m.nodes[m.firstHonest()].rooms.Tip
	stale := 0
	var blocks, txs []thing
	for i, b := range m.w.Blocks[2:] {
		if b.Node.IsAncestorOf(tip.Node) {
			blocks = append(blocks, thing{b.Born, m.blockSeen[i+2]})
		} else {
			stale++
		}
	}
	for i, t := range m.w.Txs {
		txs = append(txs, thing{t.Born, m.txSeen[i]})
	}
	r.Stale = share(int64(stale), int64(r.Found))
	r.Blocks, r.Txs = m.spread(blocks), m.spread(txs)
	most, all := int64(0), int64(0)
	for _, n := range m.nodes {
		most = max(most, n.out)
		all += n.in
	}
	r.InBytes, r.OutBytes = float64(all)/float64(len(m.nodes)), float64(most)
	for _, s := range m.said {
		r.Said = append(r.Said, *s)
	}
	sortSaid(r.Said)
	return r
}

func sortSaid(said []Said) {
	sort.Slice(said, func(i, j int) bool {
		return said[i].Bytes > said[j].Bytes || said[i].Bytes == said[j].Bytes && said[i].Name < said[j].Name
	})
}

func share(part, of int64) float64 {
	if of == 0 {
		return 0
	}
	return float64(part) / float64(of)
}

// thing is a block or a transaction: when it was made, and when each node had it.
type thing struct {
	born time.Duration
	seen []time.Duration
}

// spread is taken over the honest nodes that had it at all.
func (m *sim) spread(things []thing) Spread {
	s := Spread{Items: len(things)}
	var rows [101][]float64
	for _, t := range things {
		var times []float64
		for i, at := range t.seen {
			if at != never && m.nodes[i].liar == nil {
				times = append(times, (at - t.born).Seconds())
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
	s.P50, s.P90, s.P99, s.Last = s.Curve[50][1], s.Curve[90][1], s.Curve[99][1], s.Curve[100][1]
	return s
}

// quantile of a sorted row, in percent: the least that so many do not exceed.
func quantile(row []float64, percent int) float64 {
	if len(row) == 0 {
		return 0
	}
	return row[max((len(row)*percent+99)/100-1, 0)]
}

// Merge is the middle of several runs: medians of what was measured, sums of
// what was counted, and everything that did not hold.
func Merge(runs []*Result) *Result {
	first := *runs[0]
	r := &first
	r.Said, r.Wrong, r.Seeds = nil, []string{}, len(runs)
	middle := func(of func(*Result) float64) float64 {
		row := make([]float64, len(runs))
		for i, x := range runs {
			row[i] = of(x)
		}
		slices.Sort(row)
		return (row[(len(row)-1)/2] + row[len(row)/2]) / 2
	}
	r.Blocks = mergeSpread(middle, func(x *Result) *Spread { return &x.Blocks })
	r.Txs = mergeSpread(middle, func(x *Result) *Spread { return &x.Txs })
	r.InBytes = middle(func(x *Result) float64 { return x.InBytes })
	r.OutBytes = middle(func(x *Result) float64 { return x.OutBytes })
	r.ExtraBody = middle(func(x *Result) float64 { return x.ExtraBody })
	r.ExtraTx = middle(func(x *Result) float64 { return x.ExtraTx })
	r.Seconds = middle(func(x *Result) float64 { return x.Seconds })
	stale, found := 0.0, 0
	said := map[string]*Said{}
	for i, x := range runs {
		stale += x.Stale * float64(x.Found)
		found += x.Found
		for _, w := range x.Wrong {
			r.Wrong = append(r.Wrong, fmt.Sprintf("seed %d: %s", x.Config.Seed, w))
		}
		if i > 0 {
			r.Drops, r.Breaks, r.Stops, r.Steps = r.Drops+x.Drops, r.Breaks+x.Breaks, r.Stops+x.Stops, r.Steps+x.Steps
		}
		for _, s := range x.Said {
			if said[s.Name] == nil {
				said[s.Name] = &Said{Name: s.Name}
			}
			said[s.Name].Count += s.Count
			said[s.Name].Bytes += s.Bytes
		}
	}
	r.Found, r.Stale = found, stale/max(float64(found), 1)
	for _, s := range said {
		r.Said = append(r.Said, *s)
	}
	sortSaid(r.Said)
	return r
}

func mergeSpread(middle func(func(*Result) float64) float64, of func(*Result) *Spread) (s Spread) {
	s.Items = int(middle(func(x *Result) float64 { return float64(of(x).Items) }))
	for q := range s.Curve {
		for k := range s.Curve[q] {
			s.Curve[q][k] = middle(func(x *Result) float64 { return of(x).Curve[q][k] })
		}
	}
	s.P50, s.P90, s.P99, s.Last = s.Curve[50][1], s.Curve[90][1], s.Curve[99][1], s.Curve[100][1]
	return s
}

// Title says in a line what was simulated.
func (r *Result) Title() string { return plural(r.Config.Nodes, "node") + ", " + r.Setting() }

// Setting says in a line what was simulated, the number of nodes apart.
func (r *Result) Setting() string {
	c := r.Config
	links := fmt.Sprintf("%d links each of %v", c.Outbound, c.Latency)
	if c.Regions {
		links = fmt.Sprintf("%d links each, the regions of 2019", c.Outbound)
	}
	s := fmt.Sprintf("%s, %v to check a block; %s", links, c.Validation, plural(r.Seeds, "run"))
	for _, f := range faultsOf(c) {
		s += "; " + f
	}
	return s
}

// faultsOf names what goes wrong in a run.
func faultsOf(c Config) (list []string) {
	if c.Partition > 0 && c.Groups > 1 {
		list = append(list, fmt.Sprintf("in %d parts for %v", c.Groups, c.Partition.Round(time.Second)))
	}
	if c.Churn > 0 {
		list = append(list, fmt.Sprintf("%.0f %% restart", 100*c.Churn))
	}
	if c.Liars > 0 {
		list = append(list, fmt.Sprintf("%.0f %% lie", 100*c.Liars))
	}
	if c.Loss > 0 {
		list = append(list, fmt.Sprintf("links break %.0f times an hour", c.Loss))
	}
	return list
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
