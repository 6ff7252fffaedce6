package swarm

import (
	"reflect"
	"testing"
	"time"

	"grapevine/p2p"
)

func TestPausesDoubleAndAGoodConnectionStartsAnew(t *testing.T) {
	to := p2p.HostPort{Host: "a", Port: 1}
	for _, c := range []struct {
		local bool
		want  []time.Duration
	}{
		{false, []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 2 * time.Minute, 2 * time.Minute}},
		{true, []time.Duration{200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond, 3200 * time.Millisecond, 5 * time.Second, 5 * time.Second}},
	} {
		now := time.Unix(1_700_000_000, 0)
		l := newTargets(c.local)
		if !l.add(target{to: to, next: now}) || l.add(target{to: to, next: now}) || len(l.all) != 1 {
			t.Error("an address is added once")
		}
		pause := func(lasted time.Duration) time.Duration {
			due := l.due(now)
			if len(due) != 1 {
				t.Fatalf("%d are due", len(due))
			}
			due[0].live = 7
			if len(l.due(now.Add(time.Hour))) != 0 {
				t.Error("what is connected is due")
			}
			l.ended(8, 0, now)
			l.ended(7, lasted, now)
			begun := now
			for len(l.due(now)) == 0 {
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
		if !l.remove(to) || l.remove(to) || len(l.all) != 0 {
			t.Error("an address is removed once")
		}
	}
}

// A newcomer is content with few while it syncs, also again and again, and ten seconds more; but in its first five minutes alone.
func TestForHowLongFewTargetsAreEnough(t *testing.T) {
	began := time.Unix(1_700_000_000, 0)
	d := dialer{began: began}
	for _, c := range []struct {
		after         time.Duration
		syncing, want bool
	}{
		{0, false, false}, // nobody has said yet what there is to sync
		{time.Second, true, true},
		{2 * time.Second, false, true},
		{11*time.Second - 1, false, true},
		{11 * time.Second, false, false},
		{time.Minute, true, true},
		{2 * time.Minute, false, false},
		{5*time.Minute - 1, true, true},
		{5 * time.Minute, true, false},
		{time.Hour, true, false},
	} {
		if got := d.content(c.syncing, began.Add(c.after)); got != c.want {
			t.Errorf("after %v: %v", c.after, got)
		}
	}
}
