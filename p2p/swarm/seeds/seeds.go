package seeds

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

const (
	askTime = 30 * time.Second // for all of them together
	maxEach = 256              // addresses taken from one, so that none fills the address book
)

// Names are "host:port" of the network's seeds: of those that understand it, the
// name that asks for nodes with these services.
func Names(p *chain.Params, services wire.ServiceFlag) (names []string) {
	for _, s := range p.DNSSeeds {
		host := s.Host
		if s.HasFiltering {
			host = fmt.Sprintf("x%x.%s", uint64(services), s.Host)
		}
		names = append(names, net.JoinHostPort(host, p.DefaultPort))
	}
	return names
}

// Lookup finds a host's addresses.
type Lookup func(ctx context.Context, host string) ([]string, error)

// Answer is what one name led to.
type Answer struct {
	Host, Port string
	Addrs      []string
}

// Ask asks for all names, "host:port", at once, so that those that do not answer
// keep nobody waiting, and hands the answers on, one at a time, until take fails.
func (l Lookup) Ask(ctx context.Context, names []string, log *slog.Logger, take func(Answer) error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var wg sync.WaitGroup
	answers := make(chan Answer)
	for _, name := range names {
		wg.Go(func() {
			a, err := l.one(ctx, name)
			if err != nil {
				log.Debug("DNS seed does not answer", "seed", name, "err", err)
				return
			}
			select {
			case answers <- a:
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

func (l Lookup) one(ctx context.Context, name string) (a Answer, err error) {
	if a.Host, a.Port, err = net.SplitHostPort(name); err == nil {
		a.Addrs, err = l(ctx, a.Host)
	}
	a.Addrs = a.Addrs[:min(len(a.Addrs), maxEach)]
	return a, err
}
