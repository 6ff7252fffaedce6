package seeds

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

func TestSeedsAreAskedForNodesThatOfferWhatWeNeed(t *testing.T) {
	filtered := 0
	for _, name := range Names(chain.MainNet(), wire.SFNodeNetwork|wire.SFNodeWitness) {
		if !strings.HasSuffix(name, ":8333") {
			t.Errorf("seed %s", name)
		}
		if strings.HasPrefix(name, "x9.") {
			filtered++
		}
	}
	if filtered == 0 {
		t.Error("no seed is asked with a filter")
	}
}

func TestEachNameIsAskedAndNoneFillsTheBook(t *testing.T) {
	l := Lookup(func(_ context.Context, host string) ([]string, error) {
		switch host {
		case "many":
			return make([]string, 5000), nil
		case "two":
			return []string{"8.8.8.8", "8.7.7.7"}, nil
		}
		return nil, errors.New("no such host")
	})
	got := map[string]int{}
	names := []string{"none:1", "nonsense", "many:1", "two:2", "two:3"}
	log := slog.New(slog.DiscardHandler)
	l.Ask(t.Context(), names, log, func(a Answer) error {
		got[a.Host+":"+a.Port] = len(a.Addrs)
		return nil
	})
	if want := map[string]int{"many:1": 256, "two:2": 2, "two:3": 2}; !reflect.DeepEqual(got, want) {
		t.Errorf("addresses of %v", got)
	}
	taken := 0
	l.Ask(t.Context(), names, log, func(Answer) error {
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
		l := Lookup(func(ctx context.Context, host string) ([]string, error) {
			if strings.HasPrefix(host, "dead") {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			time.Sleep(time.Second)
			return []string{"8.8.8.8"}, nil
		})
		begun, alive := time.Now(), 0
		l.Ask(t.Context(), []string{"dead1:1", "dead2:1", "dead3:1", "good1:1", "dead4:1", "good2:1"}, slog.New(slog.DiscardHandler), func(Answer) error {
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
