package model

import (
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// T57: k groups, a hundred blocks, heal: one tip within ten seconds.
func TestT57_PartitionHeals(t *testing.T) {
	for _, groups := range []int{2, 3, 5} {
		cfg := Default()
		cfg.Nodes, cfg.Outbound, cfg.Seed, cfg.Prove = 20, 4, uint64(groups), true
		cfg.Blocks, cfg.Interval, cfg.Txs = 100, time.Second, 30
		m := newSim(cfg)
		m.plot()
		healed := Never
		m.after(warmUp, m.part57(groups))
		m.after(warmUp+200*time.Second, func() { // the hundred blocks are out long since
			if len(m.w.Blocks) < 100 {
				t.Errorf("only %d blocks", len(m.w.Blocks))
			}
			m.heal()
			healed = m.now
			m.find(m.somebody()) // what one finds after the heal, all have to agree on
			m.after(10*time.Second, func() {
				best := m.best()
				for _, n := range m.nodes {
					if n.backend.Tip != best {
						t.Errorf("%d groups: node %d is at %d ten seconds after the heal, the best is %d", groups, n.i, n.backend.Tip.Node.Height, best.Node.Height)
						return
					}
				}
			})
		})
		if err := m.play(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.atEnd()
		for _, w := range m.wrong {
			t.Errorf("%d groups: %s", groups, w)
		}
		if healed == Never || len(m.w.Blocks) < 100 {
			t.Error("the story was not told")
		}
	}
}

func (m *sim) part57(groups int) func() {
	m.cfg.Groups = groups
	return m.part
}

// T63: two and three groups make more blocks than a download window holds (1,024)
// before they hear of each other again. Half of the nodes speak no gvhave.
func TestT63_PartitionsDeeperThanTheWindow(t *testing.T) {
	const window = 1024
	for _, groups := range []int{2, 3} {
		cfg := Default()
		cfg.Nodes, cfg.Outbound, cfg.Seed, cfg.Stock = 6, 3, uint64(groups), 0.5
		cfg.Blocks, cfg.Interval, cfg.Txs = 1200*groups, time.Second, 30
		cfg.Validation = 5 * time.Millisecond
		m := newSim(cfg)
		m.plot()
		told := 0
		m.after(warmUp, m.part57(groups))
		m.after(warmUp+cfg.active()+200*time.Second, func() {
			for _, n := range m.nodes {
				if h := n.backend.Tip.Node.Height; h <= window {
					t.Errorf("%d groups: node %d has made only %d blocks", groups, n.i, h)
				}
			}
			told++
			m.heal()
			m.find(m.somebody())
			m.after(time.Minute, func() {
				told++
				for best, i := m.best(), 0; i < len(m.nodes); i++ {
					if n := m.nodes[i]; n.backend.Tip != best {
						t.Errorf("%d groups: node %d is at %d a minute after the heal, the best is %d", groups, n.i, n.backend.Tip.Node.Height, best.Node.Height)
					}
				}
			})
		})
		if err := m.play(t.Context()); err != nil {
			t.Fatal(err)
		}
		if told != 2 {
			t.Error("the story was not told")
		}
		m.atEnd()
		for _, w := range m.wrong {
			t.Errorf("%d groups: %s", groups, w)
		}
	}
}

// T60: random mixtures of faults by seed. GRAPEVINE_SEEDS=10000 runs them all.
func TestT60_SeedsWithRandomFaults(t *testing.T) {
	first, seeds := 0, 80
	if n, err := strconv.Atoi(os.Getenv("GRAPEVINE_SEED")); err == nil {
		first, seeds = n, 1
	}
	if n, err := strconv.Atoi(os.Getenv("GRAPEVINE_SEEDS")); err == nil {
		seeds = n
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	bad := make([][]string, seeds)
	var steps atomic.Int64
	for i := range seeds {
		g.Go(func() error {
			r, err := Run(t.Context(), mix(uint64(first+i)))
			if err == nil {
				bad[i] = r.Wrong
				steps.Add(int64(r.Steps))
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for seed, wrong := range bad {
		if len(wrong) > 0 {
			n++
			if n <= 20 {
				t.Errorf("seed %d: %s", first+seed, wrong[0])
			}
		}
	}
	t.Logf("%d seeds, %d steps, %d seeds in which something did not hold", seeds, steps.Load(), n)
}
