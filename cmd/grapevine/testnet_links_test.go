package main

import (
	"strings"
	"testing"

	"grapevine/testnet"
)

// heights of the nodes, by number; -1 is down.
func heights(t *testing.T, home string) (all []int) {
	t.Helper()
	var s struct {
		Nodes []struct {
			PID    int `json:"pid"`
			Height int `json:"height"`
		} `json:"nodes"`
	}
	asked(t, home, &s, "testnet", "status")
	for _, n := range s.Nodes {
		if n.PID == 0 {
			n.Height = -1
		}
		all = append(all, n.Height)
	}
	return all
}

// stand waits until the nodes are at these heights.
func stand(t *testing.T, home, what string, want ...int) {
	t.Helper()
	eventually(t, what, func() bool {
		for i, h := range heights(t, home) {
			if h != want[i] {
				return false
			}
		}
		return true
	})
}

// Two halves mine apart, one node is killed and comes back into its half; healed, all
// take the longer chain.
func TestTwoHalvesAreCutAndHealed(t *testing.T) {
	home := t.TempDir()
	raised(t, home, "--nodes", "4")
	var cut struct {
		Links []testnet.Link `json:"links"`
	}
	if asked(t, home, &cut, "testnet", "cut", "0,1/2,3"); len(cut.Links) != 8 {
		t.Errorf("cut: %+v", cut)
	}
	ok(t, home, "mine", "2", "--node", "1")
	ok(t, home, "mine", "3", "--node", "2")
	stand(t, home, "two halves", 103, 103, 104, 104)
	ok(t, home, "testnet", "kill", "3")
	ok(t, home, "testnet", "start", "3")
	ok(t, home, "mine", "1", "--node", "2")
	stand(t, home, "the killed node in its half", 103, 103, 105, 105)
	if s := gv(t, home, "testnet", "cut", "0-3"); s.status != 1 || !strings.Contains(s.err, "0-3: cut already") {
		t.Errorf("cut twice: %+v", s)
	}
	if out := ok(t, home, "testnet", "links"); strings.Count(out, "✕") != 9 || strings.Contains(out, "does not go by this") {
		t.Errorf("links:\n%s", out)
	}
	var healed struct{ Healed int }
	if asked(t, home, &healed, "testnet", "heal"); healed.Healed != 4 {
		t.Errorf("healed %d links", healed.Healed)
	}
	stand(t, home, "one network", 105, 105, 105, 105)

	ok(t, home, "testnet", "link", "0-2,3", "--latency", "20ms", "--rate", "1MB/s")
	var links struct {
		Links []struct {
			A, B      int
			Connected bool
			Out       testnet.Way `json:"a_to_b"`
		} `json:"links"`
	}
	eventually(t, "all links", func() bool {
		asked(t, home, &links, "testnet", "links")
		for _, l := range links.Links {
			if slow := l.A == 0 && l.B > 1; !l.Connected || (l.Out.Latency > 0) != slow || (l.Out.Rate == 1e6) != slow {
				return false
			}
		}
		return len(links.Links) == 6
	})
	ok(t, home, "testnet", "link", "all", "--clear")
	if out := ok(t, home, "testnet", "heal", "0-1"); !strings.Contains(out, "0-1 was not cut") {
		t.Errorf("healed a link that is whole: %s", out)
	}
	if out := ok(t, home, "testnet", "heal"); !strings.Contains(out, "no link was cut") {
		t.Errorf("healed what is whole: %s", out)
	}
}

func TestClocksAndMinersOfARunningNetwork(t *testing.T) {
	home := t.TempDir()
	raised(t, home, "--nodes", "2")
	var clock struct {
		Ahead int64
		Nodes []struct{ Node, Ahead int64 }
	}
	asked(t, home, &clock, "testnet", "clock", "+3h")
	if clock.Ahead != 3*3600 || len(clock.Nodes) != 2 || clock.Nodes[1].Ahead != 3*3600 {
		t.Errorf("the clocks: %+v", clock)
	}
	ok(t, home, "testnet", "mine", "every=20ms", "--node", "1")
	eventually(t, "blocks", func() bool { return heights(t, home)[0] > 105 })
	ok(t, home, "testnet", "kill", "1")
	ok(t, home, "testnet", "start", "1")
	at := heights(t, home)[0]
	eventually(t, "blocks after the start, of that clock", func() bool { return heights(t, home)[0] > at })
	ok(t, home, "testnet", "mine", "every=20ms", "--power", "0:3,1:1")
	if out := ok(t, home, "testnet", "mine", "off"); !strings.Contains(out, "nobody mines") {
		t.Errorf("mine off: %s", out)
	}
	if out := ok(t, home, "testnet", "clock", "+3h", "--node", "1"); !strings.Contains(out, "time-too-new") {
		t.Errorf("one clock alone:\n%s", out)
	}
	if out := ok(t, home, "testnet", "clock", "real"); !strings.Contains(out, "newest block is more than two hours ahead") {
		t.Errorf("the real time:\n%s", out)
	}
}

func TestShapingWhatIsNotThereIsRefused(t *testing.T) {
	home := t.TempDir()
	raised(t, home, "--nodes", "2")
	for _, c := range []struct {
		line   string
		status int
		says   string
	}{
		{"testnet cut 0-9", 1, "there is no node 9"},
		{"testnet cut 0", 2, "want a link as in 0-2"},
		{"testnet cut 0-0", 2, "both sides"},
		{"testnet cut 0,0-1", 2, "stands twice"},
		{"testnet cut 0/", 2, "want a node's number"},
		{"testnet heal 0-9", 1, "there is no node 9"},
		{"testnet link 0-1", 2, "wants some of"},
		{"testnet link 0-1 --rate fast", 2, "want a rate"},
		{"testnet link 0-1 --loss often", 2, "how often"},
		{"testnet link 0-1 --latency 2m", 2, "--latency 2m0s"},
		{"testnet link 0-1 --latency -1s", 2, "--latency -1s"},
		{"testnet link 0-1 --jitter 5ms", 2, "jitter"},
		{"testnet clock yesterday", 2, "want +2h"},
		{"testnet clock +", 2, "want a time"},
		{"testnet clock set 2200-01-01", 2, "want a date"},
		{"testnet clock set -5", 2, ""},
		{"testnet clock set 2106-02-07", 2, "want 50 years at most"}, // no node would start with it
		{"testnet clock set 2030", 2, "the clocks would show 1970"},
		{"testnet mine every=1ns", 2, "a millisecond to a year"},
		{"testnet mine every=8761h", 2, "a millisecond to a year"},
		{"testnet faucet bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 100000", 1, "cannot come to more than"},
		{"testnet mine often", 2, "want every=2s"},
		{"testnet mine every=2s --power 0", 2, "NODE:WEIGHT"},
		{"testnet mine every=2s --power 0:1,0:2", 2, "stands twice"},
		{"testnet mine every=2s --power 7:1", 1, "there is no node 7"},
		{"testnet mine on-tx --power 0:1", 2, "goes with every="},
		{"testnet mine every=on-tx --power 0:1", 2, "want every=2s"},
		{"testnet mine --power 0:1", 2, "goes with every="},
		{"testnet mine every=999us --power 0:1", 2, "a millisecond to a year"},
		{"testnet mine every=1h --power 0:8760,1:1", 2, "node 1 would mine a block every 3.15e+07 s"},
		{"testnet mine every=2s --node 7", 1, "there is no node 7"},
	} {
		s := gv(t, home, strings.Fields(c.line)...)
		if s.status != c.status || !strings.Contains(s.err, c.says) || s.out != "" {
			t.Errorf("%s: status %d, %s%s", c.line, s.status, s.out, s.err)
		}
	}
	if h := heights(t, home); h[0] != 101 {
		t.Errorf("blocks were mined for money that cannot be: %v", h)
	}
	if out := ok(t, home, "testnet", "mine"); !strings.Contains(out, "nobody mines") {
		t.Errorf("somebody mines:\n%s", out)
	}
	if out := ok(t, home, "testnet", "mine", "every=1h", "--power", "0:8759,1:1"); !strings.Contains(out, "every 8760h0m0s") {
		t.Errorf("a block a year:\n%s", out)
	}
	if out := ok(t, home, "testnet", "links"); strings.Count(out, "✕") != 1 {
		t.Errorf("something is cut:\n%s", out)
	}
}
