package testnet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Span is a time that stands in JSON as people write it: "80ms".
type Span time.Duration

// MarshalText is the time as "80ms".
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText reads it.
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = Span(d)
	return err
}

// Way is how bytes go from one node to another; zero: as they come. The words are those
// of the simulator.
type Way struct {
	Cut     bool    `json:"cut,omitempty"`     // none arrives
	Latency Span    `json:"latency,omitempty"` // one way
	Jitter  Span    `json:"jitter,omitempty"`  // by which the latency differs at most, up and down
	Rate    int64   `json:"rate,omitempty"`    // bytes a second; 0: no limit
	Loss    float64 `json:"loss,omitempty"`    // times an hour that a connection breaks
}

// Bounds of a Way: a node must still be able to greet within its time.
const (
	maxLatency = Span(30 * time.Second)
	maxLoss    = 36_000 // an hour: ten a second
)

// Check says what is wrong with a Way.
func (w Way) Check() error {
	switch {
	case w.Latency < 0 || w.Latency > maxLatency:
		return fmt.Errorf("latency %v: want 0 to %v", time.Duration(w.Latency), time.Duration(maxLatency))
	case w.Jitter < 0 || w.Jitter > w.Latency:
		return fmt.Errorf("jitter %v: want 0 to the latency, which is %v", time.Duration(w.Jitter), time.Duration(w.Latency))
	case w.Rate < 0:
		return fmt.Errorf("rate %d: want bytes a second, 0 for no limit", w.Rate)
	case !(w.Loss >= 0 && w.Loss <= maxLoss):
		return fmt.Errorf("loss %v: want 0 to %d times an hour", w.Loss, maxLoss)
	}
	return nil
}

// String is the Way in the words of the command line; "" as it comes.
func (w Way) String() string {
	var parts []string
	add := func(there bool, text string) {
		if there {
			parts = append(parts, text)
		}
	}
	add(w.Cut, "cut")
	add(w.Latency > 0, time.Duration(w.Latency).String())
	add(w.Jitter > 0, "±"+time.Duration(w.Jitter).String())
	add(w.Rate > 0, formatRate(w.Rate))
	add(w.Loss > 0, formatLoss(w.Loss))
	return strings.Join(parts, " ")
}

// Link is how bytes go from node From to node To, by their numbers.
type Link struct {
	From int `json:"from"`
	To   int `json:"to"`
	Way
}

// Ways is how bytes go from node to node, by [from, to]: the links of a large network are
// tens of thousands.
func (f File) Ways() map[[2]int]Way {
	ways := make(map[[2]int]Way, len(f.Links))
	for _, l := range f.Links {
		ways[[2]int{l.From, l.To}] = l.Way
	}
	return ways
}

// SetWays changes some of them, each once.
func (f *File) SetWays(links ...Link) {
	set := File{Links: links}.Ways()
	f.Links = slices.DeleteFunc(f.Links, func(l Link) bool { _, again := set[[2]int{l.From, l.To}]; return again })
	for _, l := range links {
		if l.Way != (Way{}) {
			f.Links = append(f.Links, l)
		}
	}
}

// Pair is how bytes go between a node and another one, which is known by where it
// listens: what the node is told.
type Pair struct {
	Node string `json:"node"` // HOST:PORT
	Out  Way    `json:"out"`
	In   Way    `json:"in"`
}

// Pairs are what node number is told of its links.
func (f File) Pairs(number int) []Pair {
	out, in := map[int]Way{}, map[int]Way{}
	for _, l := range f.Links {
		if l.From == number {
			out[l.To] = l.Way
		}
		if l.To == number {
			in[l.From] = l.Way
		}
	}
	pairs := []Pair{}
	for _, m := range f.Nodes {
		p := Pair{m.P2P, out[m.Node], in[m.Node]}
		if m.Node != number && (p.Out != Way{} || p.In != Way{}) {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// units of a rate, in bytes a second; the longer names first, for ParseRate.
var units = []struct {
	name  string
	bytes float64
}{
	{"Mbit/s", 125_000}, {"kbit/s", 125}, {"Gbit/s", 125_000_000},
	{"GB/s", 1e9}, {"MB/s", 1e6}, {"kB/s", 1e3}, {"KB/s", 1e3}, {"B/s", 1}, {"", 1},
}

// ParseRate reads 1MB/s, 500kB/s, 10Mbit/s or bytes a second; 0 is no limit.
func ParseRate(s string) (bytesPerSecond int64, err error) {
	const most = 1 << 50
	for _, u := range units {
		digits, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		x, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if x *= u.bytes; err != nil || !(x >= 0 && x <= most) || x > 0 && x < 1 {
			break
		}
		return int64(x), nil
	}
	return 0, fmt.Errorf("%q: want a rate as in 1MB/s, 500kB/s or 10Mbit/s, 0 for no limit", s)
}

// formatRate is what ParseRate reads.
func formatRate(bytesPerSecond int64) string {
	x, name := float64(bytesPerSecond), "B/s"
	switch {
	case x >= 1e9:
		x, name = x/1e9, "GB/s"
	case x >= 1e6:
		x, name = x/1e6, "MB/s"
	case x >= 1e3:
		x, name = x/1e3, "kB/s"
	}
	return strconv.FormatFloat(x, 'g', 4, 64) + name
}

// ParseLoss reads how often a connection breaks: 1/h, 6/m, 1/s, or times an hour.
func ParseLoss(s string) (anHour float64, err error) {
	times, of, said := strings.Cut(s, "/")
	x, err := strconv.ParseFloat(times, 64)
	switch {
	case of == "h" || !said:
	case of == "m":
		x *= 60
	case of == "s":
		x *= 3600
	default:
		err = strconv.ErrSyntax
	}
	if err != nil || !(x >= 0 && x <= maxLoss) {
		return 0, fmt.Errorf("%q: want how often a connection breaks, as in 1/h, 6/m or 1/s, at most 10/s", s)
	}
	return x, nil
}

// formatLoss is what ParseLoss reads.
func formatLoss(anHour float64) string {
	x, of := anHour, "h"
	switch {
	case x >= 3600:
		x, of = x/3600, "s"
	case x >= 60:
		x, of = x/60, "m"
	}
	return strconv.FormatFloat(x, 'g', 4, 64) + "/" + of
}
