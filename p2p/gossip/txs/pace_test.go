package txs

import (
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
)

// Each reason for a delay adds two seconds, as in Core.
func TestDelaysOfRequests(t *testing.T) {
	const inbound, outbound = p2p.Inbound, p2p.FullRelay
	for _, c := range []struct {
		what  string
		link  p2p.Link
		byWID bool
		other bool // a peer that names transactions by wtxid is there
		busy  int  // requests that it has not answered
		delay time.Duration
	}{
		{"of our choice", p2p.Link{Kind: outbound}, true, false, 0, 0},
		{"came to us", p2p.Link{Kind: inbound}, true, false, 0, 2 * time.Second},
		{"came to us and is trusted", p2p.Link{Kind: inbound, Permissions: p2p.MayStay}, true, false, 0, 0},
		{"by txid, as all do", p2p.Link{Kind: outbound}, false, false, 0, 0},
		{"by txid, though one does not", p2p.Link{Kind: outbound}, false, true, 0, 2 * time.Second},
		{"busy, nearly", p2p.Link{Kind: outbound}, true, false, 99, 0},
		{"busy", p2p.Link{Kind: outbound}, true, false, 100, 2 * time.Second},
		{"busy, with the relay permission", p2p.Link{Kind: outbound, Permissions: p2p.MayRelay}, true, false, 100, 0},
		{"all of it", p2p.Link{Kind: inbound}, false, true, 100, 6 * time.Second},
	} {
		tr, now := NewRequests(Pace{Delays: true}), time.Unix(1000, 0)
		p := joinLink(tr, c.link)
		if c.other {
			joinLink(tr, p2p.Link{Kind: inbound, Hello: p2p.Hello{WTxIDRelay: true}})
		}
		for i := range c.busy {
			tr.Offer(p, Name{hash(100 + i), c.byWID}, now)
		}
		now = now.Add(time.Minute / 2)
		tr.Expire(now)
		tr.choose(now, 1000)
		if n := len(asksOf(p)); n != c.busy {
			t.Fatalf("%s: %d asked at first, not %d", c.what, n, c.busy)
		}
		tr.Offer(p, Name{hash(1), c.byWID}, now)
		at := func(wait time.Duration) int {
			if due := tr.Due(); c.delay > 0 && !due.Equal(now.Add(c.delay)) {
				t.Errorf("%s: due in %v", c.what, due.Sub(now))
			}
			tr.Expire(now.Add(wait))
			tr.choose(now.Add(wait), 1000)
			return len(asksOf(p))
		}
		if c.delay > 0 && at(c.delay-1) != 0 {
			t.Errorf("%s: asked too early", c.what)
		}
		if at(c.delay) != 1 {
			t.Errorf("%s: not asked after %v", c.what, c.delay)
		}
		if err := tr.Check(); err != nil {
			t.Error(err)
		}
	}
}

// With delays the answer has a minute; then who is ready is asked, of our choice first.
func TestWithDelaysAnAnswerHasAMinute(t *testing.T) {
	tr, now := NewRequests(Pace{Delays: true}), time.Unix(1000, 0)
	first, second, chosen := join(tr, false), join(tr, false), join(tr, true)
	tr.Offer(first, Name{hash(1), true}, now)
	now = now.Add(2 * time.Second)
	tr.Expire(now)
	tr.choose(now, 10)
	if len(asksOf(first)) != 1 {
		t.Fatal("the first is not asked")
	}
	tr.Offer(second, Name{hash(1), true}, now)
	tr.Offer(chosen, Name{hash(1), true}, now)
	tr.Expire(now.Add(time.Minute - 1))
	tr.choose(now, 10)
	if tr.wants[hash(1)].asked != first {
		t.Error("another is asked within the minute")
	}
	tr.Expire(now.Add(time.Minute))
	tr.choose(now, 10)
	if len(asksOf(chosen)) != 1 {
		t.Error("the one of our choice is not asked next")
	}
	tr.Leave(chosen)
	tr.choose(now, 10)
	if len(asksOf(second)) != 1 {
		t.Error("the last one is not asked when that has left")
	}
}

func TestOffersOfTrustedPeersAreBoundedToo(t *testing.T) {
	for permission, most := range map[p2p.Permissions]int{0: 5000, p2p.MayRelay: 50_000, p2p.MayForceRelay: 50_000} {
		tr, now := NewRequests(Pace{Delays: true}), time.Unix(1000, 0)
		p := joinLink(tr, p2p.Link{Kind: p2p.Inbound, Permissions: permission})
		for i := range most {
			tr.Offer(p, Name{hash(i), true}, now)
		}
		tr.Offer(p, Name{chain.Hash{1, 2, 3}, true}, now)
		if wants, _, _, _ := tr.Counts(); wants != most {
			t.Errorf("%d wants of a peer with permissions %b", wants, permission)
		}
		tr.Expire(now.Add(2 * time.Second))
		tr.choose(now, 1_000_000)
		if n := len(asksOf(p)); n != most {
			t.Errorf("%d asked at once of %d", n, most)
		}
	}
}
