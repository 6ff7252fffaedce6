package gossip

import (
	"fmt"
	"testing"
	"time"

	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// A peer's chain ends in blocks that are more than two hours ahead of our clock, as
// where its network's clock was moved: those before are fetched, from peers of any kind,
// and the rest when its time has come.
func TestBlocksBeforeThoseFromTheFutureAreFetched(t *testing.T) {
	const all, now = 130, 120 // a block a minute, from our clock's time on
	for _, have := range []bool{false, true} {
		t.Run(fmt.Sprint("have ", have), func(t *testing.T) {
			w := newWorld()
			w.start = w.nodes["g"].Header.Timestamp
			w.grow("a", "g", all, 100)
			r := newRig(t, w)
			link := p2p.Link{Kind: p2p.FullRelay, Hello: hello()}
			link.Have = have
			r.step(r.n, joined(1, link))
			end := w.nodes[fmt.Sprint("a", all)].Hash
			if have {
				r.says(1, msg.NewHave(end, 0))
			}
			run := numbered("a", all)
			wantKept(t, r.says(1, r.headers(run...)), 1)
			r.serves(1)
			r.wantTip(fmt.Sprint("a", now), r.n)
			r.run(time.Hour)
			if have {
				r.says(1, msg.NewHave(end, 0))
			}
			wantKept(t, r.says(1, r.headers(run[now-1:]...)), 1)
			r.serves(1)
			r.wantTip(fmt.Sprint("a", all), r.n)
		})
	}
}
