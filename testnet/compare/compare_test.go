package compare

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"grapevine/chain"
)

func someTime() time.Time { return time.Unix(1_790_000_000, 0) }

// The figures that the project was founded on, in virtual time: a client and
// server's time grows with the newcomers, the peers' hardly does.
func TestTheModelKeepsToBothBounds(t *testing.T) {
	c := Config{Size: 10_000_000, Piece: 100_000, SeedRate: 4_000_000, Progress: func(string, int64, int64) {}}
	ch := makeChain(c.Size, c.Piece, someTime())
	for _, n := range []int{2, 8, 16, 48} {
		runs, err := modelled(context.Background(), c, ch, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			copies, most, over := float64(n), 1.05, 1.25
			if r.Way == Peers { // neither grows with the newcomers, who know 16 of each other at most
				copies, most, over = 1.0, 1.15, 1.15
			}
			if r.Last < r.Bound()*0.99 || r.Last > r.Bound()*most {
				t.Errorf("%d, %s: the last after %.1f s, the bound is %.1f s", n, r.Way, r.Last, r.Bound())
			}
			if r.Copies < copies*0.99 || r.Copies > copies*over {
				t.Errorf("%d, %s: %.2f copies", n, r.Way, r.Copies)
			}
		}
	}
}

// More clients than a server has places wait for one.
func TestTheModelServesMoreClientsThanAServerHasPlaces(t *testing.T) {
	c := Config{Size: 2_000_000, Piece: 400_000, SeedRate: 4_000_000, Progress: func(string, int64, int64) {}}
	ch := makeChain(c.Size, c.Piece, someTime())
	runs, err := modelled(context.Background(), c, ch, 300)
	if err != nil {
		t.Fatal(err)
	}
	if r := runs[0]; r.Copies < 299 || r.Copies > 303 || r.Last > r.Bound()*1.05 {
		t.Errorf("%+v", r)
	}
	if r := runs[1]; r.Copies > 60 || r.Last > runs[0].Last {
		t.Errorf("%+v", r)
	}
}

func TestTheModelIsExact(t *testing.T) {
	c := Config{Size: 1_000_000, Piece: 50_000, SeedRate: 1_000_000, Progress: func(string, int64, int64) {}}
	ch := makeChain(c.Size, c.Piece, someTime())
	one, err := modelled(context.Background(), c, ch, 12)
	two, again := modelled(context.Background(), c, ch, 12)
	if err != nil || again != nil || fmt.Sprint(one) != fmt.Sprint(two) {
		t.Errorf("%+v (%v)\n%+v (%v)", one, err, two, again)
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := modelled(stopped, c, ch, 12); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

func TestTheChainIsValidAndOfItsSize(t *testing.T) {
	ch := makeChain(1_000_000, 100_000, someTime())
	p := chain.RegTest()
	parent := p.Genesis()
	if len(ch.Blocks) != 10 || ch.Bytes < 980_000 || ch.Bytes > 1_020_000 || ch.Tip() != 10 {
		t.Errorf("%d blocks, %d bytes", len(ch.Blocks), ch.Bytes)
	}
	for _, b := range ch.Blocks {
		if b.Header.PrevBlock != parent.Hash {
			t.Fatalf("a block on %v, not on %v", b.Header.PrevBlock, parent.Hash)
		}
		if err := chain.CheckBlock(p, b); err != nil {
			t.Fatal(err)
		}
		parent = chain.NewHeaderNode(parent, b.Header)
	}
	if again := makeChain(1_000_000, 100_000, someTime()); again.Blocks[9].Hash != ch.Blocks[9].Hash {
		t.Error("another chain of the same measures")
	}
	largest := makeChain(2*MaxPiece, MaxPiece, someTime())
	if err := chain.CheckBlock(p, largest.Blocks[0]); err != nil {
		t.Errorf("the largest block: %v", err)
	}
}

func TestConfigIsCheckedAtItsLimits(t *testing.T) {
	good := Config{Nodes: 8, Size: 50_000_000, Piece: 250_000, SeedRate: 4_000_000, Runs: 1}
	for what, change := range map[string]func(*Config){
		"0 newcomers":  func(c *Config) { c.Nodes = 0 },
		"65 newcomers": func(c *Config) { c.Nodes = MaxNodes + 1 },
		"chain of":     func(c *Config) { c.Size = MinSize - 1 },
		"more than":    func(c *Config) { c.Size, c.Piece = 500_000, 500_001 },
		"blocks of":    func(c *Config) { c.Piece = MaxPiece + 1 },
		"blocks: want": func(c *Config) { c.Size, c.Piece = MaxSize, MinPiece },
		"too slow":     func(c *Config) { c.SeedRate = MinRate - 1 },
		"0 runs":       func(c *Config) { c.Runs = 0 },
		"model of 0":   func(c *Config) { c.Model = []int{10, 0} },
		"model of 100": func(c *Config) { c.Model = []int{MaxModel + 1} },
	} {
		c := good
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	good.Nodes, good.Piece, good.Model, good.Rate = MaxNodes, MaxPiece, []int{1, MaxModel}, MinRate
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

func TestBoundsAreThoseOfTheTextbook(t *testing.T) {
	c := Config{SeedRate: 4_000_000}
	if b := c.BoundsOf(8, 40_000_000); b.Server != 80 || b.Peers != 10 {
		t.Errorf("%+v", b)
	}
	c.Rate = 500_000 // 8 × 40 MB over 4 + 8 × 0.5 MB/s
	if b := c.BoundsOf(8, 40_000_000); b.Server != 80 || b.Peers != 40 {
		t.Errorf("%+v", b)
	}
}

func TestOfEachPairOfNeighboursOneDials(t *testing.T) {
	for n := 1; n <= 20; n++ {
		pairs := map[[2]int]int{}
		for i := range n {
			for _, j := range neighbours(i, n) {
				pairs[[2]int{min(i, j), max(i, j)}]++
			}
		}
		for pair, times := range pairs {
			if times != 1 || pair[0] == pair[1] {
				t.Errorf("%d newcomers: %v is dialled %d times", n, pair, times)
			}
		}
		if want := n * min(n-1, 2*reach) / 2; len(pairs) != want {
			t.Errorf("%d newcomers have %d links, want %d", n, len(pairs), want)
		}
	}
}

func example() *Result {
	r := &Result{Machine: "a <machine>", Date: "2026-11-29", Bytes: 1000, Blocks: 10, SeedRate: 100}
	for i, way := range []Way{Server, Peers, "bitcoind"} {
		run := Run{Way: way, Run: 1, Nodes: 2, Bytes: 1000, Sent: int64(2000 - 900*i), Bounds: Bounds{Server: 20, Peers: 10},
			Newcomers: []Newcomer{{Seconds: 19 - float64(i), Took: 1001, Gave: 5}, {Seconds: 20 - float64(i), Took: 1002}}}
		run.sum()
		r.Runs = append(r.Runs, run)
	}
	for _, n := range []int{10, 10_000} {
		for _, way := range []Way{Server, Peers} {
			r.Runs = append(r.Runs, Run{Way: way, Run: 1, Nodes: n, Model: true, Bytes: 1000, First: 1, Median: 2, Last: 30, Copies: 2, Bounds: Bounds{Server: 25, Peers: 10}})
		}
	}
	return r
}

func TestEveryRunAndNewcomerIsInTheTableAndInThePicture(t *testing.T) {
	var table, picture bytes.Buffer
	if err := errors.Join(CSV(&table, example()), SVG(&picture, example())); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&table).ReadAll()
	if err != nil || len(rows) != 1+6+4 || !slices.Equal(rows[1][:6], []string{"2026-11-29", "a <machine>", "processes", "client-server", "1", "2"}) {
		t.Errorf("%v\n%q", err, rows)
	}
	marks := 0
	for d := xml.NewDecoder(bytes.NewReader(picture.Bytes())); ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := tok.(xml.StartElement); ok && (e.Name.Local == "circle" || e.Name.Local == "rect" && len(e.Attr) == 6) {
			marks++
		}
	}
	if marks < 6+3+4 {
		t.Errorf("%d marks", marks)
	}
	for _, want := range []string{"a &lt;machine&gt;", "2026-11-29", "20.0 s", "peers: bitcoind", "stroke-dasharray"} {
		if !strings.Contains(picture.String(), want) {
			t.Errorf("the picture has no %s", want)
		}
	}
}

func TestStrangersAreNamedWithTheirPath(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"", "bitcoind", "bitcoind=", "geth=" + exe, "btcd=" + filepath.Join(t.TempDir(), "nothing")} {
		if _, err := ParseWith(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
	if s, err := ParseWith("btcd=" + exe); err != nil || s.Kind != "btcd" || s.Path != exe {
		t.Errorf("%+v, %v", s, err)
	}
}
