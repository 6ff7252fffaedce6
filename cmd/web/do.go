package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"grapevine/cmd/web/layout"
)

const (
	// actTime is how long a command may take: a faucet may mine a thousand blocks first.
	actTime = 3 * time.Minute
	// maxActs bounds commands at work at once: each is a process.
	maxActs = 4
)

// Commands runs `grapevine` with arguments, about a node of the local network ("": none; where there is no
// network, the page's own), and tells what it printed. Of what failed, err says why and what to do.
type Commands func(ctx context.Context, node string, args ...string) (printed string, err error)

// offer is an action as the page shows it.
type offer struct {
	action
	Nodes []nodeView
	Token string
}

type doPage struct {
	Offers []offer
	Began  *Began
}

// beganTime is how long people are told what became of a command that was answered before it ran.
const beganTime = time.Hour

// began is the newest of these, if it is not long ago.
func (p *Page) began() *Began {
	if p.cfg.Began == nil {
		return nil
	}
	c, ok := p.cfg.Began()
	if !ok || time.Since(c.At) > beganTime {
		return nil
	}
	return &c
}

// find is the action of that name which this node has.
func (p *Page) find(name string) (a action, ok bool) {
	for _, a := range actions {
		if a.Name == name && p.has(a) {
			return a, true
		}
	}
	return a, false
}

func (p *Page) has(a action) bool {
	return p.cfg.Do != nil && (!a.Local || p.cfg.Siblings != nil) && (!a.Regtest || p.local()) && (!a.Later || p.cfg.Begin != nil)
}

func (p *Page) do(w http.ResponseWriter, r *http.Request) {
	f := p.form(r)
	if !f.Open {
		p.show(w, r, p.signIn(http.StatusOK, ""))
		return
	}
	page := doPage{Began: p.began()}
	var nodes []nodeView
	if all, _, err := p.members(); err == nil && p.cfg.Siblings != nil {
		for _, m := range all {
			nodes = append(nodes, m.view)
		}
	}
	for _, a := range actions {
		if a.Title != "" && p.has(a) {
			page.Offers = append(page.Offers, offer{a, nodes, f.Token})
		}
	}
	p.show(w, r, layout.Page{Title: "Do", Nav: "do", Name: "do.html", Data: page})
}

type signInPage struct{ Why, Cookie string }

func (p *Page) signIn(status int, why string) layout.Page {
	cookie := p.cfg.CookiePath
	if !p.local() { // it has the name of who runs the node
		cookie = ""
	}
	return layout.Page{Title: "Sign in", Nav: "do", Name: "signin.html", Status: status, Data: signInPage{why, cookie}}
}

// done is what a page says of a command that was run.
type done struct {
	Title, Line, Printed string
	Failed               string
	Begun                bool   // it goes on
	Back                 string // where to go on
}

// act runs the command that a form is for.
func (p *Page) act(w http.ResponseWriter, r *http.Request) {
	a, ok := p.find(r.PathValue("action"))
	if !ok {
		p.fail(w, r, http.StatusNotFound, failure{"This node does no such thing.", "The page Do shows what it does."})
		return
	}
	values := map[string]string{}
	for _, f := range a.Fields {
		if f.Kind == aNode && p.cfg.Siblings == nil {
			continue // there is one
		}
		v, err := f.read(r.PostForm)
		if err != nil {
			p.fail(w, r, http.StatusBadRequest, failure{err.Error() + ".", "Go back, and fill in the form again."})
			return
		}
		values[f.Name] = v
	}
	if err := p.ready(r.Context(), a, values); err != nil {
		p.fail(w, r, http.StatusUnprocessableEntity, failure{a.Title + ": " + err.Error() + ".", "Go back, and fill in the form again."})
		return
	}
	args, node := a.line(values)
	select {
	case p.acts <- struct{}{}:
	default:
		w.Header().Set("Retry-After", "5")
		p.fail(w, r, http.StatusServiceUnavailable, failure{"Other commands are at work.", "Try again when they are done."})
		return
	}
	d := done{Title: a.Title, Line: p.said(args, node), Back: "/do"}
	if a.Name == "link" {
		d.Title, d.Back = "The link", "/network"
	}
	if a.Later {
		p.actLater(w, r, d, args)
		return
	}
	printed, err := p.run(r.Context(), node, args)
	<-p.acts
	status := http.StatusOK
	if d.Printed = printed; err != nil {
		if errors.Is(err, context.Canceled) {
			return
		}
		d.Failed, status = err.Error(), http.StatusUnprocessableEntity
	}
	p.show(w, r, layout.Page{Title: d.Title, Nav: "do", Status: status, Name: "done.html", Data: d})
}

// actLater answers first, and then runs a command in whose course this process ends: whoever starts the node
// again answers afterwards.
func (p *Page) actLater(w http.ResponseWriter, r *http.Request, d done, args []string) {
	d.Begun, d.Printed = true, "The node of this page stops with the others, and comes again in a few seconds: load the page Network then. If it fails, that page and Do say so."
	w.Header().Set("Connection", "close")
	p.show(w, r, layout.Page{Title: d.Title, Nav: "do", Status: http.StatusAccepted, Name: "done.html", Data: d})
	_ = http.NewResponseController(w).Flush() // unsupported only by test recorders
	ended := make(chan struct{})
	go func() { // ends with the command, if this process does not before
		defer close(ended)
		defer func() { <-p.acts }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), actTime)
		defer cancel()
		if err := p.cfg.Begin(ctx, args...); err != nil {
			p.log.Warn("a command of the page's failed", "command", d.Line, "err", err)
		}
	}()
	select {
	case <-ended:
	case <-r.Context().Done():
	}
}

// ready says why a command that is answered before it runs would fail.
func (p *Page) ready(ctx context.Context, a action, values map[string]string) error {
	if a.Name != "restore" {
		return nil
	}
	printed, err := p.run(ctx, "", []string{"testnet", "snapshots", "--json"})
	if err != nil {
		return err
	}
	var there struct {
		Snapshots []struct {
			Name string `json:"name"`
		} `json:"snapshots"`
	}
	if err := json.Unmarshal([]byte(printed), &there); err != nil {
		return err
	}
	names := []string{}
	for _, s := range there.Snapshots {
		if names = append(names, s.Name); s.Name == values["name"] {
			return nil
		}
	}
	if len(names) == 0 {
		return errors.New("there is no snapshot yet: make one first")
	}
	return errors.New("there is no snapshot of that name, but " + strings.Join(names, ", "))
}

func (p *Page) run(ctx context.Context, node string, args []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, actTime)
	defer cancel()
	printed, err := p.cfg.Do(ctx, node, args...)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("it took longer than " + actTime.String() + " and was ended; look at the page Network before you try again")
	}
	return strings.TrimSpace(printed), err
}

// said is the command as people type it.
func (p *Page) said(args []string, node string) string {
	line := "grapevine " + strings.Join(args, " ") + p.cfg.Where
	if node != "" {
		line += " --node " + node
	}
	return line
}
