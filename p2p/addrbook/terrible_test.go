package addrbook

import (
	"testing"

	"grapevine/p2p"
)

// What is not worth its place, at each bound and just within: not seen for thirty days, three
// attempts without a success ever, ten in a row with none for a week, or just being tried.
func TestTerribleAtTheBounds(t *testing.T) {
	const now, day = 1_800_000_000, 24 * 3600
	for what, c := range map[string]struct {
		e    entry
		want bool
	}{
		"seen thirty days ago":            {entry{addr: p2p.Addr{Seen: now - 30*day}}, false},
		"a second longer":                 {entry{addr: p2p.Addr{Seen: now - 30*day - 1}}, true},
		"being tried":                     {entry{addr: p2p.Addr{Seen: now - 30*day - 1}, lastTry: now - 59}, false},
		"tried a minute ago":              {entry{addr: p2p.Addr{Seen: now - 30*day - 1}, lastTry: now - 60}, true},
		"two failures and no success":     {entry{addr: p2p.Addr{Seen: now}, failures: 2}, false},
		"three":                           {entry{addr: p2p.Addr{Seen: now}, failures: 3}, true},
		"nine since it was good long ago": {entry{addr: p2p.Addr{Seen: now}, failures: 9, lastGood: now - 7*day - 1}, false},
		"ten":                             {entry{addr: p2p.Addr{Seen: now}, failures: 10, lastGood: now - 7*day - 1}, true},
		"ten within the week":             {entry{addr: p2p.Addr{Seen: now}, failures: 10, lastGood: now - 7*day}, false},
	} {
		if got := c.e.terrible(now); got != c.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}
