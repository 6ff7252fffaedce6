package testnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"grapevine/p2p"
)

func TestSubsidiesHalveEvery150Blocks(t *testing.T) {
	for _, c := range []struct {
		height int32
		want   string
	}{{0, "0.00000000"}, {1, "50.00000000"}, {101, "5050.00000000"}, {149, "7450.00000000"}, {150, "7475.00000000"}, {300, "11212.50000000"}} {
		if got := Subsidies(c.height).String(); got != c.want {
			t.Errorf("height %d: %s, want %s", c.height, got, c.want)
		}
	}
}

func TestAmountsAreReadWithoutFloatNoise(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Amount
	}{{"1.5", 150000000}, {"0.00000001", 1}, {"1e-8", 1}, {"20999999.99999999", 2099999999999999}, {"-0.1", -10000000}, {"0.29", 29000000}, {"4.35", 435000000}} {
		var a Amount
		if err := json.Unmarshal([]byte(c.in), &a); err != nil || a != c.want {
			t.Errorf("%s: %d, %v", c.in, a, err)
		}
	}
}

func TestAgreeNamesTheNodesThatDiffer(t *testing.T) {
	good := func(n int) Snapshot {
		return Snapshot{Node: n, Height: 2, Tip: "t", MuHash: "m", Supply: 100 * CoinBTC}
	}
	if err := Agree([]Snapshot{good(0), good(1)}); err != nil {
		t.Error(err)
	}
	for what, change := range map[string]func(*Snapshot){
		"block":     func(s *Snapshot) { s.Tip = "u" },
		"coins":     func(s *Snapshot) { s.MuHash = "n" },
		"subsidies": func(s *Snapshot) { s.Supply++ },
	} {
		bad := good(7)
		change(&bad)
		all := []Snapshot{good(0), bad}
		if what == "subsidies" {
			all = []Snapshot{bad}
		}
		err := Agree(all)
		if !errors.Is(err, ErrDiffer) || !strings.Contains(err.Error(), "7") || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestWholeAsksWhetherTheRestHangsTogether(t *testing.T) {
	star := [][]int{{1, 2, 3}, {0}, {0}, {0}}
	ring := [][]int{{1, 3}, {0, 2}, {1, 3}, {0, 2}}
	for _, c := range []struct {
		links   [][]int
		without int
		want    bool
	}{{star, -1, true}, {star, 0, false}, {star, 1, true}, {ring, -1, true}, {ring, 2, true}, {[][]int{{}, {}}, -1, false}, {[][]int{{}}, 0, true}} {
		if got := Whole(c.links, c.without); got != c.want {
			t.Errorf("%v without %d: %v", c.links, c.without, got)
		}
	}
}

func TestUnknownNodeIsAnsweredWithThoseThereAre(t *testing.T) {
	f := File{Nodes: []Member{{Node: 0}, {Node: 2}}}
	if m, err := f.Member(2); err != nil || m.Node != 2 {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := f.Member(1); !errors.Is(err, ErrNoNode) || !strings.Contains(err.Error(), "0, 2") {
		t.Errorf("%v", err)
	}
}

func TestTallyNamesWhoGaveBlocks(t *testing.T) {
	network := Network{Members: []Member{{Node: 0, P2P: "a"}, {Node: 1, P2P: "b"}, {Node: 5, P2P: "c"}}}
	got := network.Tally([]p2p.PeerInfo{{Addr: "a", BlocksFrom: 3}, {Addr: "x", Listens: "c", BlocksFrom: 4}, {Addr: "y", BlocksFrom: 9}, {Addr: "a", BlocksFrom: 2}})
	if want := "from 0: 5 · 5: 4"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := network.Tally([]p2p.PeerInfo{{Addr: "b"}}); got != "" {
		t.Errorf("nobody gave anything: %q", got)
	}
}

// A nodes-file need not say where a node's peers connect: such a node is not everybody who
// does not say where he listens.
func TestAMemberWhoseAddressIsUnknownIsNotEverybody(t *testing.T) {
	net := Network{Members: []Member{{Node: 0}, {Node: 1, P2P: "127.0.0.1:2"}}}
	stranger := p2p.PeerInfo{Addr: "127.0.0.1:9", LocalAddr: "127.0.0.1:2"}
	if j := net.endsOf(nil).who(stranger); j != -1 {
		t.Errorf("a stranger is taken for node %d", j)
	}
	if j := net.endsOf([][]p2p.PeerInfo{{{}}}).who(p2p.PeerInfo{}); j != -1 {
		t.Errorf("who says nothing is taken for node %d", j)
	}
	own := [][]p2p.PeerInfo{{{Addr: "127.0.0.1:2", LocalAddr: "127.0.0.1:9"}}, {stranger}}
	if j := net.endsOf(own).who(stranger); j != 0 {
		t.Errorf("the other end is node %d, want 0", j)
	}
	peers := []p2p.PeerInfo{stranger, {Addr: "127.0.0.1:2"}}
	if NameNodes(peers, net.Members); peers[0].Node != "" || peers[1].Node != "1" {
		t.Errorf("the peers are named %q and %q, want none and 1", peers[0].Node, peers[1].Node)
	}
}

// slowWho is ends.who by going through all.
func slowWho(t Network, p p2p.PeerInfo, all [][]p2p.PeerInfo) int {
	for j, m := range t.Members {
		if isMember(p, m) {
			return j
		}
	}
	for j, list := range all {
		for _, q := range list {
			if p.Addr != "" && p.LocalAddr != "" && q.LocalAddr == p.Addr && q.Addr == p.LocalAddr {
				return j
			}
		}
	}
	return -1
}

// The other ends of all connections are found as by going through all, in a time that
// grows with their number and not with its square.
func TestNameAllNamesAsGoingThroughAllDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	for range 200 {
		n, all := Network{}, make([][]p2p.PeerInfo, 6)
		addr := func() string {
			if i := r.IntN(12); i > 0 {
				return fmt.Sprint("127.0.0.1:", i)
			}
			return ""
		}
		for i := range all {
			n.Members = append(n.Members, Member{Node: 10 + i, P2P: addr()})
			for range 4 {
				all[i] = append(all[i], p2p.PeerInfo{Addr: addr(), LocalAddr: addr(), Listens: addr()})
			}
		}
		var want []string
		for _, list := range all {
			for _, p := range list {
				name := ""
				if j := slowWho(n, p, all); j >= 0 {
					name = fmt.Sprint(n.Members[j].Node)
				}
				want = append(want, name)
			}
		}
		n.NameAll(all)
		for i, list := range all {
			for k, p := range list {
				if p.Node != want[4*i+k] {
					t.Fatalf("%+v of node %d is %q, want %q", p, 10+i, p.Node, want[4*i+k])
				}
			}
		}
	}
}
