package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"grapevine/cmd/web/layout"
)

const (
	// toldTime is how long a node may take to tell what it has kept, and quietTime how long it says nothing when that
	// was all.
	toldTime, quietTime = 2 * time.Second, 150 * time.Millisecond
	// maxTellers bounds nodes that are asked for it at once: each tells megabytes.
	maxTellers = 2
	// maxPieces bounds the blocks of one picture; a node keeps about as many events.
	maxPieces = 8192
	// maxRanges is how many ranges of heights stand in a row of the table.
	maxRanges = 12
)

// piece is a block as a node was given it.
type piece struct {
	height int64
	from   string // "": nobody of the network
	bytes  int64
}

// giver is who gave a node some of its blocks.
type giver struct {
	From   string
	Blocks int
	Bytes  int64
	Ranges string
	Mark   int // of its colour in the picture
}

// run is a row of blocks that one node gave.
type run struct {
	X, Width string // in thousandths of the picture
	Mark     int
	Title    string
}

// piecesPage is who gave one node which blocks.
type piecesPage struct {
	Node   nodeView
	Nodes  []nodeView
	Givers []giver
	Runs   []run
	Known  int
	Events bool
}

// blocksFrom reads what a node's events tell of the blocks that it was given: each once, as it first came.
func blocksFrom(raw []byte, ends map[string]string, got map[int64]piece) {
	var e struct {
		Kind   string          `json:"kind"`
		By     string          `json:"by"`
		Block  string          `json:"block"`
		Height int64           `json:"height"`
		Bytes  int64           `json:"bytes"`
		Peer   json.RawMessage `json:"peer"`
	}
	if json.Unmarshal(raw, &e) != nil || e.Kind != "heard" || e.Block == "" || e.Height <= 0 {
		return
	}
	if !slices.Contains([]string{"block", "cmpctblock", "blocktxn"}, e.By) || len(got) >= maxPieces {
		return
	}
	if _, again := got[e.Height]; again {
		return
	}
	if q := peerOf(e.Peer); q != nil {
		got[e.Height] = piece{e.Height, cmp.Or(nodeOf(q, ends), q.Addr), e.Bytes}
	}
}

// told gathers what a member has kept: until it says nothing more.
func (p *Page) told(ctx context.Context, m *member, ends map[string]string) map[int64]piece {
	ctx, cancel := context.WithTimeout(ctx, toldTime)
	defer cancel()
	var mu sync.Mutex
	got, quiet := map[int64]piece{}, time.AfterFunc(toldTime/2, cancel)
	_ = p.cfg.Events(ctx, m.Member, true, func(raw []byte) { // it ends with ctx
		mu.Lock()
		defer mu.Unlock()
		quiet.Reset(quietTime)
		blocksFrom(raw, ends, got)
	})
	quiet.Stop()
	mu.Lock()
	defer mu.Unlock()
	return got
}

// pictured is the network, and its members to be asked for more than it shows; an error is told already.
func (p *Page) pictured(w http.ResponseWriter, r *http.Request) (pic *picture, all []*member, err error) {
	if pic, err = p.fresh(r.Context()); err == nil {
		all, _, err = p.members()
	}
	if err != nil {
		p.unable(w, r, err)
	}
	return pic, all, err
}

// telling lets do ask nodes for what they have kept, when it is its turn; false: nobody waits for it any more.
func (p *Page) telling(ctx context.Context, do func()) bool {
	select {
	case p.tellers <- struct{}{}:
		defer func() { <-p.tellers }()
		do()
		return true
	case <-ctx.Done():
		return false
	}
}

func (p *Page) pieces(w http.ResponseWriter, r *http.Request) {
	pic, all, err := p.pictured(w, r)
	if err != nil {
		return
	}
	id := cmp.Or(r.URL.Query().Get("node"), pic.Self)
	i := slices.IndexFunc(all, func(m *member) bool { return m.view.ID == id })
	if i < 0 {
		p.fail(w, r, http.StatusNotFound, failure{"There is no such node.", "The page Network shows which there are."})
		return
	}
	page := piecesPage{Node: all[i].view, Nodes: pic.Members(), Events: p.cfg.Events != nil}
	if page.Events && page.Node.Down == "" && !p.telling(r.Context(), func() { page.tell(p.told(r.Context(), all[i], pic.ends)) }) {
		return
	}
	p.show(w, r, layout.Page{Title: "Pieces of " + page.Node.Title, Nav: "network", Name: "pieces.html", Data: page})
}

// tell makes table and picture of the pieces.
func (v *piecesPage) tell(got map[int64]piece) {
	heights := slices.Sorted(maps.Keys(got))
	if v.Known = len(heights); v.Known == 0 {
		return
	}
	givers, ranges := map[string]*giver{}, map[string][]string{}
	for _, h := range heights {
		x := got[h]
		if givers[x.from] == nil {
			givers[x.from] = &giver{From: x.from, Mark: len(givers) % 8}
		}
		givers[x.from].Blocks++
		givers[x.from].Bytes += x.bytes
	}
	for i := 0; i < len(heights); {
		from, j := got[heights[i]].from, i
		for j+1 < len(heights) && got[heights[j+1]].from == from && heights[j+1] == heights[j]+1 {
			j++
		}
		v.add(heights, i, j, givers[from])
		span := strconv.FormatInt(heights[i], 10)
		if j > i {
			span += "–" + strconv.FormatInt(heights[j], 10)
		}
		ranges[from] = append(ranges[from], span)
		i = j + 1
	}
	for from, g := range givers {
		list := ranges[from]
		g.Ranges = strings.Join(list[:min(len(list), maxRanges)], ", ")
		if more := len(list) - maxRanges; more > 0 {
			g.Ranges += fmt.Sprintf(" and %d more", more)
		}
		v.Givers = append(v.Givers, *g)
	}
	slices.SortFunc(v.Givers, func(a, b giver) int { return cmp.Or(b.Blocks-a.Blocks, cmp.Compare(a.From, b.From)) })
}

// add is the row from heights[i] to heights[j] in the picture.
func (v *piecesPage) add(heights []int64, i, j int, g *giver) {
	const whole = 1000
	unit := whole / float64(len(heights))
	r := run{X: strconv.FormatFloat(float64(i)*unit, 'f', 2, 64), Width: strconv.FormatFloat(float64(j-i+1)*unit, 'f', 2, 64), Mark: g.Mark}
	r.Title = fmt.Sprintf("blocks %d to %d from %s", heights[i], heights[j], g.From)
	v.Runs = append(v.Runs, r)
}
