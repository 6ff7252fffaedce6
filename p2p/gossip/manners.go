package gossip

import (
	"time"

	"grapevine/p2p"
	"grapevine/p2p/gossip/txs"
)

// Manners are ways in which a node may behave towards its peers that are a matter of
// choice. The zero value is grapevine's own; Core's daemon has another.
type Manners struct {
	// Reserved: a local network is treated as a public one. Announcements wait for a
	// random time, our pool is not told to who joins, old blocks beside the chain are
	// not spoken of, peers that stay behind are dropped, and until the tip is young the
	// initial block download goes on.
	Reserved bool
	// TxDelays: transactions are asked for after Core's delays (txs.Pace).
	TxDelays bool
	// OneSync: headers are asked from one peer first while our best one is old, not from all.
	OneSync bool
	// Even: each peer is asked for sixteen blocks at most, a block of one peer only, and
	// who holds up the download is dropped, as by Core.
	Even bool
	// BlocksOnly: no transactions are taken from peers without the relay permission [-blocksonly].
	BlocksOnly bool
	// Bloom: bloom filters are served (BIP37) [-peerbloomfilters].
	Bloom bool
	// PunishTxs: a transaction that breaks a rule of consensus is its sender's offence
	// [MaybePunishNodeForTx, until Core 28]. It is not otherwise: rules may change.
	PunishTxs bool
	// KeepManual: whom people have asked for is not dropped for an offence.
	KeepManual bool
	// MaxOrphans [DEFAULT_MAX_ORPHAN_TRANSACTIONS] that wait for their parents, chosen at random when there are more
	// [-maxorphantx]; 0: the orphanage's own limits; NoOrphans: none.
	MaxOrphans int
	// MaxTipAge beyond which the initial block download goes on [-maxtipage]; 0: a day.
	MaxTipAge time.Duration
}

// Bounds of Manners.
const (
	NoOrphans   = -1
	MostOrphans = 10_000 // a hundred times the usual
)

// DaemonManners are those of Core's daemon.
func DaemonManners() Manners {
	return Manners{Reserved: true, TxDelays: true, OneSync: true, Even: true, KeepManual: true, MaxOrphans: 100}
}

func (m Manners) pace() txs.Pace { return txs.Pace{Delays: m.TxDelays} }

func (m Manners) maxTipAge() time.Duration {
	if m.MaxTipAge > 0 {
		return m.MaxTipAge
	}
	return maxTipAge
}

// refusesTxs says whether a peer may not send us transactions, nor tell us of them
// [RejectIncomingTxs].
func (s *State) refusesTxs(p *peer) bool {
	return p.Silent() || s.cfg.Manners.BlocksOnly && !p.May(p2p.MayRelay)
}

// violates ends the connection of who talks of transactions all the same; it is no
// offence.
func (s *State) violates(p *peer, event string, attrs ...any) {
	s.cfg.Log.Debug(event, append([]any{"peer", p.Number}, attrs...)...)
	s.drop(p, "", event)
}

// forgiven says whether a peer is not dropped for an offence: people have said so, or
// have asked for it.
func (s *State) forgiven(p *peer) bool {
	return p.May(p2p.MayStay) || s.cfg.Manners.KeepManual && p.Kind == p2p.Manual
}
