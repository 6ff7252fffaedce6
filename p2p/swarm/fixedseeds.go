package swarm

import (
	"embed"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/addrbook"
	"grapevine/p2p/msg"
)

// Addresses at which nodes were when this was built are the last resort: for networks of
// which the book knows nobody when the seeds have had a minute to answer, or at once when
// nobody else is to be asked. They are those that Bitcoin Core 28 has built in, by network:
//
//	network 1 (as BIP155 numbers it) | count 2 | count times: address, of its network's size | port 2
//
//go:embed fixedseeds
var fixedSeeds embed.FS

const (
	fixedAfter = time.Minute        // from the start, for the seeds [ThreadOpenConnections]
	fixedAge   = 7 * 24 * time.Hour // and up to twice that, since they were seen [ConvertSeeds]
)

// fixedSeedsOf are those of a network.
func fixedSeedsOf(magic wire.BitcoinNet) (addrs []netip.AddrPort) {
	name := map[wire.BitcoinNet]string{wire.MainNet: "main", wire.TestNet3: "test", wire.TestNet4: "testnet4"}[magic]
	raw, err := fixedSeeds.ReadFile("fixedseeds/" + name + ".bin")
	for err == nil && len(raw) > 0 {
		network, count := raw[0], int(binary.BigEndian.Uint16(raw[1:]))
		size, _ := msg.AddrV2Size(network)
		for raw = raw[3:]; count > 0; count-- {
			a, _ := msg.AddrV2Of(network, raw[:size])
			addrs = append(addrs, netip.AddrPortFrom(a, binary.BigEndian.Uint16(raw[size:])))
			raw = raw[size+2:]
		}
	}
	return addrs
}

// plantFixed puts them into the book when it is time.
func (l *loop) plantFixed() {
	s := &l.seeds
	now := l.cfg.Clock()
	if s.fixedDone || now.Before(s.fixedAt) || l.dial.only || l.cfg.local() {
		return
	}
	if s.fixedDone = l.cfg.NoFixedSeeds; s.fixedDone {
		l.cfg.Log.Info("fixed seeds are not used")
		return
	}
	late := !now.Before(s.started.Add(fixedAfter))
	s.fixedAt = now.Add(fixedAfter)
	if !late {
		s.fixedAt = s.started.Add(fixedAfter)
	}
	empty := l.emptyNetworks()
	alone := l.cfg.NoDNSSeeds && len(l.cfg.SeedNodes) == 0 && len(l.cfg.AddNode) == 0
	if len(empty) == 0 || !late && !alone {
		return
	}
	s.fixedDone = true
	added := 0
	for _, at := range fixedSeedsOf(l.cfg.Params.Net) {
		if slices.Contains(empty, addrbook.NetworkOf(at.Addr())) {
			age := fixedAge + time.Duration(l.cfg.Rand.Int64N(int64(fixedAge)))
			l.plant("fixed seeds", p2p.Addr{At: at, Seen: now.Add(-age).Unix()})
			added++
		}
	}
	l.cfg.Log.Info("fixed seeds are used", "late", late, "added", added)
}

// emptyNetworks are those to which there is a road and of which the book knows nobody
// [GetReachableEmptyNetworks].
func (l *loop) emptyNetworks() (empty []string) {
	known := map[string]bool{}
	for _, a := range l.cfg.Book.All() {
		known[addrbook.NetworkOf(a.At.Addr())] = true
	}
	for _, name := range p2p.Networks() {
		if l.cfg.Reaches(name) && !known[name] {
			empty = append(empty, name)
		}
	}
	return empty
}
