package model

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Events come out by time, and those of one moment as they were put in.
func TestTimelineKeepsOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var line timeline
	var now time.Duration
	var last event
	for range 20_000 {
		if len(line.row) > 0 && r.IntN(5) < 2 {
			e := line.pop()
			if e.at < last.at || e.at == last.at && e.seq < last.seq {
				t.Fatalf("%v (%d) came after %v (%d)", e.at, e.seq, last.at, last.seq)
			}
			last, now = e, e.at
			continue
		}
		line.push(event{at: now + time.Duration(r.IntN(50)), kind: does})
	}
	for len(line.row) > 0 {
		if e := line.pop(); e.at < last.at || e.at == last.at && e.seq < last.seq {
			t.Fatal("out of order")
		} else {
			last = e
		}
	}
}

// A line carries one message after the other at its rate.
func TestLineIsBusyAsLongAsItTakes(t *testing.T) {
	var free time.Duration
	first := through(&free, time.Second, 1000, 500)
	second := through(&free, time.Second, 1000, 250)
	later := through(&free, 10*time.Second, 1000, 1000)
	if first != 1500*time.Millisecond || second != 1750*time.Millisecond || later != 11*time.Second {
		t.Error(first, second, later)
	}
	if none := through(&free, 3*time.Second, 0, 1e9); none != 3*time.Second {
		t.Error("no limit is a limit")
	}
}
