package explorer

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/cmd/web/layout"
)

// branch is a branch that is not the chain's.
type branch struct {
	ledger.ChainTip
	fork int32 // height of the last block that it has in common with the chain
}

// at is its block of a height; nil: that lies in the chain, or beyond it.
func (b branch) at(height int32) *chain.HeaderNode {
	if height <= b.fork {
		return nil
	}
	return b.Node.Ancestor(height)
}

// staleBranches are all branches beside the chain, those that fork from it last first. What only goes
// ahead of the chain is to be connected, and is none.
func (h *Handler) staleBranches() (list []branch) {
	tip := h.Chain.Ledger.Tip()
	for _, t := range h.Chain.Ledger.Tips() {
		fork := chain.Fork(t.Node, tip)
		if t.Node == fork || fork == tip && t.Status != "invalid" {
			continue
		}
		list = append(list, branch{t, fork.Height})
	}
	slices.SortFunc(list, func(a, b branch) int {
		return cmp.Or(cmp.Compare(b.fork, a.fork), cmp.Compare(b.Node.Height, a.Node.Height), bytes.Compare(a.Node.Hash[:], b.Node.Hash[:]))
	})
	return list
}

const (
	branchesPerPage = 20
	// maxDrawn is how many blocks of one branch the tree draws; of a longer one those at its ends.
	maxDrawn = 8
)

// branchRow is a branch in the table.
type branchRow struct {
	Fork     int32
	ForkHash string
	Tip      string
	Height   int32
	Length   int32
	Status   string
	Class    string // of the tag
	Meaning  string
	Time     time.Time
	Instead  int32  // blocks that the chain has had from the fork up to that height
	Why      string // it is invalid; else ""
}

func (h *Handler) branchRow(b branch) branchRow {
	row := branchRow{Fork: b.fork, Tip: b.Node.Hash.String(), Height: b.Node.Height,
		Length: b.Node.Height - b.fork, Status: b.Status, Time: b.Node.Header.Timestamp, Class: "warn"}
	tip := h.Chain.Ledger.Tip()
	if at := tip.Ancestor(b.fork); at != nil {
		row.ForkHash, row.Instead = at.Hash.String(), tip.Height-b.fork
	}
	switch b.Status {
	case "valid-fork":
		row.Meaning = "was in the chain until a reorganisation"
	case "valid-headers":
		row.Meaning = "is stored, and never had the most work"
	case "headers-only":
		row.Meaning, row.Class = "its headers are known, not its blocks", "info"
	case "invalid":
		row.Meaning, row.Class, row.Why = "breaks a rule", "bad", h.whyInvalid(b.Node)
	}
	return row
}

func (h *Handler) reorgsPage(_ context.Context, q question) (view, error) {
	all := h.staleBranches()
	p, err := q.page("page", "/reorgs", len(all), branchesPerPage)
	if err != nil {
		return view{}, err
	}
	from, to := p.Slice()
	rows := []branchRow{}
	for _, b := range all[from:to] {
		rows = append(rows, h.branchRow(b))
	}
	return view{name: "reorgs", title: "Reorganisations", nav: "blocks", data: struct {
		Rows  []branchRow
		Pages layout.Pager
		Tree  *tree
	}{rows, p, drawTree(h.Chain.Ledger.Tip(), all[from:to])}}, nil
}

// tree is the drawing of branches beside the chain: a row for the chain, a row for each branch, a
// column for each height that matters.
type tree struct {
	Width, Height int
	Nodes         []treeNode
	Edges         []treeEdge
	Gaps          []treeGap
	Says          string  // what it shows, for who does not see it
	cols          []int32 // the height of each column
}

type treeNode struct {
	X, Y   int
	TextX  int
	TextY  int
	Hash   string
	Height int32
	Class  string // of what it is: active, stale, invalid, header
}

type treeEdge struct {
	Path  string
	Class string
}

// treeGap stands for blocks that are not drawn.
type treeGap struct {
	X, Y int
	Text string
}

// What the drawing measures, in its own units.
const (
	colWidth, rowHeight = 84, 64
	boxWidth, boxHeight = 64, 34
	treeMargin          = 12
)

// drawTree draws branches and the part of the chain that they fork from; nil without branches.
func drawTree(tip *chain.HeaderNode, branches []branch) *tree {
	if len(branches) == 0 {
		return nil
	}
	cols := columnsOf(tip, branches)
	t := &tree{cols: cols, Width: 2*treeMargin + len(cols)*colWidth, Height: 2*treeMargin + len(branches)*rowHeight + boxHeight,
		Says: fmt.Sprintf("The chain and %d branches beside it", len(branches))}
	place := make(map[int32]int, len(cols))
	for i, height := range cols {
		place[height] = i
	}
	last := -1
	for _, height := range cols {
		if n := tip.Ancestor(height); n != nil {
			t.step(last, place[height], 0, "active")
			t.box(place[height], 0, n, "active")
			last = place[height]
		}
	}
	for i, b := range branches {
		class := map[string]string{"invalid": "invalid", "headers-only": "header"}[b.Status]
		if class == "" {
			class = "stale"
		}
		last := -1
		for _, height := range cols {
			n := b.at(height)
			switch {
			case n == nil:
				continue
			case last < 0:
				t.fork(place[b.fork], place[height], i+1, class)
			default:
				t.step(last, place[height], i+1, class)
			}
			t.box(place[height], i+1, n, class)
			last = place[height]
		}
	}
	return t
}

// columnsOf are the heights that are drawn: around each fork, and the ends of each branch and of the chain.
func columnsOf(tip *chain.HeaderNode, branches []branch) (heights []int32) {
	want := map[int32]bool{tip.Height: true, max(0, tip.Height-1): true}
	for _, b := range branches {
		want[b.fork] = true
		first, end := b.fork+1, b.Node.Height
		for i := range min(int32(maxDrawn/2), end-b.fork) {
			want[first+i], want[end-i] = true, true
		}
	}
	for height := range want {
		heights = append(heights, height)
	}
	slices.Sort(heights)
	return heights
}

func (t *tree) at(col, row int) (x, y int) {
	return treeMargin + col*colWidth, treeMargin + row*rowHeight
}

func (t *tree) box(col, row int, n *chain.HeaderNode, class string) {
	x, y := t.at(col, row)
	t.Nodes = append(t.Nodes, treeNode{X: x, Y: y, TextX: x + boxWidth/2, TextY: y + boxHeight/2 + 5, Hash: n.Hash.String(), Height: n.Height, Class: class})
}

// step joins two blocks of one row; where heights between them are left out it says how many.
func (t *tree) step(from, to, row int, class string) {
	if from < 0 {
		return
	}
	x, y := t.at(from, row)
	end, _ := t.at(to, row)
	t.Edges = append(t.Edges, treeEdge{fmt.Sprintf("M%d %dH%d", x+boxWidth, y+boxHeight/2, end), class})
	if between := t.cols[to] - t.cols[from] - 1; between > 0 {
		t.Gaps = append(t.Gaps, treeGap{x + boxWidth + (end-x-boxWidth)/2, y + boxHeight/2 - 5, fmt.Sprintf("+%d", between)})
	}
}

// fork joins the chain with a branch's first block.
func (t *tree) fork(from, to, row int, class string) {
	x, y := t.at(from, 0)
	endX, endY := t.at(to, row)
	x, y, endY = x+boxWidth/2, y+boxHeight, endY+boxHeight/2
	t.Edges = append(t.Edges, treeEdge{fmt.Sprintf("M%d %dV%dQ%d %d %d %dH%d", x, y, endY-10, x, endY, x+10, endY, endX), class})
}
