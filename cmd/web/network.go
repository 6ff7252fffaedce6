package web

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"grapevine/cmd/web/layout"
)

// looking shares one picture among all who ask at about the same time.
type looking struct {
	mu    sync.Mutex
	pic   *picture
	err   error
	at    time.Time
	ready chan struct{} // closed when the look that is under way is over; nil: none is
}

// good is for how long the picture is: longer where many nodes must be asked, as anybody may ask for one.
func (k *looking) good() time.Duration {
	if k.pic == nil {
		return freshTime
	}
	return freshTime + time.Duration(len(k.pic.Nodes))*lookEach
}

// fresh is a picture of the network that is a moment old at most, and shared.
func (p *Page) fresh(ctx context.Context) (*picture, error) {
	k := &p.looking
	k.mu.Lock()
	if k.ready == nil && time.Since(k.at) < k.good() {
		defer k.mu.Unlock()
		return k.pic, k.err
	}
	ready := k.ready
	if ready == nil {
		ready = make(chan struct{})
		k.ready = ready
		k.mu.Unlock()
		pic, err := p.look(context.WithoutCancel(ctx)) // others wait for it too
		k.mu.Lock()
		k.pic, k.err, k.at, k.ready = pic, err, time.Now(), nil
		close(ready)
	}
	k.mu.Unlock()
	select {
	case <-ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pic, k.err
}

// tableRows is how many rows a table of the network shows at a time.
const tableRows = 50

// networkPage is what the network's template is given.
type networkPage struct {
	*picture
	Form  form // to cut, heal and slow
	Lags  bool // some nodes have another tip
	Began *Began
	Rows  []nodeView
	Pairs []linkView
	Given []given
	// Where Rows, Pairs and Given lie in all there are.
	RowPages, PairPages, GivenPages layout.Pager
	Drawing                         drawing // of the page; the tables alone have none
}

// given is how many pieces one node has given another.
type given struct {
	From, To string
	Blocks   int
	Txs      int
	Bytes    int64
}

func (p *Page) networkData(r *http.Request) (v networkPage, err error) {
	if v.picture, err = p.fresh(r.Context()); err != nil {
		return v, err
	}
	for _, l := range v.Links {
		for _, g := range []given{{l.A, l.B, l.BlocksAB, l.TxsAB, l.BytesAB}, {l.B, l.A, l.BlocksBA, l.TxsBA, l.BytesBA}} {
			if g.Blocks+g.Txs > 0 {
				v.Given = append(v.Given, g)
			}
		}
	}
	if len(v.Given) > tableRows { // who gave the most stands on the first page
		slices.SortStableFunc(v.Given, func(x, y given) int { return cmp.Or(y.Blocks-x.Blocks, y.Txs-x.Txs) })
	}
	members := v.Members()
	v.Rows, v.RowPages = part(r, "nodes", members)
	v.Pairs, v.PairPages = part(r, "connections", v.first())
	v.Given, v.GivenPages = part(r, "given", v.Given)
	tip := ""
	for _, n := range members {
		if n.Down == "" {
			v.Lags = v.Lags || tip != "" && n.Tip != tip
			tip = n.Tip
		}
	}
	v.Form, v.Began = p.form(r), p.began()
	return v, nil
}

// part takes those rows of a table that a request asks for.
func part[T any](r *http.Request, table string, all []T) ([]T, layout.Pager) {
	number, _ := strconv.Atoi(r.URL.Query().Get(table)) // what is none is the first
	at := url.URL{Path: "/network", RawQuery: r.URL.RawQuery, Fragment: table}
	p := layout.List{At: at, Key: table, Name: table, Len: len(all), Size: tableRows}.Page(number)
	from, to := p.Slice()
	return all[from:to], p
}

// first are all links; where they have pages, those that somebody has cut or shaped come first.
func (pic *picture) first() []linkView {
	if len(pic.Links) <= tableRows {
		return pic.Links
	}
	list := slices.Clone(pic.Links)
	slices.SortStableFunc(list, func(x, y linkView) int {
		switch {
		case x.handled() == y.handled():
			return 0
		case x.handled():
			return -1
		}
		return 1
	})
	return list
}

func (p *Page) network(w http.ResponseWriter, r *http.Request) {
	v, err := p.networkData(r)
	if err != nil {
		p.unable(w, r, err)
		return
	}
	v.Drawing = v.drawing()
	p.show(w, r, layout.Page{Title: "Network", Nav: "network", Name: "network.html", Data: v, Wide: true, Scripts: []string{"network.js"}})
}

// networkTables are the same page's tables alone, which its script puts in the place of the old ones.
func (p *Page) networkTables(w http.ResponseWriter, r *http.Request) {
	v, err := p.networkData(r)
	if err != nil {
		p.unable(w, r, err)
		return
	}
	var tables bytes.Buffer
	if err := p.templates.ExecuteTemplate(&tables, "tables", v); err != nil {
		p.unable(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = timely{w}.Write(tables.Bytes()) // who has gone is not told
}
