package events

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"grapevine/chain"
	"grapevine/p2p/msg"
)

// Names finds which node of a local network is at the other end of a connection: the one that listens there or says
// so, or the one whose own end of a connection it is.
type Names struct {
	listens map[string]string    // address -> node
	ends    map[[2]string]string // a node's own end of a connection, and the other -> that node
}

// NewNames begins with where nodes listen.
func NewNames(listens map[string]string) *Names {
	return &Names{listens: listens, ends: map[[2]string]string{}}
}

// End notes that a node has a connection with these two ends.
func (n *Names) End(node, local, remote string) {
	const most = 1 << 16 // a network has far fewer
	if len(n.ends) >= most {
		clear(n.ends)
	}
	n.ends[[2]string{local, remote}] = node
}

// Learn takes from an event what it says of a connection.
func (n *Names) Learn(e Event) {
	if e.Node != "" && e.Peer != nil && e.Peer.LocalAddr != "" {
		n.End(e.Node, e.Peer.LocalAddr, e.Peer.Addr)
	}
}

// Name fills in which node the peer of an event is.
func (n *Names) Name(e *Event) {
	if e.Peer == nil || e.Peer.Node != "" {
		return
	}
	who := n.listens[e.Peer.Addr]
	if who == "" && e.Peer.Listens != "" {
		who = n.listens[e.Peer.Listens]
	}
	if who == "" {
		who = n.ends[[2]string{e.Peer.Addr, e.Peer.LocalAddr}]
	}
	if who != "" && who != e.Node {
		p := *e.Peer // others share it
		p.Node = who
		e.Peer, e.named = &p, nil
	}
}

// Other is how people see the peer of an event: the node, or where it is; "": there is none.
func (e *Event) Other() string {
	p := e.Peer
	switch {
	case p == nil:
		return ""
	case p.Node != "":
		return "node " + p.Node
	}
	return p.Where()
}

// merge puts the events of several nodes into the order of time.
func merge(lists ...[]Event) []Event {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b Event) int { return a.Time.Compare(b.Time) })
	return all
}

// Trace is the way of one transaction or block: what nodes have told of it, and in short what each did.
type Trace struct {
	Hash   string  `json:"hash"`
	Hops   []Hop   `json:"hops"` // in the order in which the nodes heard of it
	Events []Event `json:"events"`
}

// Hop is what one node did with it. Times are of the node's machine; nil: it did not happen, or is not kept any more.
type Hop struct {
	Node    string     `json:"node,omitempty"`
	Heard   *time.Time `json:"heard,omitempty"` // first
	From    string     `json:"heard_from,omitempty"`
	Given   *time.Time `json:"given,omitempty"` // the whole, or what was missing of it
	By      string     `json:"given_by,omitempty"`
	Judged  *time.Time `json:"judged,omitempty"`
	Verdict string     `json:"verdict,omitempty"`
	Reason  string     `json:"reason,omitempty"`
	Relayed []string   `json:"relayed_to,omitempty"` // in order, each once
}

// Trace sums up what nodes have told of a transaction or block, each in its own order of time, and names their peers.
func (n *Names) Trace(hash chain.Hash, told ...[]Event) Trace {
	for _, list := range told {
		for i := range list {
			n.Learn(list[i])
		}
	}
	all := merge(told...)
	for i := range all {
		n.Name(&all[i])
	}
	return traceOf(hash, all)
}

// traceOf sums up the events about a transaction or block, which are in the order of time.
func traceOf(hash chain.Hash, evs []Event) Trace {
	t := Trace{Hash: hash.String(), Hops: []Hop{}, Events: evs}
	if evs == nil {
		t.Events = []Event{}
	}
	for i := range evs {
		e := &evs[i]
		at := slices.IndexFunc(t.Hops, func(h Hop) bool { return h.Node == e.Node })
		if at < 0 {
			at = len(t.Hops)
			t.Hops = append(t.Hops, Hop{Node: e.Node})
		}
		t.Hops[at].take(e)
	}
	return t
}

func (h *Hop) take(e *Event) {
	from := e.Other()
	if e.By == Self {
		from = Self
	}
	switch e.Kind {
	case Heard:
		if h.Heard == nil {
			h.Heard, h.From = &e.Time, from
		}
		if h.Given == nil && e.Gives() {
			h.Given, h.By = &e.Time, from
		}
	case Judged:
		if h.Judged == nil || h.Verdict != Accepted {
			h.Judged, h.Verdict, h.Reason = &e.Time, e.Verdict, e.Reason
		}
	case Relayed:
		if !slices.Contains(h.Relayed, from) {
			h.Relayed = append(h.Relayed, from)
		}
	}
}

// Gives says whether the event's message gives what it is about, or is a mere announcement.
func (e *Event) Gives() bool { return e.By != "inv" && e.By != "headers" }

// Text says what happened, in a line. What strangers have said in it can be printed.
func (e *Event) Text() string {
	var parts []string
	add := func(texts ...string) { parts = append(parts, texts...) }
	add(string(e.Kind))
	if e.By != "" {
		add(e.By)
	}
	switch {
	case e.TxID != (chain.Hash{}):
		add("transaction", short(e.TxID))
	case e.ofTx():
		add("transaction of wtxid", short(e.WTxID))
	case e.Block != (chain.Hash{}):
		add("block", short(e.Block))
	}
	if e.Height > 0 {
		add("at height", itoa(uint64(e.Height)))
	}
	switch {
	case e.Count > 0 && (e.By == msg.CmdCmpctBlock || e.By == msg.CmdBlockTxn || e.By == msg.CmdGetBlockTxn):
		add("with", itoa(uint64(e.Count)), "transactions of it")
	case e.Count > 0:
		add("and", itoa(uint64(e.Count-1)), "more")
	}
	if e.Verdict != "" {
		add(e.Verdict)
	}
	if e.Peer != nil {
		add(preposition(e.Kind), e.Other())
	}
	if r := e.Reorg; r != nil {
		add(": " + itoa(uint64(r.Undone)) + " undone, " + itoa(uint64(r.New)) + " new, fork at " + itoa(uint64(r.Fork)))
	}
	if e.Reason != "" {
		add("(" + strings.Trim(e.Reason+": "+e.Detail, ": ") + ")")
	}
	if e.Lost > 0 {
		add(itoa(e.Lost), "events: we were too slow")
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ReplaceAll(strings.Join(parts, " "), " : ", ": "))
}

func preposition(k Kind) string {
	switch k {
	case Heard, Asked:
		return "from"
	case Relayed:
		return "to"
	}
	return "with"
}

func short(h chain.Hash) string { return h.String()[:12] + "…" }

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }
