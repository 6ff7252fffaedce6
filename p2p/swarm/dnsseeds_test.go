package swarm

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
)

func TestSeedsAreAskedForNodesThatOfferWhatWeNeed(t *testing.T) {
	filtered := 0
	for _, name := range seedNames(chain.MainNet(), wire.SFNodeNetwork|wire.SFNodeWitness) {
		if name.Port != 8333 {
			t.Errorf("seed %v", name)
		}
		if strings.HasPrefix(name.Host, "x9.") {
			filtered++
		}
	}
	if filtered == 0 {
		t.Error("no seed is asked with a filter")
	}
}

func TestEachNameIsAskedAndNoneFillsTheBook(t *testing.T) {
	l := lookup(func(_ context.Context, host string) ([]netip.Addr, error) {
		switch host {
		case "many":
			return make([]netip.Addr, 5000), nil
		case "two":
			return []netip.Addr{addrOf("8.8.8.8"), addrOf("8.7.7.7")}, nil
		}
		return nil, errors.New("no such host")
	})
	got := map[string]int{}
	names := []p2p.HostPort{{Host: "none", Port: 1}, {Host: "many", Port: 1}, {Host: "two", Port: 2}, {Host: "two", Port: 3}}
	log := slog.New(slog.DiscardHandler)
	l.askAll(t.Context(), names, log, func(a seedAnswer) error {
		got[a.name.String()] = len(a.addrs)
		return nil
	})
	if want := map[string]int{"many:1": 256, "two:2": 2, "two:3": 2}; !reflect.DeepEqual(got, want) {
		t.Errorf("addresses of %v", got)
	}
	taken := 0
	l.askAll(t.Context(), names, log, func(seedAnswer) error {
		taken++
		return errors.New("enough")
	})
	if taken != 1 {
		t.Errorf("%d answers were handed on after enough was said", taken-1)
	}
}

// Seeds that do not answer keep nobody waiting, and not for ever.
func TestDeadSeedsDoNotStarveTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lookup(func(ctx context.Context, host string) ([]netip.Addr, error) {
			if strings.HasPrefix(host, "dead") {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			time.Sleep(time.Second)
			return []netip.Addr{addrOf("8.8.8.8")}, nil
		})
		begun, alive := time.Now(), 0
		l.askAll(t.Context(), []p2p.HostPort{{Host: "dead1"}, {Host: "dead2"}, {Host: "dead3"}, {Host: "good1"}, {Host: "dead4"}, {Host: "good2"}}, slog.New(slog.DiscardHandler), func(seedAnswer) error {
			if alive++; time.Since(begun) > time.Second {
				t.Errorf("an answer comes only after %v", time.Since(begun))
			}
			return nil
		})
		if alive != 2 || time.Since(begun) > 30*time.Second {
			t.Errorf("%d answers within %v", alive, time.Since(begun))
		}
	})
}
