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
	Miners    []Miner  `json:"miners,omitempty"`
	Said      []Said   `json:"messages"` // most bytes first
	Drops     int      `json:"drops"`    // connections that a node ended
	Breaks    int      `json:"breaks"`
	Stops     int      `json:"stops"`
	Steps     int      `json:"steps"`   // of all state machines
	Seconds   float64  `json:"seconds"` // of virtual time
	Wrong     []string `json:"wrong"`   // what did not hold

	News  []News   `json:"-"` // if Config.Keep
	Where []string `json:"-"` // the region of each node, where there are regions
}

// result sums up.
func (m *sim) result() *Result {
	r := &Result{
		Config: m.cfg, Seeds: 1, Drops: m.drops, Breaks: m.breaks, Stops: m.stops,
		Steps: m.steps, Seconds: m.now.Seconds(), Found: len(m.w.Blocks) - 2, Wrong: append([]string{}, m.wrong...),
		ExtraBody: share(m.extraBody, m.firstBody), ExtraTx: share(m.extraTx, m.firstTx),
	}
	tip := m.nodes[m.firstHonest()].backend.Tip
	var blocks, txs, lost []News
	for i, b := range m.w.Blocks[2:] {
		news := News{Kind: "block", Name: b.Node.Hash.String(), Maker: int(b.Miner), Born: b.Born, Seen: m.blockSeen[i+2]}
		if b.Node.IsAncestorOf(tip.Node) {
			blocks = append(blocks, news)
		} else {
			news.Kind = "stale"
			lost = append(lost, news)
		}
	}
	for i, t := range m.w.Txs {
		txs = append(txs, News{Kind: "tx", Name: t.Tx.ID.String(), Maker: int(t.Maker), Born: t.Born, Seen: m.txSeen[i]})
	}
	if m.cfg.Keep {
		m.keep(r, slices.Concat(blocks, lost, txs))
	}
	r.Miners = m.miners(tip)
	r.Stale = share(int64(len(lost)), int64(r.Found))
	honest := func(i int) bool { return m.nodes[i].liar == nil }
	r.Blocks, r.Txs = spreadOf(blocks, honest), spreadOf(txs, honest)
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

// keep leaves in the result what each node had when.
func (m *sim) keep(r *Result, all []News) {
	r.News = all
	for _, n := range m.nodes {
		if m.regions != nil {
			r.Where = append(r.Where, m.regions[n.region].Name)
		}
	}
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

// Merge is the middle of several runs: medians of what was measured, sums of
// what was counted, and everything that did not hold.
func Merge(runs []*Result) *Result {
	first := *runs[0]
	r := &first
	r.Said, r.Wrong, r.Seeds = nil, []string{}, len(runs)
	middle := func(of func(*Result) float64) float64 { return middle(runs, of) }
	var blocks, txs []*Spread
	for _, x := range runs {
		blocks, txs = append(blocks, &x.Blocks), append(txs, &x.Txs)
	}
	r.Blocks, r.Txs = mergeSpreads(blocks), mergeSpreads(txs)
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
	r.Miners = mergeMiners(runs)
	return r
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
	if c.Selfish {
		list = append(list, fmt.Sprintf("a selfish miner of %.0f %%", 100*c.Power[0]))
	}
	if c.Stock > 0 {
		list = append(list, fmt.Sprintf("%.0f %% stock", 100*c.Stock))
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
