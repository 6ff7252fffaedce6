package headers

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
)

// oneSync is a talk where one peer is asked first, with peers of our choice.
func oneSync(t *testing.T, peers int) (*talkers, []*Talk) {
	x := newTalkers(t, 5)
	x.One = true
	var talks []*Talk
	for i := range peers {
		id := p2p.PeerID(i + 1)
		l := p2p.Link{ID: id, Kind: p2p.FullRelay, Hello: p2p.Hello{Services: wire.SFNodeNetwork}}
		talks = append(talks, x.Join(&l, known{x, id}))
	}
	return x, talks
}

// asked counts the getheaders to each peer since the last look.
func (x *talkers) asked() map[p2p.PeerID]int {
	n := map[p2p.PeerID]int{}
	for _, a := range x.Actions() {
		if s, ok := a.(p2p.Send); ok && s.Msg.Command() == wire.CmdGetHeaders {
			n[s.Peer]++
		}
	}
	return n
}

func TestOnePeerIsAskedWhileOurBestIsOld(t *testing.T) {
	x, talks := oneSync(t, 0)
	x.Now(x.now.Add(48 * time.Hour))
	join := func(id p2p.PeerID) {
		l := p2p.Link{ID: id, Kind: p2p.FullRelay, Hello: p2p.Hello{Services: wire.SFNodeNetwork}}
		talks = append(talks, x.Join(&l, known{x, id}))
	}
	for id := p2p.PeerID(1); id <= 4; id++ {
		join(id)
	}
	if n := x.asked(); len(n) != 1 || n[1] != 1 {
		t.Fatalf("asked at first: %v", n)
	}
	x.OnHeaders(talks[0], nil)
	for i, h := range []chain.Hash{{1}, {2}} { // each new block lets one peer more be asked
		for _, talk := range talks {
			x.Announced(talk, h)
		}
		if n := x.asked(); len(n) != 2 || n[1] != 1 || n[p2p.PeerID(i+2)] != 1 {
			t.Errorf("asked for block %d: %v", i, n)
		}
		x.OnHeaders(talks[0], nil)
		x.OnHeaders(talks[i+1], nil)
	}
	x.Leave(talks[0])
	if n := x.asked(); len(n) != 1 || n[2] != 1 {
		t.Errorf("when the first has left: %v", n)
	}
}

// The only one that was asked has a quarter of an hour and a millisecond for each
// header that may be missing; then it goes and another is asked.
func TestWhoDoesNotGiveHeadersIsReplaced(t *testing.T) {
	x, talks := oneSync(t, 0)
	x.Now(x.now.Add(10_000 * 10 * time.Minute))
	for id := p2p.PeerID(1); id <= 2; id++ {
		l := p2p.Link{ID: id, Kind: p2p.FullRelay, Hello: p2p.Hello{Services: wire.SFNodeNetwork}}
		talks = append(talks, x.Join(&l, known{x, id}))
	}
	x.Actions()
	due := x.Due()
	if wait := due.Sub(x.now); wait < 15*time.Minute+10*time.Second || wait > 15*time.Minute+11*time.Second {
		t.Errorf("it has %v", wait)
	}
	x.Now(due.Add(-1))
	x.Tick()
	if acts := x.Actions(); len(acts) != 0 {
		t.Errorf("too early: %v", acts)
	}
	x.Now(due)
	x.Tick()
	acts := x.Actions()
	d, ok := acts[0].(p2p.Drop)
	if !ok || d.Peer != 1 || d.Offence != "" || len(acts) != 2 || acts[1].(p2p.Send).Peer != 2 {
		t.Errorf("%+v", acts)
	}
}

func TestAllAreAskedNearToday(t *testing.T) {
	x, talks := oneSync(t, 0)
	x.OnHeaders(x.join(9), x.run(1, 5))
	x.Actions()
	for id := p2p.PeerID(1); id <= 3; id++ {
		l := p2p.Link{ID: id, Kind: p2p.Inbound, Hello: p2p.Hello{Services: wire.SFNodeNetworkLimited}}
		talks = append(talks, x.Join(&l, known{x, id}))
	}
	if n := x.asked(); len(n) != 3 {
		t.Errorf("asked near today: %v", n)
	}
	none := p2p.Link{ID: 4, Kind: p2p.Inbound}
	x.Join(&none, known{x, 4})
	if n := x.asked(); len(n) != 0 {
		t.Errorf("who serves no blocks is asked: %v", n)
	}
}
