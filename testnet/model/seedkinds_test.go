package model

import (
	"context"
	"slices"
	"testing"
	"time"
)

// trial is a download that a test bends before it begins.
func trial(t *testing.T, c DownloadConfig, bend func(*download)) (copies, last float64) {
	t.Helper()
	c.Links, c.Seed = downloadLinks, 1
	d := &download{cfg: c, sim: newDownload(c)}
	d.plot()
	bend(d)
	got, err := d.play(context.Background())
	if err != nil {
		t.Errorf("%d newcomers: %v", c.Newcomers, err)
		return 0, 0
	}
	return figures(got, c.Blocks, c.SeedRate)
}

// Seeds of all kinds and newcomers at all times come to an end, and no wait for others that do not come holds them up.
func TestSeedsAndNewcomersOfAllKinds(t *testing.T) {
	c := DownloadConfig{Newcomers: 8, Blocks: mixed(0, 40, 200_000), SeedRate: 2_000_000, Stock: true}
	limit := func(what string, copies, last, most, longest float64) {
		t.Helper()
		t.Logf("%s: %.2f copies, the last after %.2f of the bound", what, copies, last)
		if copies > most || last > longest {
			t.Errorf("%s: %.2f copies, the last after %.2f of the bound", what, copies, last)
		}
	}
	alone := c
	alone.Newcomers = 1
	copies, last := trial(t, alone, func(*download) {})
	limit("one newcomer, alone", copies, last, 1.05, 1.15)

	idle := c
	idle.Newcomers, idle.Liars = 2, 1
	copies, last = trial(t, idle, func(*download) {})
	limit("one newcomer whose neighbour says that it fetches all, and does not", copies, last, 1.05, 2.5) // one patience, and a short wait before each of forty blocks

	late := c
	late.Newcomers = 9
	copies, last = trial(t, late, func(d *download) {
		n := d.nodes[9]
		n.up = false // it is not there when the others begin
		d.after(3600*time.Millisecond, func() {
			n.up = true
			d.connect(n, d.nodes[0])
			d.meet(n)
		})
	})
	limit("one that comes when nine tenths are through", copies, last, 1.2, 1.3)

	// The second seed is one of ours: all have the chain in about the time that both together need for a copy.
	copies, last = trial(t, late, func(d *download) {
		n := d.nodes[9]
		n.rate[0] = c.SeedRate
		n.backend = newBackend(d.w, d.w.Blocks[len(d.w.Blocks)-1])
		for k := range d.w.Blocks {
			n.known.set(k)
		}
		d.start(n)
		d.reaches++
		d.blockSeen[len(d.blockSeen)-1][n.i] = 0
	})
	limit("a seed of another make and one of ours", copies, last, 0.8, 0.8)

	// The seed goes when half is sent, and another comes back in its place.
	copies, last = trial(t, c, func(d *download) {
		d.after(2*time.Second, func() {
			for _, h := range slices.Clone(d.nodes[0].links) {
				d.cut(h)
			}
			d.after(time.Second, func() {
				for _, n := range d.nodes[1:] {
					if d.mayDial(n, d.nodes[0]) {
						d.connect(n, d.nodes[0])
					}
				}
			})
		})
	})
	limit("a seed that goes and comes back", copies, last, 1.5, 1.9)
}
