package gossip

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p/gossip/tree"
)

// announceTip tells peers of a new verified tip, by headers where they asked
// for it (BIP130), else by inv. While we are far behind it is no news.
func (s *State) announceTip() {
	tip := s.tree.Tip()
	if s.announced == tip || s.behind(tip) {
		return
	}
	s.announced = tip
	for _, p := range s.peers {
		s.announceTo(p, tip)
		s.tellHave(p)
	}
}

func (s *State) announceTo(p *peer, tip *tree.Entry) {
	if p.knowsHeader(tip) {
		return
	}
	var run []*wire.BlockHeader
	e := tip
	for ; !p.knowsHeader(e) && len(run) <= maxAnnounce; e = e.Parent {
		run = append(run, &e.Node.Header)
	}
	p.sent = tip
	if p.wantsHeaders && len(run) <= maxAnnounce {
		m := &wire.MsgHeaders{}
		for i := len(run) - 1; i >= 0; i-- {
			m.Headers = append(m.Headers, run[i])
		}
		s.send(p, m)
		return
	}
	inv := wire.NewMsgInvSizeHint(1)
	inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeBlock, &tip.Node.Hash))
	s.send(p, inv)
}
