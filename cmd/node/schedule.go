package node

import (
	"context"
	"sync"
	"time"
)

// schedule does what is to be done from time to time, by the machine's clock;
// mockscheduler moves it forward [CScheduler].
type schedule struct {
	now func() time.Time

	mu    sync.Mutex
	ahead time.Duration // by so much mockscheduler has moved it
	tasks []*task
	moved chan struct{} // capacity 1
}

// task is something to be done again and again.
type task struct {
	wait func() time.Duration // until the next time, drawn after each
	do   func(context.Context) error
	due  time.Time
}

func newSchedule(now func() time.Time) *schedule {
	return &schedule{now: now, moved: make(chan struct{}, 1)}
}

// add is for before Run.
func (s *schedule) add(wait func() time.Duration, do func(context.Context) error) {
	s.tasks = append(s.tasks, &task{wait, do, s.now().Add(wait())})
}

// Run does what is due until ctx ends. What a task fails by is its own to tell.
func (s *schedule) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		next := s.doDue(ctx)
		timer := time.NewTimer(next)
		select {
		case <-timer.C:
		case <-s.moved:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return nil
}

// doDue does what is due, and says how long there is nothing then.
func (s *schedule) doDue(ctx context.Context) time.Duration {
	for {
		t, wait := s.first()
		if t == nil || wait > 0 || ctx.Err() != nil {
			return wait
		}
		_ = t.do(ctx)
		s.mu.Lock()
		t.due = s.now().Add(s.ahead).Add(t.wait())
		s.mu.Unlock()
	}
}

// first is the task that is due first, and in how long; without tasks it is long.
func (s *schedule) first() (first *task, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait = time.Hour
	for _, t := range s.tasks {
		if in := t.due.Sub(s.now().Add(s.ahead)); first == nil || in < wait {
			first, wait = t, in
		}
	}
	return first, wait
}

// forward moves the schedule [MockForward].
func (s *schedule) forward(by time.Duration) {
	s.mu.Lock()
	s.ahead += by
	s.mu.Unlock()
	select {
	case s.moved <- struct{}{}:
	default: // it looks anyway
	}
}
