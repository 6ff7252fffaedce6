package model

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// RunSeeds runs n seeds from cfg.Seed on, as many at once as there are
// processors. cfg.Progress hears of all of them together.
func RunSeeds(ctx context.Context, cfg Config, n int) ([]*Result, error) {
	runs := make([]*Result, n)
	var mu sync.Mutex // guards done
	done := make([]int, n)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		one := cfg
		one.Seed += uint64(i)
		one.Progress = func(d, total int) {
			if cfg.Progress == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			done[i] = d
			sum := 0
			for _, d := range done {
				sum += d
			}
			cfg.Progress(sum, n*total)
		}
		g.Go(func() (err error) {
			runs[i], err = Run(ctx, one)
			return err
		})
	}
	return runs, g.Wait()
}
