package process

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"grapevine/testnet"
)

// atOnce is how many nodes start beside each other: more would wait for one another's
// processor, and each takes memory that it gives back once it runs.
func atOnce() int { return max(4, 2*runtime.GOMAXPROCS(0)) }

// StartMany starts those of some nodes that are down, several at once, and waits for
// those that somebody else has started. started are those that it started itself, also
// after an error; each is told to done.
func (n *Net) StartMany(ctx context.Context, numbers []int, done func(testnet.Member)) (started []int, err error) {
	release, err := n.shareToStart()
	if err != nil {
		return nil, err
	}
	defer release()
	return n.many(ctx, numbers, done)
}

// Enter writes fresh nodes into net.json, which StartMany starts.
func (n *Net) Enter(specs []testnet.Spec) error {
	release, err := n.share()
	if err != nil {
		return err
	}
	defer release()
	_, err = n.enter(specs...)
	return err
}

// enter writes fresh nodes into net.json.
func (n *Net) enter(specs ...testnet.Spec) (added []testnet.Member, err error) {
	err = n.change(func(f *testnet.File) error {
		for _, s := range specs {
			m, err := n.fresh(f.Nodes, s)
			if err != nil {
				return err
			}
			f.Nodes = append(f.Nodes, m)
			m.AddNode = contact(f.Nodes, m)
			f.Nodes[len(f.Nodes)-1] = m
			added = append(added, m)
		}
		return nil
	})
	return added, err
}

// fresh is one more node, which has not run yet.
func (n *Net) fresh(others []testnet.Member, s testnet.Spec) (m testnet.Member, err error) {
	m = testnet.Member{Node: n.next(others), User: "grapevine", Spec: s}
	m.DataDir = filepath.Join(n.cfg.Dir, folder(m.Node))
	if m.Password, err = password(); err != nil {
		return m, err
	}
	m.P2P, m.RPC, err = n.addresses(m.Node, others)
	return m, err
}

// many starts nodes, the one that the others are told of before them.
func (n *Net) many(ctx context.Context, numbers []int, done func(testnet.Member)) (started []int, err error) {
	var mu sync.Mutex
	one := func(ctx context.Context, number int) error {
		own := &Net{cfg: n.cfg, file: n.file, held: true}
		own.file.Nodes = slices.Clone(n.file.Nodes)
		m, err := own.startOne(ctx, number)
		ours := err == nil
		if errors.Is(err, testnet.ErrUp) {
			m, err = own.Await(ctx, m)
		}
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if ours {
			started = append(started, number)
		}
		if done != nil {
			done(m)
		}
		return nil
	}
	defer func() { n.Members() }()
	if len(n.file.Nodes) > 0 && slices.Contains(numbers, n.file.Nodes[0].Node) {
		first := n.file.Nodes[0].Node
		numbers = slices.DeleteFunc(slices.Clone(numbers), func(i int) bool { return i == first })
		if err := one(ctx, first); err != nil {
			return started, err
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce())
	for _, number := range numbers {
		g.Go(func() error { return one(ctx, number) })
	}
	err = g.Wait()
	return started, err
}

// killAll ends all nodes with SIGKILL, at once.
func (n *Net) killAll(ctx context.Context) error {
	var g errgroup.Group
	for _, m := range n.Members() {
		if m.PID != 0 {
			g.Go(func() error { return kill(ctx, m) })
		}
	}
	return g.Wait()
}
