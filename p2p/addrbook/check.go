package addrbook

import (
	"fmt"
	"net/netip"
	"time"

	"grapevine/p2p"
)

// healthEvery is how often the log has how the map of autonomous systems fits
// [ASMAP_HEALTH_CHECK_INTERVAL].
const healthEvery = 24 * time.Hour

// sayHealth says how many of the addresses the map knows, now and then [ASMapHealthCheck].
func (b *Book) sayHealth() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.cfg.Now()
	if b.cfg.ASMap == nil || now.Before(b.healthAt) {
		return
	}
	b.healthAt = now.Add(healthEvery)
	peers, unmapped, systems := 0, 0, map[uint32]bool{}
	for _, e := range b.order {
		if network := NetworkOf(e.addr.At.Addr()); network != p2p.IPv4 && network != p2p.IPv6 {
			continue
		}
		peers++
		if as := b.cfg.ASMap.Of(e.addr.At.Addr()); as == 0 {
			unmapped++
		} else {
			systems[as] = true
		}
	}
	b.cfg.Log.Info("map of autonomous systems looked at", "peers", peers, "systems", len(systems), "unmapped", unmapped)
}

// used counts a use of the book, and proves now and then that it is whole [CheckAddrman].
func (b *Book) used() {
	if b.cfg.CheckEvery <= 0 {
		return
	}
	if b.uses++; b.uses%b.cfg.CheckEvery != 0 {
		return
	}
	tried := 0
	for _, e := range b.order {
		if e.tried {
			tried++
		}
	}
	b.cfg.Log.Debug("address book is checked", "new", len(b.order)-tried, "tried", tried, "total", len(b.order))
	if err := b.check(); err != nil {
		b.cfg.Log.Error("the address book is not whole", "err", err)
		return
	}
	b.cfg.Log.Debug("address book is whole")
}

// check proves that each address stands at the one place that is its own.
func (b *Book) check() error {
	if len(b.known) != len(b.order) || len(b.slots) != len(b.order) {
		return fmt.Errorf("%d addresses, %d in the list, %d in the tables", len(b.known), len(b.order), len(b.slots))
	}
	for i, e := range b.order {
		switch at := b.slotOf(e); {
		case b.known[e.addr.At] != e || e.index != i:
			return fmt.Errorf("%v is not where the list has it", e.addr.At)
		case at != e.at || b.slots[at] != e:
			return fmt.Errorf("%v is not at its place", e.addr.At)
		}
	}
	return nil
}

// AS is the number of the autonomous system of an address, by the map; 0: it has none
// [GetMappedAS].
func (b *Book) AS(a netip.Addr) uint32 { return b.cfg.ASMap.Of(a) }
