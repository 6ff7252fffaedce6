package node

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// What is scheduled is done once each time it is due, sooner when the schedule is moved.
func TestScheduledTasksAreDoneWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSchedule(time.Now)
		var often, seldom atomic.Int32
		every := func(d time.Duration) func() time.Duration { return func() time.Duration { return d } }
		count := func(n *atomic.Int32) func(context.Context) error {
			return func(context.Context) error { n.Add(1); return nil }
		}
		s.add(every(10*time.Minute), count(&often))
		s.add(every(time.Hour), count(&seldom))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		expect := func(first, second int32) {
			t.Helper()
			synctest.Wait()
			if often.Load() != first || seldom.Load() != second {
				t.Errorf("done %d and %d times, want %d and %d", often.Load(), seldom.Load(), first, second)
			}
		}
		time.Sleep(10*time.Minute - time.Second)
		expect(0, 0)
		time.Sleep(time.Second)
		expect(1, 0)
		s.forward(10*time.Minute - time.Second)
		expect(1, 0)
		s.forward(time.Second)
		expect(2, 0)
		time.Sleep(40 * time.Minute)
		expect(6, 1)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
