package model

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"grapevine/chain"
)

// DownloadConfig is newcomers who all want one chain that one seed has.
type DownloadConfig struct {
	Newcomers int
	Blocks    []*chain.Block // from height 1 on, of regtest
	SeedRate  int64          // bytes a second of the seed's line
	Rate      int64          // of each newcomer's; 0: no limit
	// Server: each is linked to the seed alone, as a client to its server; when it has
	// all it goes, and the next in the queue takes its place. Else each is linked to
	// others, and as many to the seed as a node accepts.
	Server   bool
	Stock    bool // the seed knows neither gvhave nor gvgiven, as Bitcoin Core does not
	Links    int  // dialled by each newcomer among the others; 0: downloadLinks
	Liars    int  // of the newcomers so many say that they fetch everything, and fetch nothing
	Cores    int  // of a machine that all nodes share; 0: each has enough
	Seed     uint64
	Progress func(done, total int64) // blocks; nil: nobody wants to know
}

// Downloaded is what came of it.
type Downloaded struct {
	Seconds  []float64 // of each newcomer, until it had the last block
	SeedSent int64     // bytes
}

// Limits of a download.
const (
	MaxNewcomers = 10_000

	maxCores = 1024 // of one machine, each looked at for each piece of work

	// seedLinks: a node accepts so many connections [DEFAULT_MAX_PEER_CONNECTIONS].
	seedLinks = 125

	downloadLinks   = 8                     // dialled by each newcomer among the others
	downloadLatency = 5 * time.Millisecond  // one way
	downloadStart   = 50 * time.Millisecond // within which all begin
	downloadCheck   = 5 * time.Millisecond  // of a block: large ones, cheap to check
	downloadGrace   = time.Hour             // beyond ten times the bound: then it never ends
)

// Download runs gossip alone, in virtual time.
func Download(ctx context.Context, c DownloadConfig) (*Downloaded, error) {
	switch {
	case c.Newcomers < 1 || c.Newcomers > MaxNewcomers:
		return nil, fmt.Errorf("%d newcomers: want 1 to %d", c.Newcomers, MaxNewcomers)
	case len(c.Blocks) == 0:
		return nil, errors.New("there is no chain to download")
	case c.SeedRate <= 0 || c.Rate < 0:
		return nil, errors.New("want the seed's rate in bytes a second")
	case c.Cores < 0 || c.Cores > maxCores:
		return nil, fmt.Errorf("%d cores: want at most %d", c.Cores, maxCores)
	case c.Links < 0 || c.Liars < 0 || c.Liars >= c.Newcomers:
		return nil, fmt.Errorf("%d links, %d liars: want 0 or more, and an honest newcomer", c.Links, c.Liars)
	}
	if c.Links == 0 {
		c.Links = downloadLinks
	}
	d := &download{cfg: c, sim: newDownload(c)}
	d.plot()
	return d.play(ctx)
}

// download is one run. Node 0 is the seed.
type download struct {
	*sim
	cfg   DownloadConfig
	queue []*node // who waits for a place at the server
}

func newDownload(c DownloadConfig) *sim {
	m := &sim{
		cfg: Config{
			Nodes: c.Newcomers + 1, Outbound: c.Links, Seed: c.Seed,
			Latency: downloadLatency, Validation: downloadCheck,
		},
		w: worldOf(c.Blocks), said: map[string]*Said{}, swift: true, cores: make(cores, c.Cores),
		rnd: rand.New(rand.NewPCG(c.Seed, 0x646f776e)),
	}
	for range m.w.Blocks {
		m.blockSeen = append(m.blockSeen, nil)
	}
	tip := m.w.Blocks[len(m.w.Blocks)-1]
	m.blockSeen[tip.I] = unseenBy(c.Newcomers + 1)
	for i := range c.Newcomers + 1 {
		n := &node{i: i, rate: [2]int64{c.Rate, c.Rate}}
		n.known.set(0)
		if n.backend = newBackend(m.w, m.w.Blocks[0]); i == 0 {
			n.backend, n.rate = newBackend(m.w, tip), [2]int64{c.SeedRate, 0}
			for k := range m.w.Blocks {
				n.known.set(k)
			}
		}
		m.nodes = append(m.nodes, n)
	}
	m.nodes[0].stock, m.nodes[0].fair = c.Stock, c.Stock
	for _, n := range m.nodes[1 : 1+c.Liars] {
		n.liar = &liar{lie: claimant, w: m.w, rnd: m.rnd}
	}
	for _, n := range m.nodes {
		m.start(n)
	}
	return m
}

// worldOf has genesis and these blocks on it.
func worldOf(blocks []*chain.Block) *world {
	p := chain.RegTest()
	g := p.Genesis()
	w := &world{Params: p, ByHash: map[chain.Hash]*block{}, ByID: map[chain.Hash]int32{}}
	w.add(&block{Node: g, Miner: -1})
	for _, b := range blocks {
		parent := w.Blocks[len(w.Blocks)-1]
		w.add(&block{Node: chain.NewHeaderNode(parent.Node, b.Header), Body: b, Parent: parent, Miner: -1})
	}
	w.Start = blocks[len(blocks)-1].Header.Timestamp.Add(time.Minute)
	return w
}

// plot: all begin within a moment.
func (d *download) plot() {
	for i, n := range d.nodes[1:] {
		if i >= seedLinks && d.cfg.Server {
			d.queue = append(d.queue, n)
			continue
		}
		d.after(time.Duration(d.rnd.Int64N(int64(downloadStart))), func() {
			if i < seedLinks {
				d.connect(n, d.nodes[0])
			}
			if !d.cfg.Server {
				d.meet(n)
			}
		})
	}
}

// leaves: a client that has all gives its place to the next.
func (d *download) leaves(n *node) {
	n.up = false
	for _, h := range slices.Clone(n.links) {
		d.cut(h)
	}
	if len(d.queue) > 0 {
		next := d.queue[0]
		d.queue = d.queue[1:]
		d.connect(next, d.nodes[0])
	}
}

// meet links a newcomer to others by chance.
func (d *download) meet(n *node) {
	others, links := d.nodes[1:], d.cfg.Links
	if links >= len(others)-1 { // all know each other
		for _, o := range others {
			if d.mayDial(n, o) {
				d.connect(n, o)
			}
		}
		return
	}
	for t := 0; t < 4*links && n.outs <= links; t++ {
		if o := others[d.rnd.IntN(len(others))]; d.mayDial(n, o) {
			d.connect(n, o)
		}
	}
}

// play runs until the last newcomer has the last block.
func (d *download) play(ctx context.Context) (*Downloaded, error) {
	m := d.sim
	var size int64
	for _, b := range d.cfg.Blocks {
		size += int64(len(b.Raw))
	}
	limit := time.Duration(10*float64(d.cfg.Newcomers)*float64(size)/float64(d.cfg.SeedRate)*float64(time.Second)) + downloadGrace
	total := int64(d.cfg.Newcomers) * int64(len(d.cfg.Blocks))
	for n := 0; m.reaches < d.cfg.Newcomers-d.cfg.Liars; n++ {
		if n%glance == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			d.tell(total)
		}
		if m.line.Len() == 0 || m.now > limit || len(m.wrong) > 0 || m.stuck {
			return nil, d.fails()
		}
		var e event
		m.now, e = m.line.Pop()
		before := m.reaches
		m.happen(e)
		if m.reaches > before && d.cfg.Server {
			d.leaves(e.node)
		}
	}
	d.tell(total)
	out := &Downloaded{SeedSent: m.nodes[0].out}
	for _, at := range m.blockSeen[len(m.blockSeen)-1][1+d.cfg.Liars:] {
		out.Seconds = append(out.Seconds, at.Seconds())
	}
	return out, nil
}

// fails says why it does not come to an end.
func (d *download) fails() error {
	if len(d.wrong) > 0 {
		return fmt.Errorf("this did not hold: %s", d.wrong[0])
	}
	return fmt.Errorf("after %v of virtual time %d of %d newcomers have the chain, and it does not go on", d.now.Round(time.Second), d.reaches, d.cfg.Newcomers)
}

// tell says how many blocks all have together.
func (d *download) tell(total int64) {
	if d.cfg.Progress == nil {
		return
	}
	sum := int64(0)
	for _, n := range d.nodes[1:] {
		sum += int64(n.backend.Tip.Node.Height)
	}
	d.cfg.Progress(sum, total)
}
