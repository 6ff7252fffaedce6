package web

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"grapevine/chain"
	"grapevine/cmd/rpc/events"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/web/layout"
)

// maxTraced bounds the steps that a page lists one by one.
const maxTraced = 500

// tracePage is the way of one transaction or block from node to node, as a page that reads.
type tracePage struct {
	Hash  string
	Block bool
	First time.Time
	Hops  []hop
	Steps []tracedStep
	More  int // steps that are not listed
	Good  int // nodes that have found it good
	Last  string
	Down  []nodeView // members that tell nothing
	Of    int        // members that were asked
}

// hop is what one node did. The times are those since the first step.
type hop struct {
	Node, Heard, From, Given, By, Judged, Verdict, Reason string
	Good                                                  bool
	Told                                                  string
}

// tracedStep is one event.
type tracedStep struct{ After, Node, What string }

func (p *Page) trace(w http.ResponseWriter, r *http.Request) {
	hash, err := jsonrpc.ParseHash("hash", strings.TrimSpace(r.URL.Query().Get("hash")))
	if err != nil || hash == (chain.Hash{}) {
		p.fail(w, r, http.StatusBadRequest, failure{"Whose way? ?hash= is a txid, a wtxid or a block's hash, of 64 hex digits.", "The pages of transactions and blocks lead to their ways."})
		return
	}
	pic, all, err := p.pictured(w, r)
	if err != nil {
		return
	}
	page := tracePage{Hash: hash.String(), Of: len(all)}
	names := events.NewNames(membersOf(pic.ends, all))
	if !p.telling(r.Context(), func() { page.sum(names.Trace(hash, p.traced(r.Context(), hash, all)...), all) }) {
		return
	}
	for _, m := range all {
		if m.view.Down != "" {
			page.Down = append(page.Down, m.view)
		}
	}
	p.show(w, r, layout.Page{Title: "The way of " + layout.Short(page.Hash), Nav: "network", Name: "trace.html", Data: page})
}

// membersOf leaves out the ends of strangers, who are called by their addresses.
func membersOf(ends map[string]string, all []*member) map[string]string {
	out := maps.Clone(ends)
	maps.DeleteFunc(out, func(_, id string) bool {
		return !slices.ContainsFunc(all, func(m *member) bool { return m.view.ID == id })
	})
	return out
}

// traced asks all members what they know of a way.
func (p *Page) traced(ctx context.Context, hash chain.Hash, all []*member) (told [][]events.Event) {
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(askedAtOnce)
	for _, m := range all {
		if m.view.Down != "" {
			continue
		}
		g.Go(func() error {
			var list []events.Event
			if err := m.node.Call(ctx, "traceevents", &list, hash.String()); err != nil {
				m.view.Down = "does not answer: " + err.Error()
				return nil
			}
			for i := range list {
				list[i].Node = m.view.ID
			}
			mu.Lock()
			defer mu.Unlock()
			told = append(told, list)
			return nil
		})
	}
	_ = g.Wait() // who failed says so in its view
	return told
}

// sum makes the page of what was told.
func (v *tracePage) sum(t events.Trace, all []*member) {
	if len(t.Events) == 0 {
		return
	}
	title := map[string]string{}
	for _, m := range all {
		title[m.view.ID] = m.view.Title
	}
	v.First, v.Block = t.Events[0].Time, t.Events[0].Block.String() == t.Hash
	after := func(at *time.Time) string {
		if at == nil {
			return ""
		}
		return strconv.FormatFloat(float64(at.Sub(v.First).Microseconds())/1000, 'f', 1, 64) + " ms"
	}
	var last time.Time
	for _, h := range t.Hops {
		x := hop{Node: title[h.Node], Heard: after(h.Heard), From: h.From, Given: after(h.Given), By: h.By, Judged: after(h.Judged), Verdict: h.Verdict, Reason: h.Reason,
			Good: h.Verdict == events.Accepted, Told: strings.Join(h.Relayed, ", ")}
		if x.Good {
			v.Good++
			if h.Judged.After(last) {
				last, v.Last = *h.Judged, x.Judged
			}
		}
		v.Hops = append(v.Hops, x)
	}
	for i := range t.Events {
		if e := &t.Events[i]; i < maxTraced {
			v.Steps = append(v.Steps, tracedStep{after(&e.Time), title[e.Node], stepWords(e)})
		}
	}
	v.More = max(0, len(t.Events)-maxTraced)
}

// stepWords say what a node did, as travels.js does.
func stepWords(e *events.Event) string {
	with := e.Other() + " (" + e.By + ")"
	switch e.Kind {
	case events.Heard:
		switch {
		case e.By == events.Self:
			return "made it, or was given it by its owner"
		case e.Gives():
			return "was given it by " + with
		}
		return "heard of it from " + with
	case events.Asked:
		return "asked " + e.Other() + " for it"
	case events.Judged:
		if e.Verdict == events.Accepted {
			return "found it good"
		}
		return strings.TrimSuffix(e.Verdict+": "+e.Reason, ": ")
	case events.Relayed:
		if e.Gives() {
			return "gave it to " + with
		}
		return "told " + with
	case events.Removed:
		return "took it from the pool: " + e.Reason
	case events.Tip:
		return "its chain ends with it now"
	}
	return e.Text()
}
