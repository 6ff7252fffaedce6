package targets

import (
	"reflect"
	"testing"
	"time"
)

func TestPausesDoubleAndAGoodConnectionStartsAnew(t *testing.T) {
	for _, c := range []struct {
		local bool
		want  []time.Duration
	}{
		{false, []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 2 * time.Minute, 2 * time.Minute}},
		{true, []time.Duration{200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond, 3200 * time.Millisecond, 5 * time.Second, 5 * time.Second}},
	} {
		now := time.Unix(1_700_000_000, 0)
		l := New(c.local)
		if !l.Add("a:1", now) || l.Add("a:1", now) || l.Len() != 1 {
			t.Error("an address is added once")
		}
		pause := func(lasted time.Duration) time.Duration {
			due := l.Due(now)
			if len(due) != 1 {
				t.Fatalf("%d are due", len(due))
			}
			due[0].Live = 7
			if len(l.Due(now.Add(time.Hour))) != 0 {
				t.Error("what is connected is due")
			}
			l.Ended(8, 0, now)
			l.Ended(7, lasted, now)
			begun := now
			for len(l.Due(now)) == 0 {
				now = now.Add(100 * time.Millisecond)
			}
			return now.Sub(begun)
		}
		var got []time.Duration
		for range c.want {
			got = append(got, pause(0))
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("local %v: pauses %v, want %v", c.local, got, c.want)
		}
		if d := pause(time.Hour); d != c.want[0] {
			t.Errorf("local %v: after a good connection %v", c.local, d)
		}
		if !l.Remove("a:1") || l.Remove("a:1") || l.Addrs() != nil {
			t.Error("an address is removed once")
		}
	}
}
