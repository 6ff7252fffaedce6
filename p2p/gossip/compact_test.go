package gossip

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// A short form is pushed before its block is validated. Who was asked for the whole,
// because the short form could not be put together, sends it as late as it likes: that
// the block breaks a rule is counted, as when it was asked for at first.
func TestALateWholeBlockWasAskedFor(t *testing.T) {
	w := newWorld()
	n := w.block("b1", "g", 300, w.tx("a"), w.tx("b"))
	s := newTestState(w, 1)
	plain := p2p.Link{Kind: p2p.Inbound, Hello: hello()}
	plain.Services = wire.SFNodeNetwork // by its services it would not be asked for bodies
	s.Step(w.start, joined(1, plain))
	s.Step(w.start, Message{1, &msg.SendCmpct{Version: 2}})
	short := msg.Compact(w.blockNamed("b1"), 7, []int{0})
	short.ShortIDs[1] = short.ShortIDs[0] // collides
	if acts := s.Step(w.start, Message{1, short}); count(acts, 1, "getdata") != 1 {
		t.Fatalf("the whole block was not asked for: %v", acts)
	}
	late := w.start.Add(time.Hour)
	for s.fetch.Flights() > 0 { // late, then given back
		late = late.Add(time.Hour)
		s.Step(late, Tick{})
	}
	s.Step(late, Message{1, &msg.Block{Block: w.blockNamed("b1")}})
	acts := s.Step(late, BlockVerdict{n, chain.Broken(chain.ErrCoinbaseAmount, "")})
	wantKept(t, acts, 1)
}
