package swarm

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
)

const (
	askTime = 30 * time.Second // for all of them together
	maxEach = 256              // addresses taken from one, so that none fills the address book
)

// seedNames are the network's seeds: of those that understand it, the name that asks
// for nodes with these services.
func seedNames(p *chain.Params, services wire.ServiceFlag) (names []p2p.HostPort) {
	for _, s := range p.DNSSeeds {
		host := s.Host
		if s.HasFiltering {
			host = filterOf(services) + s.Host
		}
		names = append(names, p2p.HostPort{Host: host, Port: p2p.DefaultPort(p)})
	}
	return names
}

// filterOf is what asks a seed for nodes with these services, before its name.
func filterOf(services wire.ServiceFlag) string { return fmt.Sprintf("x%x.", uint64(services)) }

// lookup finds a host's addresses.
type lookup func(ctx context.Context, host string) ([]netip.Addr, error)

// seedAnswer is what one name has led to.
type seedAnswer struct {
	name  p2p.HostPort
	addrs []netip.Addr
}

// askAll asks for all names at once, so that those that do not answer keep nobody
// waiting, and hands the answers on, one at a time, until take fails.
func (l lookup) askAll(ctx context.Context, names []p2p.HostPort, log *slog.Logger, take func(seedAnswer) error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var wg sync.WaitGroup
	answers := make(chan seedAnswer)
	for _, name := range names {
		wg.Go(func() {
			addrs, err := l(ctx, name.Host)
			if err != nil {
				log.Debug("DNS seed does not answer", "seed", name.Host, "err", err)
				return
			}
			select {
			case answers <- seedAnswer{name, addrs[:min(len(addrs), maxEach)]}:
			case <-ctx.Done():
			}
		})
	}
	go func() { wg.Wait(); close(answers) }()
	for a := range answers {
		if ctx.Err() == nil && take(a) != nil {
			cancel()
		}
	}
}
