package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sizes are how much is done.
type sizes struct {
	blocks int // made, synced and searched
	pool   int // transactions
	coins  int // hashed
	span   time.Duration
	rounds int
}

// bench is a run, and what it found.
type bench struct {
	sizes
	dir string
	exe [2]string

	loads strings.Builder // the table of requests
	names []string        // of longer things, in order
	best  map[string]*[2]cost
}

// cost is what one thing took, at best.
type cost struct {
	wall time.Duration
	cpu  float64
}

// number reads a size from the environment.
func number(t *testing.T, name string, otherwise int) int {
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s is no positive number", name, s)
	}
	return n
}

// With BITCOIND, the path of a bitcoind, and GRAPEVINE, that of ours. PERCENT makes everything smaller, ROUNDS
// repeats it.
func TestBesideBitcoind(t *testing.T) {
	exe := [2]string{os.Getenv("GRAPEVINE"), os.Getenv("BITCOIND")}
	if exe[ours] == "" || exe[core] == "" {
		t.Log("nothing to measure: make bench-peers BITCOIND=/path/to/bitcoind")
		return
	}
	percent := number(t, "PERCENT", 100)
	b := &bench{dir: t.TempDir(), exe: exe, best: map[string]*[2]cost{}}
	b.sizes = sizes{blocks: max(10, 10_000*percent/1000*10), pool: max(100, 20_000*percent/100), coins: max(1000, 1_000_000*percent/100),
		span: time.Second * time.Duration(min(percent, 100)) / 100, rounds: number(t, "ROUNDS", 2)}
	if stat, err := os.Stat(exe[core]); err != nil || stat.IsDir() {
		t.Fatalf("BITCOIND=%s is no program (%v)", exe[core], err)
	}
	for round := range b.rounds {
		for _, k := range []kind{ours, core} {
			seed := b.chainOfItsOwn(t, k, round)
			if k == ours {
				n := b.start(t, ours, seed, "")
				n.until(t, "getblockcount", "", b.blocks)
				b.newcomer(t, ours, n, round)
				b.newcomer(t, core, n, round)
				n.stop(t)
			}
		}
	}
	t.Log("blocks of their own are done")
	w := newWork(t, b.sizes)
	nodes := [2]*node{b.chainOfAll(t, ours, w), b.chainOfAll(t, core, w)}
	t.Log("the chain of both is done")
	b.requests(t, nodes, w)
	if out := os.Getenv("OUT"); out != "" {
		if err := os.WriteFile(filepath.Clean(out), []byte(b.tables()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println(b.tables())
}

// asked adds a row to the table of requests.
func (b *bench) asked(name string, clients int, best [2]load) {
	a, c := best[ours], best[core]
	if a.refused+c.refused > 0 {
		name += fmt.Sprintf(" (refused: ours %d, Core's %d)", a.refused, c.refused)
	}
	fmt.Fprintf(&b.loads, "| %s | %d | %.0f | %.0f | %s | %s / %s | %s / %s | %s | %s | %s |\n", name, clients, a.rate, c.rate, ratio(a.rate, c.rate),
		milliseconds(a.p50), milliseconds(a.p99), milliseconds(c.p50), milliseconds(c.p99), microseconds(a.cpu), microseconds(c.cpu), ratio(c.cpu, a.cpu))
}

// took keeps the best of what one thing took.
func (b *bench) took(name string, k kind, wall time.Duration, cpu float64) {
	if b.best[name] == nil {
		b.names = append(b.names, name)
		b.best[name] = &[2]cost{}
	}
	at := &b.best[name][k]
	if at.wall == 0 || wall < at.wall {
		at.wall = wall
	}
	if at.cpu == 0 || cpu < at.cpu {
		at.cpu = cpu
	}
}

// tables are both, in Markdown. Ratios above 1 are in our favour.
func (b *bench) tables() string {
	var s strings.Builder
	fmt.Fprintf(&s, "\n| request | clients | ours, a second | Core | ÷ | ours p50 / p99, ms | Core p50 / p99, ms | ours, CPU | Core, CPU | ÷ |\n|%s\n%s", strings.Repeat("---|", 10), b.loads.String())
	fmt.Fprintf(&s, "\n| what | ours, wall (CPU) | Core, wall (CPU) | Core's wall ÷ ours | CPU |\n|%s\n", strings.Repeat("---|", 5))
	for _, name := range b.names {
		a, c := b.best[name][ours], b.best[name][core]
		fmt.Fprintf(&s, "| %s | %s (%.2f s) | %s (%.2f s) | %s | %s |\n", name, seconds(a.wall), a.cpu, seconds(c.wall), c.cpu,
			ratio(c.wall.Seconds(), a.wall.Seconds()), ratio(c.cpu, a.cpu))
	}
	return s.String()
}

func ratio(over, under float64) string {
	if over == 0 || under == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", over/under)
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1e3) }
func seconds(d time.Duration) string      { return fmt.Sprintf("%.2f s", d.Seconds()) }
func microseconds(s float64) string       { return fmt.Sprintf("%.0f µs", s*1e6) }

// grouped writes a number with commas.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
