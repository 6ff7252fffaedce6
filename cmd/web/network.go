package web

import (
	"bytes"
	"context"
	"net/http"
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

// networkPage is what the network's template is given.
type networkPage struct {
	*picture
	Form  form // to cut, heal and slow
	Given []given
	Lags  bool // some nodes have another tip
}

// given is how many pieces one node has given another.
type given struct {
	From, To string
	Blocks   int
	Txs      int
	Bytes    int64
}

// Picture is for the page's script.
func (v networkPage) Picture() *picture { return v.picture }

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
	tip := ""
	for _, n := range v.Members() {
		if n.Down == "" {
			v.Lags = v.Lags || tip != "" && n.Tip != tip
			tip = n.Tip
		}
	}
	v.Form = p.form(r)
	return v, nil
}

func (p *Page) network(w http.ResponseWriter, r *http.Request) {
	v, err := p.networkData(r)
	if err != nil {
		p.unable(w, r, err)
		return
	}
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
