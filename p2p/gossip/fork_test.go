package gossip

import (
	"fmt"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// serves answers what was asked of a peer since the last call, in bodies.
func (r *rig) serves(id p2p.PeerID) {
	for {
		acts := r.sent
		r.sent = nil
		asked := 0
		for _, a := range acts {
			if s, ok := a.(p2p.Send); ok && s.Peer == id {
				m, isGetData := s.Msg.(*wire.MsgGetData)
				for i := 0; isGetData && i < len(m.InvList); i++ {
					asked++
					r.step(r.n, Message{id, &msg.Block{Block: r.w.blocks[m.InvList[i].Hash]}})
				}
			}
		}
		r.run(2 * time.Second) // all are validated meanwhile
		if asked == 0 && len(r.sent) == 0 {
			return
		}
	}
}

// A peer of any kind has a branch that outweighs our chain only at its end, and
// its last block breaks a rule when it is connected: the old tip stays, nothing is
// in flight any more, and the good end of the same branch is taken over as ever.
func TestT63_ABranchThatIsInvalidAtItsEndIsGivenUp(t *testing.T) {
	for _, have := range []bool{false, true} {
		for _, n := range []int{1, 1024, 1025, 1100} {
			t.Run(fmt.Sprintf("%d blocks, have %v", n, have), func(t *testing.T) {
				w := newWorld()
				w.grow("a", "g", n, 100)
				w.grow("b", "g", n+1, 100)
				w.block("c", fmt.Sprint("b", n), 100)
				bad := fmt.Sprint("b", n+1)
				w.invalid[w.nodes[bad].Hash] = true
				r := newRig(t, w)
				r.check = false
				r.give(r.n, numbered("a", n)...)
				link := p2p.Link{Kind: p2p.FullRelay, Hello: hello()}
				link.Have = have
				r.step(r.n, joined(1, link))
				r.says(1, r.headers(numbered("b", n+1)...))
				if have {
					r.says(1, msg.NewHave(w.nodes[bad].Hash, 0))
				}
				r.serves(1)
				r.wantTip(fmt.Sprint("a", n), r.n)
				if z := r.n.s.Sizes(); z.BlockFlights != 0 || z.BytesQueued+z.BytesValidating != 0 {
					t.Errorf("%+v", z)
				}
				if s := r.n.s.Status(); s.Headers != int32(n) || s.Syncing {
					t.Errorf("%+v", s)
				}
				checkInvariants(t, r.n.s)

				r.step(r.n, joined(2, link))
				r.says(2, r.headers("c"))
				if have {
					r.says(2, msg.NewHave(w.nodes["c"].Hash, 0))
				}
				r.serves(2)
				r.wantTip("c", r.n)
				checkInvariants(t, r.n.s)
			})
		}
	}
}
