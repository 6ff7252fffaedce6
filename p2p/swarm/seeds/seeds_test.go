package seeds

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"

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
	var got []string
	names := []string{"none:1", "nonsense", "many:1", "two:2", "two:3"}
	log := slog.New(slog.DiscardHandler)
	found := 0
	l.Ask(t.Context(), names, log, func(a Answer) error {
		found += len(a.Addrs)
		if got = append(got, a.Host+":"+a.Port); len(got) == 2 {
			return errors.New("enough")
		}
		return nil
	})
	if want := []string{"many:1", "two:2"}; found != 256+2 || !reflect.DeepEqual(got, want) {
		t.Errorf("%d addresses of %v", found, got)
	}
}
