package gossip

import (
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
)

// Compact filters for light clients (BIP157), served when the node keeps their index
// [NODE_COMPACT_FILTERS]. The filters themselves are read by the peer's writer.

const (
	maxFilters       = 1000 // in answer to one getcfilters [MAX_GETCFILTERS_SIZE]
	maxFilterHeaders = 2000 // in answer to one getcfheaders [MAX_GETCFHEADERS_SIZE]
	checkpointEvery  = 1000 // blocks [CFCHECKPT_INTERVAL]
)

// filterRange is what a request names: blocks from a height up to a hash.
type filterRange struct {
	Type  wire.FilterType
	Start uint32
	Stop  chain.Hash
}

// filterStop is the last block of a range of at most so many if we answer it; else nil,
// and the peer has gone [PrepareBlockFilterRequest].
func (s *State) filterStop(p *peer, r filterRange, most uint32) *chain.HeaderNode {
	e := s.tree.Find(r.Stop)
	switch {
	case !s.cfg.Filters || r.Type != wire.GCSFilterRegular:
		s.cfg.Log.Debug("filters of another type", "peer", p.Number, "type", int(r.Type))
		s.drop(p, "", "asks for filters of a type that we do not offer")
	case e == nil || !e.Valid || !s.server.tells(e):
		s.cfg.Log.Debug("filters up to an unknown block", "peer", p.Number, "hash", r.Stop)
		s.drop(p, "", "asks for filters up to a block that we do not have")
	case r.Start > uint32(e.Node.Height):
		s.cfg.Log.Debug("filters from behind their end", "peer", p.Number, "start", r.Start, "stop", e.Node.Height)
		s.drop(p, "", fmt.Sprintf("asks for filters from %d up to %d", r.Start, e.Node.Height))
	case uint32(e.Node.Height)-r.Start >= most:
		s.cfg.Log.Debug("too many filters", "peer", p.Number, "filters", uint32(e.Node.Height)-r.Start+1, "most", most)
		s.drop(p, "", fmt.Sprintf("asks for %d filters, at most %d are given", uint32(e.Node.Height)-r.Start+1, most))
	default:
		return e.Node
	}
	return nil
}

// onGetCFilters answers for filters [ProcessGetCFilters].
func (s *State) onGetCFilters(p *peer, m *wire.MsgGetCFilters) {
	r := filterRange{m.FilterType, m.StartHeight, m.StopHash}
	if stop := s.filterStop(p, r, maxFilters); stop != nil {
		s.do(p2p.SendFilters{Peer: p.ID, Command: wire.CmdCFilter, Blocks: between(stop, r.Start), Stop: r.Stop})
	}
}

// onGetCFHeaders answers for their hashes [ProcessGetCFHeaders].
func (s *State) onGetCFHeaders(p *peer, m *wire.MsgGetCFHeaders) {
	r := filterRange{m.FilterType, m.StartHeight, m.StopHash}
	stop := s.filterStop(p, r, maxFilterHeaders)
	if stop == nil {
		return
	}
	a := p2p.SendFilters{Peer: p.ID, Command: wire.CmdCFHeaders, Blocks: between(stop, r.Start), Stop: r.Stop}
	if r.Start > 0 {
		a.Before = &stop.Ancestor(int32(r.Start) - 1).Hash
	}
	s.do(a)
}

// onGetCFCheckpt answers for every thousandth header of them [ProcessGetCFCheckPt].
func (s *State) onGetCFCheckpt(p *peer, m *wire.MsgGetCFCheckpt) {
	r := filterRange{Type: m.FilterType, Stop: m.StopHash}
	stop := s.filterStop(p, r, 1<<31)
	if stop == nil {
		return
	}
	a := p2p.SendFilters{Peer: p.ID, Command: wire.CmdCFCheckpt, Stop: r.Stop}
	for height := int32(checkpointEvery); height <= stop.Height; height += checkpointEvery {
		a.Blocks = append(a.Blocks, stop.Ancestor(height).Hash)
	}
	s.do(a)
}

// between lists the blocks from a height up to stop, in order.
func between(stop *chain.HeaderNode, start uint32) []chain.Hash {
	list := make([]chain.Hash, stop.Height-int32(start)+1)
	n := stop
	for i := len(list) - 1; i >= 0; i-- {
		list[i], n = n.Hash, n.Parent
	}
	return list
}
