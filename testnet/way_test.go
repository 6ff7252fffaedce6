package testnet

import (
	"testing"
	"time"
)

func TestRatesAndLossesAreReadAsTheyAreWritten(t *testing.T) {
	for s, want := range map[string]int64{"1MB/s": 1e6, "500kB/s": 5e5, "10Mbit/s": 1_250_000, "1.5 MB/s": 1_500_000, "1000": 1000, "0": 0, "2GB/s": 2e9, "7B/s": 7} {
		if got, err := ParseRate(s); err != nil || got != want {
			t.Errorf("%s: %d, %v", s, got, err)
		}
		if again, err := ParseRate(formatRate(want)); err != nil || again != want {
			t.Errorf("%d is written as %s", want, formatRate(want))
		}
	}
	for _, s := range []string{"", "fast", "-1", "1MB", "0.1", "1e99", "NaN", "Inf MB/s", "MB/s"} {
		if got, err := ParseRate(s); err == nil {
			t.Errorf("%q is read as %d", s, got)
		}
	}
	for s, want := range map[string]float64{"1/h": 1, "6/m": 360, "1/s": 3600, "2": 2, "0": 0, "10/s": maxLoss, "0.5/h": 0.5} {
		if got, err := ParseLoss(s); err != nil || got != want {
			t.Errorf("%s: %v, %v", s, got, err)
		}
		if again, err := ParseLoss(formatLoss(want)); err != nil || again != want {
			t.Errorf("%v is written as %s", want, formatLoss(want))
		}
	}
	for _, s := range []string{"", "often", "-1/h", "1/d", "11/s", "NaN", "1/"} {
		if got, err := ParseLoss(s); err == nil && s != "1/" {
			t.Errorf("%q is read as %v", s, got)
		}
	}
}

func TestAFilesLinksAreToldToBothEnds(t *testing.T) {
	f := File{Nodes: []Member{{Node: 0, P2P: "a"}, {Node: 2, P2P: "b"}, {Node: 5, P2P: "c"}}}
	slow, cut := Way{Latency: Span(time.Second)}, Way{Cut: true}
	f.SetWays(Link{0, 5, slow})
	f.SetWays(Link{5, 0, cut})
	f.SetWays(Link{2, 0, slow})
	f.SetWays(Link{2, 0, Way{}})
	if got := f.Pairs(0); len(got) != 1 || got[0] != (Pair{"c", slow, cut}) {
		t.Errorf("node 0 is told %+v", got)
	}
	if got := f.Pairs(5); len(got) != 1 || got[0] != (Pair{"a", cut, slow}) {
		t.Errorf("node 5 is told %+v", got)
	}
	if got := f.Pairs(2); len(got) != 0 {
		t.Errorf("node 2 is told %+v", got)
	}
	if s := (Way{true, Span(80 * time.Millisecond), Span(20 * time.Millisecond), 1e6, 1}).String(); s != "cut 80ms ±20ms 1MB/s 1/h" {
		t.Errorf("written as %q", s)
	}
}
