package peer

import (
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// SendFilters queues an answer of BIP157, whose filters the writer looks up when its
// turn comes. If one is not there, as while the index is being built, nothing is sent.
func (p *Peer) SendFilters(a p2p.SendFilters) error {
	if a.Command != wire.CmdCFilter {
		return p.add(item{filters: &a})
	}
	for i := range a.Blocks { // a message each
		one := a
		one.Blocks = a.Blocks[i : i+1]
		if err := p.add(item{filters: &one}); err != nil {
			return err
		}
	}
	return nil
}

// filters answers from the index. An empty command: there is no answer.
func (p *Peer) filters(a *p2p.SendFilters) (command string, payload []byte, err error) {
	var hashes, headers []*chain.Hash // of each, what is asked for: the filters themselves take megabytes
	for _, h := range a.Blocks {
		filter, header, ok, err := p.cfg.Filter(h)
		if err != nil || !ok {
			p.cfg.Log.Debug("filter asked for cannot be sent", "block", h, "err", err)
			return "", nil, nil
		}
		switch a.Command {
		case wire.CmdCFilter:
			return msg.Encode(wire.NewMsgCFilter(wire.GCSFilterRegular, &h, filter))
		case wire.CmdCFCheckpt:
			headers = append(headers, &header)
		default:
			hash := chainhash.DoubleHashH(filter)
			hashes = append(hashes, &hash)
		}
	}
	if a.Command == wire.CmdCFCheckpt {
		m := wire.NewMsgCFCheckpt(wire.GCSFilterRegular, &a.Stop, len(headers))
		m.FilterHeaders = headers
		return msg.Encode(m)
	}
	m := wire.NewMsgCFHeaders()
	m.FilterType, m.StopHash, m.FilterHashes = wire.GCSFilterRegular, a.Stop, hashes
	if a.Before != nil {
		_, header, ok, err := p.cfg.Filter(*a.Before)
		if err != nil || !ok {
			return "", nil, nil
		}
		m.PrevFilterHeader = header
	}
	return msg.Encode(m)
}
