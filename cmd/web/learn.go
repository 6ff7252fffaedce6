package web

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"grapevine/cmd/web/layout"
)

// lesson is what the page Learn plays: newcomers that all want one file, which a seed alone has.
type lesson struct {
	Nodes  int     `json:"nodes"`
	Size   float64 `json:"size"`   // MB
	Seed   float64 `json:"seed"`   // MB a second that it sends
	Up     float64 `json:"up"`     // MB a second that each newcomer sends
	Down   float64 `json:"down"`   // and takes
	Pieces int     `json:"pieces"` // that the file is cut into
	Least  least   `json:"bounds"`
	fields []knob  // as the form shows them
	Why    string  `json:"-"` // what is wrong with what was asked for
}

// knob is a number of the form.
type knob struct {
	Name, Label string
	Value       float64
	Least, Most float64
	Whole       bool
}

// Step is by how much it changes.
func (k knob) Step() string {
	if k.Whole {
		return "1"
	}
	return "any"
}

// Knobs are the form's.
func (l lesson) Knobs() []knob { return l.fields }

// knobs with what they are when nobody turns them.
func knobs() []knob {
	return []knob{
		{"n", "Newcomers", 8, 1, 32, true},
		{"size", "Size of the chain, MB", 50, 1, 10_000, false},
		{"seed", "The seed sends, MB a second", 4, 0.1, 1000, false},
		{"up", "Each newcomer sends, MB a second", 4, 0, 1000, false},
		{"down", "Each newcomer takes, MB a second", 40, 0.1, 1000, false},
		{"pieces", "Pieces", 32, 1, 48, true},
	}
}

// readLesson takes what the form sends; what is wrong stays as it is when nobody turns it.
func readLesson(q url.Values) lesson {
	l := lesson{fields: knobs()}
	for i := range l.fields {
		k := &l.fields[i]
		text := q.Get(k.Name)
		if text == "" {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !(v >= k.Least && v <= k.Most) || k.Whole && v != float64(int(v)) {
			l.Why = fmt.Sprintf("%s: want %v to %v.", k.Label, k.Least, k.Most)
			continue
		}
		k.Value = v
	}
	v := func(i int) float64 { return l.fields[i].Value }
	l.Nodes, l.Size, l.Seed, l.Up, l.Down, l.Pieces = int(v(0)), v(1), v(2), v(3), v(4), int(v(5))
	l.Least = l.least(l.Nodes)
	return l
}

// least are the least times that nothing can beat, in seconds.
type least struct {
	Server float64 `json:"server"`
	Peers  float64 `json:"peers"`
}

// least is for so many newcomers: when each is a client, a copy for each goes through the seed's line; when they give
// what they have, one copy does, and all copies go through all lines together.
func (l lesson) least(n int) least {
	all := float64(n)
	return least{Server: max(all*l.Size/l.Seed, l.Size/l.Down), Peers: max(l.Size/l.Seed, l.Size/l.Down, all*l.Size/(l.Seed+all*l.Up))}
}

// bound is a row of the table.
type bound struct {
	N             int
	Server, Peers string
	Times         string
	Here          bool
}

// Bounds are the table: what is asked for among other numbers of newcomers.
func (l lesson) Bounds() (rows []bound) {
	had := false
	for _, n := range []int{1, 2, 4, 8, 16, 32, 100, 1000, 10_000} {
		if !had && n >= l.Nodes {
			had = true
			if n != l.Nodes {
				rows = append(rows, l.bound(l.Nodes))
			}
		}
		rows = append(rows, l.bound(n))
	}
	return rows
}

func (l lesson) bound(n int) bound {
	b := l.least(n)
	span := func(s float64) string { return layout.Span(time.Duration(s * float64(time.Second))) }
	return bound{n, span(b.Server), span(b.Peers), times(b.Server / b.Peers), n == l.Nodes}
}

// times is a ratio: 8.0, 99.9 and 10,000.
func times(ratio float64) string {
	if ratio < 99.95 {
		return strconv.FormatFloat(ratio, 'f', 1, 64)
	}
	return layout.Count(int64(math.Round(ratio)))
}

func (p *Page) learn(w http.ResponseWriter, r *http.Request) {
	l := readLesson(r.URL.Query())
	status := http.StatusOK
	if l.Why != "" {
		status = http.StatusBadRequest
	}
	p.show(w, r, layout.Page{Title: "Learn", Nav: "learn", Status: status, Name: "learn.html", Data: l, Scripts: []string{"learn.js"}})
}
