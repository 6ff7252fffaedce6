package peer

import (
	"errors"
	"testing"
)

// Eight MiB may wait to be sent, an item counting for a hundred bytes beside its own, and not
// a byte more.
func TestTheQueueHoldsEightMiB(t *testing.T) {
	const most, each = 8 << 20, 100
	q := newQueue(nil, nil)
	for range 2 {
		if err := q.add(item{command: "x", payload: make([]byte, most/2-each)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.add(item{}); !errors.Is(err, ErrSlow) || q.bytes != most {
		t.Errorf("%d bytes wait, and one more item gives %v", q.bytes, err)
	}
	q = newQueue(nil, nil)
	if err := q.add(item{command: "x", payload: make([]byte, most-each+1)}); !errors.Is(err, ErrSlow) {
		t.Errorf("a byte too much gives %v", err)
	}
}
