package compare

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"grapevine/testnet"
)

// laboratory is one comparison under way.
type laboratory struct {
	Lab
	cfg   Config
	chain *Chain
	seed  end
}

// end is a node with its client.
type end struct {
	testnet.Node
	member testnet.Member
}

// Times of a trial.
const (
	slowest = 20 * time.Millisecond // at least between two questions whether a newcomer is done
	rarely  = 200 * time.Millisecond
	// grace beyond ten times the bound: a machine with nothing to spare is slow, and the
	// measurement says so; it does not fail.
	grace = 5 * time.Minute
)

// plain are settings of every node here: what is measured is the chain's way, so
// no wallet and no index. It is what -disablewallet says to Bitcoin Core.
func plain() []string {
	return []string{"wallet = false", "txindex = false", "blockfilterindex = false"}
}

// makeSeed starts node 0, which alone has the chain.
func (l *laboratory) makeSeed(ctx context.Context) error {
	spec := testnet.Spec{Alone: true, Conf: append(plain(), fmt.Sprintf("maxupload = %d", l.cfg.SeedRate))}
	m, err := l.Add(ctx, spec)
	if err != nil {
		return err
	}
	if err := l.know(m); err != nil {
		return err
	}
	for i := range l.chain.Blocks {
		var refused *string
		if err := l.seed.Call(ctx, "submitblock", &refused, l.chain.Hex(i)); err != nil {
			return fmt.Errorf("take block %d: %w", i+1, err)
		}
		if refused != nil {
			return fmt.Errorf("take block %d: %s", i+1, *refused)
		}
		l.cfg.Progress("the seed's chain", int64(i+1), l.chain.Tip())
	}
	return nil
}

// know makes the seed's client.
func (l *laboratory) know(m testnet.Member) error {
	node, err := l.Connect(m)
	l.seed = end{node, m}
	return err
}

// fresh starts the seed again without a memory of the last trial's newcomers.
func (l *laboratory) fresh(ctx context.Context) error {
	n := l.seed.member.Node
	if err := l.StopNodes(ctx, []int{n}); err != nil {
		return err
	}
	if err := l.Forget(n); err != nil {
		return err
	}
	m, err := l.Start(ctx, n)
	if err != nil {
		return err
	}
	return l.know(m)
}

// trial measures one way.
func (l *laboratory) trial(ctx context.Context, way Way) (Run, error) {
	run := Run{Way: way, Nodes: l.cfg.Nodes, Bytes: l.chain.Bytes, Bounds: l.cfg.BoundsOf(l.cfg.Nodes, l.chain.Bytes)}
	if err := l.fresh(ctx); err != nil {
		return run, err
	}
	newcomers, stop, err := l.newcomers(ctx, way)
	defer stop()
	if err != nil {
		return run, err
	}
	before, err := totals(ctx, l.seed)
	if err != nil {
		return run, err
	}
	limit, cancel := context.WithTimeout(ctx, time.Duration(10*run.Bounds.Server*float64(time.Second))+grace)
	defer cancel()
	if run.Newcomers, err = l.race(limit, way, newcomers); err != nil {
		return run, err
	}
	after, err := totals(ctx, l.seed)
	if err != nil {
		return run, err
	}
	run.Sent = after.Sent - before.Sent
	run.sum()
	return run, nil
}

// newcomers starts them; stop ends them, also those of a start that failed.
func (l *laboratory) newcomers(ctx context.Context, way Way) (all []end, stop func(), err error) {
	if w := l.cfg.With; w != nil && way == Way(w.Kind) {
		return w.start(ctx, l)
	}
	var numbers []int
	stop = func() {
		_ = l.StopNodes(context.WithoutCancel(ctx), numbers) // those it cannot stop it kills
		for _, n := range numbers {
			_ = l.Empty(n) // only room on the disk is lost
		}
	}
	spec := testnet.Spec{Alone: true, Silent: way == Server, Conf: plain()}
	if l.cfg.Rate > 0 {
		spec.Conf = append(spec.Conf, fmt.Sprintf("maxupload = %d", l.cfg.Rate))
	}
	for i := range l.cfg.Nodes {
		m, err := l.Add(ctx, spec)
		if err != nil {
			return nil, stop, err
		}
		numbers = append(numbers, m.Node)
		node, err := l.Connect(m)
		if err != nil {
			return nil, stop, err
		}
		all = append(all, end{node, m})
		l.cfg.Progress("starting "+string(way), int64(i+1), int64(l.cfg.Nodes))
	}
	return all, stop, nil
}

// race tells all newcomers at one moment whom to ask and waits for the last.
func (l *laboratory) race(ctx context.Context, way Way, all []end) ([]Newcomer, error) {
	out := make([]Newcomer, len(all))
	heights := make(chan [2]int64, len(all)) // who, and how many blocks it has: the last is taken before the next is asked for
	every := min(max(time.Duration(l.cfg.BoundsOf(1, l.chain.Bytes).Server/200*float64(time.Second)), slowest), rarely)
	g, ctx := errgroup.WithContext(ctx)
	began := time.Now()
	for i, n := range all {
		g.Go(func() error {
			if err := l.introduce(ctx, way, all, i); err != nil {
				return err
			}
			for {
				var at int64
				if err := n.Call(ctx, "getblockcount", &at); err != nil {
					return fmt.Errorf("newcomer %d of %d: %w", i+1, len(all), err)
				}
				select {
				case heights <- [2]int64{int64(i), at}:
				case <-ctx.Done():
				}
				if at >= l.chain.Tip() {
					out[i].Seconds = time.Since(began).Seconds()
					return nil
				}
				select {
				case <-ctx.Done():
					return fmt.Errorf("newcomer %d of %d is at block %d of %d after %v: %w", i+1, len(all), at, l.chain.Tip(), time.Since(began).Round(time.Second), ctx.Err())
				case <-time.After(every):
				}
			}
		})
	}
	told := make(chan struct{})
	go func() { // ends when heights is closed
		defer close(told)
		l.tell(way, heights, len(all))
	}()
	err := g.Wait()
	close(heights)
	<-told
	if err != nil {
		return nil, err
	}
	for i, n := range all {
		t, err := totals(context.WithoutCancel(ctx), n)
		if err != nil {
			return nil, err
		}
		out[i].Took, out[i].Gave = t.Received, t.Sent
	}
	return out, nil
}

// tell adds up how far the newcomers are.
func (l *laboratory) tell(way Way, heights <-chan [2]int64, n int) {
	at := make([]int64, n)
	sum := int64(0)
	for h := range heights {
		sum += h[1] - at[h[0]]
		at[h[0]] = h[1]
		l.cfg.Progress(string(way), sum, int64(n)*l.chain.Tip())
	}
}

// introduce tells newcomer i of the seed and, unless it is a client, of some others.
func (l *laboratory) introduce(ctx context.Context, way Way, all []end, i int) error {
	seed, me := l.seed.member.P2P, all[i]
	if l.cfg.With != nil && way == Way(l.cfg.With.Kind) {
		if err := l.cfg.With.meets(ctx, me, seed, l.chain.Tip()); err != nil {
			return err
		}
	} else if err := me.Call(ctx, "addnode", nil, seed, "add"); err != nil {
		return err
	}
	if way == Server {
		return nil
	}
	for _, j := range neighbours(i, len(all)) {
		if err := me.Call(ctx, "addnode", nil, all[j].member.P2P, "add"); err != nil {
			return err
		}
	}
	return nil
}

// reach: each newcomer is told of so many before and after it in the ring, as
// many links as a node of Bitcoin Core keeps.
const reach = 4

// neighbours are whom newcomer i of n dials: of each pair one dials.
func neighbours(i, n int) (list []int) {
	for d := 1; d <= reach && d <= n/2; d++ {
		j := (i + d) % n
		if 2*d == n && j < i {
			continue // the other one dials
		}
		list = append(list, j)
	}
	return list
}

// traffic is getnettotals.
type traffic struct {
	Received int64 `json:"totalbytesrecv"`
	Sent     int64 `json:"totalbytessent"`
}

func totals(ctx context.Context, n end) (t traffic, err error) {
	err = n.Call(ctx, "getnettotals", &t)
	return t, err
}
