package blocks

import (
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/headertree"
	"grapevine/p2p"
	"grapevine/p2p/gossip/headers"
)

// Core asks each peer for sixteen blocks at most, however fast it is, and each block of
// one peer only. Who holds up the download is dropped: because the window of blocks that
// may be asked for cannot move on before its block comes [m_stalling_since], or because
// the first block that it was asked for takes many minutes. Fetcher.Even chooses that.

const (
	evenTimeout = 10 * time.Minute // for a block [BLOCK_DOWNLOAD_TIMEOUT_BASE, blocks' interval]
	evenEach    = 5 * time.Minute  // more for each other peer that sends blocks [BLOCK_DOWNLOAD_TIMEOUT_PER_PEER]
)

// setEvenLate computes when the source is dropped.
func (f *Fetcher) setEvenLate(p *Source) {
	others := 0
	for _, q := range f.sources {
		if q != p && len(q.flights) > 0 {
			others++
		}
	}
	p.lateAt = p.headAt.Add(evenTimeout + time.Duration(others)*evenEach)
	if !p.stallsFrom.IsZero() {
		p.lateAt = sooner(p.lateAt, p.stallsFrom.Add(f.late))
	}
}

// blame finds whom p waits for, which has all that p could be asked for in flight or
// beyond the window: that one stalls the download.
func (f *Fetcher) blame(p *Source, has reach) {
	r := &f.route
	end := len(r.path) - 1
	if len(p.flights) > 0 || end < window-1 || r.path[end] == r.goal || has.beyond == nil && has.upTo <= r.path[end].Node.Height {
		return
	}
	for _, e := range r.path {
		if x := f.flights[e]; x != nil {
			if q := x.p; q != p && q.stallsFrom.IsZero() {
				q.stallsFrom = f.now
				f.setLate(q)
				f.Log.Debug("peer stalls the download", "peer", q.Number)
			}
			return
		}
		if f.open(e) {
			return
		}
	}
}

// evenLate drops who stalls, or is late.
func (f *Fetcher) evenLate() (drop []p2p.Action) {
	for _, p := range f.sources {
		if f.up(p.lateAt) {
			f.setLate(p) // more of them may send by now than when it was asked
		}
		switch {
		case !f.up(p.lateAt):
		case !p.stallsFrom.IsZero() && f.up(p.stallsFrom.Add(f.late)):
			f.Log.Info("peer is dropped, for it stalls the download", "peer", p.Number)
			drop = append(drop, p2p.Drop{Peer: p.ID, Reason: "stalls: the window waits for its block"})
			if f.late < lateAfterMax {
				f.late = min(2*f.late, lateAfterMax)
				f.Log.Debug("more patience with stalling peers", "seconds", int(f.late.Seconds()))
			}
		case len(p.flights) > 0:
			f.Log.Info("peer is dropped, for a block does not come", "peer", p.Number, "block", p.flights[0].e.Node.Hash)
			drop = append(drop, p2p.Drop{Peer: p.ID, Reason: "a block asked for does not come"})
		}
	}
	return drop
}

// evenHelp says whether p may give the missing parts of a block besides others: who
// pushes new blocks to us may, but the last place is for a peer of our own choice, until
// one is among them ["parallel download"].
func (f *Fetcher) evenHelp(p *Source, e *headers.Entry) bool {
	n, chosen := 0, !p.Inbound()
	for x := f.flights[e]; x != nil; x = x.next {
		n += x.counts()
		chosen = chosen || !x.p.Inbound()
	}
	return f.Even && p.Pushes && e.Needed() && n < maxCopies && (chosen || n < maxCopies-1)
}

// Direct says that a source has just sent headers: near our tip, what they lead to is
// asked from it, also beside the best of its headers [HeadersDirectFetchBlocks].
func (f *Fetcher) Direct(p *Source, sent []*wire.BlockHeader) {
	if !f.Even || p.Top == nil || p.Top.Node.Height-f.tree.Tip().Node.Height > 2*directDepth {
		return
	}
	f.direct = p
	if n := len(sent); n > 0 && n <= wire.MaxBlockHeadersPerMsg {
		f.directTop = f.tree.Find(chain.HeaderHash(sent[n-1]))
	}
}

// beside picks blocks on the way to headers that a source has just sent and that are no
// part of its best branch.
func (f *Fetcher) beside(p *Source) (ask []*headers.Entry) {
	last, tip := f.directTop, f.tree.Tip()
	switch {
	case last == nil || p.Top == nil || last.IsAncestorOf(p.Top) || !p.usable || p.stalled:
		return nil
	case last.Bad != headertree.Good || last.Node.Work.Cmp(tip.Node.Work) < 0 || last.Node.Work.Cmp(f.minWork) < 0:
		return nil
	}
	way := headertree.Between(f.tree.Fork(tip, last), last)
	if len(way) > directDepth {
		return nil
	}
	for _, e := range way {
		if len(p.flights)+len(ask) < maxFlights && f.mayAsk(p, e) {
			ask = append(ask, e)
		}
	}
	return ask
}

// TipRose says how many blocks were connected, of which Connected may have told one.
func (f *Fetcher) TipRose(blocks int32) {
	for range blocks {
		if !f.Even || f.late == lateAfter {
			return
		}
		f.Connected()
	}
}
