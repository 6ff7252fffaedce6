package swarm

import (
	"testing"
	"time"
)

// The limits of Core's OutboundTargetReached, at them and one beyond.
func TestUploadTargetOfADay(t *testing.T) {
	const day = 144 * blockReserve
	sent, start := uint64(0), time.Unix(1_700_000_000, 0)
	u := &uploads{most: day + 1000, sent: func() uint64 { return sent }}
	if got := u.target(start); got != (UploadTarget{day + 1000, false, true, day + 1000, uploadFrame}) {
		t.Errorf("before the first byte: %+v", got)
	}
	sent = 10
	u.look(start) // the day begins
	for _, c := range []struct {
		sent    uint64
		after   time.Duration
		old     bool
		reached bool
	}{
		{999, 0, true, false}, {1000, 0, false, false},
		{1000, time.Second, true, false}, {1000 + blockReserve, 10 * time.Minute, false, false}, // a block less is kept
		{day + 999, uploadFrame - time.Second, true, false}, {day + 1000, uploadFrame - time.Second, false, true},
		{day + 2000, uploadFrame, false, true},
	} {
		sent = 10 + c.sent
		got := u.target(start.Add(c.after))
		left := uint64(0)
		if c.sent < day+1000 {
			left = day + 1000 - c.sent
		}
		if got != (UploadTarget{day + 1000, c.reached, c.old, left, uploadFrame - c.after}) {
			t.Errorf("%d bytes after %v: %+v", c.sent, c.after, got)
		}
	}
	if got := u.target(start.Add(uploadFrame + time.Second)); got.Reached || !got.OldBlocks || got.BytesLeft != day+1000 {
		t.Errorf("the next day: %+v", got)
	}
	small := &uploads{most: day, sent: func() uint64 { return 1 }}
	if small.target(start).OldBlocks {
		t.Error("a target of no more than the day's new blocks leaves nothing for old ones")
	}
	if none := (&uploads{sent: func() uint64 { return 1 << 60 }}); none.target(start) != (UploadTarget{OldBlocks: true}) {
		t.Errorf("no limit: %+v", none.target(start))
	}
}
