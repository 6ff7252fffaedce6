package gossip

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p/gossip/headers"
)

// announceTip tells peers of a new verified tip, by headers where they asked
// for it (BIP130), else by inv; also those who know its header but asked for the
// body in vain. While we are far behind it is no news, nor while we come up to our best
// header and the next tip is being validated.
func (s *State) announceTip() {
	tip := s.tree.Tip()
	if s.announced == tip || s.behind(tip) || s.rises(tip) {
		return
	}
	s.announced = tip
	haves := s.fetch.Haves()
	for _, p := range s.peers {
		lacking := p.lacks != nil && p.lacks.Stored && p.lacks.IsAncestorOf(tip)
		if lacking || !p.knowsHeader(tip) {
			s.announceTo(p, tip)
		}
		if lacking || s.wantsHave(p, tip) {
			s.tellHave(p, haves)
		}
		if lacking {
			p.lacks = nil
		}
	}
}

// rises says whether there will soon be another tip, and several more after it. Of the last ones
// each is told: a block that takes long to validate must not keep what it builds on from others.
func (s *State) rises(tip *headers.Entry) bool {
	best := s.tree.Best()
	if best.Node.Height-tip.Node.Height <= tellEach || !tip.IsAncestorOf(best) {
		return false
	}
	next := s.tree.Ancestor(best, tip.Node.Height+1)
	return next.Stored || next.Busy
}

// wantsHave says whether a have peer is to be told that we hold the tip: not if
// it holds that itself and all before it, or had it pushed by us, which says as much. Now and then
// all are told, for who loses a body should know whom to ask.
func (s *State) wantsHave(p *peer, tip *headers.Entry) bool {
	knows := p.pushed == tip || s.fetch.HoldsAll(p.src, tip)
	return !knows || tip.Node.Height-p.told >= tellAgain
}

func (s *State) announceTo(p *peer, tip *headers.Entry) {
	run := []*wire.BlockHeader{&tip.Node.Header}
	for e := tip.Parent; e != nil && !p.knowsHeader(e) && len(run) <= maxAnnounce; e = e.Parent {
		run = append(run, &e.Node.Header)
	}
	if p.wantsHeaders && len(run) <= maxAnnounce {
		p.sent = tip // who hears of a hash alone does not have the header [pindexBestHeaderSent]
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
