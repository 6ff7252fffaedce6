package web

import (
	"encoding/json"
	"hash/fnv"
	"math"
	"strconv"
)

// maxDrawn is how many connections are drawn: more are a blot, and every change of the network is sent to all who follow it.
const maxDrawn = 320

// drawing is what the page's script draws of a picture: what is not seen in it is left out.
type drawing struct {
	Nodes   []drawnNode `json:"nodes"`
	Links   []drawnLink `json:"links"`
	Undrawn int         `json:"undrawn,omitempty"` // connections that stand in the tables alone
	Sum     string      `json:"sum,omitempty"`     // another one when the tables say something else
}

type drawnNode struct {
	ID       string `json:"id"`
	Title    string `json:"title,omitempty"` // where it is not "node ID"
	Stranger bool   `json:"stranger,omitempty"`
	Down     bool   `json:"down,omitempty"`
	Height   int64  `json:"height"`
	Pool     int    `json:"pool,omitempty"`
}

type drawnLink struct {
	A         string `json:"a"`
	B         string `json:"b"`
	Connected bool   `json:"connected,omitempty"`
	CutAB     bool   `json:"cut_ab,omitempty"`
	CutBA     bool   `json:"cut_ba,omitempty"`
	AB        string `json:"ab,omitempty"`
	BA        string `json:"ba,omitempty"`
	Ping      int    `json:"ping,omitempty"` // in whole milliseconds
}

// drawing is the picture as it is drawn.
func (pic *picture) drawing() drawing {
	d := drawing{Nodes: make([]drawnNode, len(pic.Nodes)), Links: []drawnLink{}, Undrawn: max(0, len(pic.Links)-maxDrawn)}
	for i, n := range pic.Nodes {
		title := n.Title
		if title == "node "+n.ID {
			title = ""
		}
		d.Nodes[i] = drawnNode{n.ID, title, n.Stranger, n.Down != "", n.Height, n.Pool}
	}
	for _, l := range pic.most(maxDrawn) {
		d.Links = append(d.Links, drawnLink{l.A, l.B, l.Connected, l.CutAB, l.CutBA, l.AB, l.BA, int(math.Round(l.Ping))})
	}
	return d
}

// summed is the drawing with the sum of all that the picture tells.
func (pic *picture) summed() (drawing, error) {
	raw, err := json.Marshal(pic)
	if err != nil {
		return drawing{}, err
	}
	sum := fnv.New64a()
	_, _ = sum.Write(raw) // it never fails
	d := pic.drawing()
	d.Sum = strconv.FormatUint(sum.Sum64(), 36)
	return d, nil
}

// most are so many links: those that somebody has cut or shaped first, and of the others some of everywhere.
func (pic *picture) most(n int) (list []linkView) {
	if len(pic.Links) <= n {
		return pic.Links
	}
	var others []linkView
	for _, l := range pic.Links {
		switch {
		case !l.handled():
			others = append(others, l)
		case len(list) < n:
			list = append(list, l)
		}
	}
	free := n - len(list)
	for i := range min(free, len(others)) {
		list = append(list, others[i*len(others)/free])
	}
	return list
}

// handled says whether somebody has cut or shaped it.
func (l linkView) handled() bool { return l.CutAB || l.CutBA || l.AB != "" || l.BA != "" }
