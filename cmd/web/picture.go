package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"grapevine/p2p"
	"grapevine/testnet"
)

// Siblings are the nodes of the local network that the page's node is of.
type Siblings interface {
	// Self is the number of the page's own node.
	Self() int
	// File is the network as it is now.
	File() (testnet.File, error)
	// Node asks a member; it is kept, and not to be closed.
	Node(m testnet.Member) (testnet.Node, error)
}

const (
	// freshTime is how long a picture of the network is good for all who ask.
	freshTime = 400 * time.Millisecond
	// lookTime is how long the members may take for it; who takes longer is said not to answer.
	lookTime = 3 * time.Second
	// askedAtOnce are the members that are asked beside each other.
	askedAtOnce = 16
	// maxStrangers bounds the peers that are not of the network and shown all the same: anybody may connect.
	maxStrangers = 24
)

// picture is the network at one moment, as the table and the graph show it.
type picture struct {
	Local bool       `json:"local"` // a local network; else one node with its peers
	Self  string     `json:"self"`
	Nodes []nodeView `json:"nodes"`
	Links []linkView `json:"links"`
	More  int        `json:"more,omitempty"` // peers that are not shown

	ends map[string]string // by address: whose end of a connection it is
}

// Members are the nodes of the network.
func (pic *picture) Members() (all []nodeView) {
	for _, n := range pic.Nodes {
		if !n.Stranger {
			all = append(all, n)
		}
	}
	return all
}

// nodeView is a node in it.
type nodeView struct {
	ID       string `json:"id"` // its number, or where it is
	Title    string `json:"title"`
	Stranger bool   `json:"stranger,omitempty"` // not of the network: somebody's peer
	Agent    string `json:"agent,omitempty"`
	Down     string `json:"down,omitempty"` // why it tells nothing
	Height   int64  `json:"height"`
	Tip      string `json:"tip"`
	Pool     int    `json:"pool"`
	Peers    int    `json:"peers"`
	Mine     string `json:"mine,omitempty"`
	Gave     int    `json:"gave"` // blocks, over the connections that stand
	Took     int    `json:"took"`
}

// Copies is how many times a node has given the whole chain.
func (n nodeView) Copies() string {
	if n.Height <= 0 {
		return "0.00"
	}
	return strconv.FormatFloat(float64(n.Gave)/float64(n.Height), 'f', 2, 64)
}

// linkView is what goes between two nodes.
type linkView struct {
	A         string  `json:"a"`
	B         string  `json:"b"`
	Connected bool    `json:"connected"`
	CutAB     bool    `json:"cut_ab,omitempty"`
	CutBA     bool    `json:"cut_ba,omitempty"`
	AB        string  `json:"ab,omitempty"` // how it is shaped that way; "": as it comes
	BA        string  `json:"ba,omitempty"`
	Ping      float64 `json:"ping,omitempty"` // milliseconds, there and back
	BlocksAB  int     `json:"blocks_ab"`
	BlocksBA  int     `json:"blocks_ba"`
	TxsAB     int     `json:"txs_ab"`
	TxsBA     int     `json:"txs_ba"`
	BytesAB   int64   `json:"-"`
	BytesBA   int64   `json:"-"`
}

// Shape is how a link is shaped, for people.
func (l linkView) Shape() string {
	switch {
	case l.AB == l.BA:
		return l.AB
	case l.BA == "":
		return l.A + " → " + l.B + ": " + l.AB
	case l.AB == "":
		return l.B + " → " + l.A + ": " + l.BA
	}
	return l.A + " → " + l.B + ": " + l.AB + "; " + l.B + " → " + l.A + ": " + l.BA
}

// State is whether they are connected.
func (l linkView) State() string {
	switch {
	case l.CutAB && l.CutBA:
		return "cut"
	case l.CutAB:
		return "cut from " + l.A + " to " + l.B
	case l.CutBA:
		return "cut from " + l.B + " to " + l.A
	case l.Connected:
		return "connected"
	}
	return "not connected"
}

// member is one node as it was asked.
type member struct {
	testnet.Member
	self  bool
	node  testnet.Node
	peers []p2p.PeerInfo
	view  nodeView
}

// members are the nodes that the picture is of: the network's, or the page's own alone.
func (p *Page) members() (all []*member, f testnet.File, err error) {
	if p.cfg.Siblings == nil {
		own := testnet.Member{PID: 1}
		return []*member{{Member: own, self: true, node: caller(p.cfg.Call), view: nodeView{ID: "0", Title: "this node"}}}, f, nil
	}
	if f, err = p.cfg.Siblings.File(); err != nil {
		return nil, f, fmt.Errorf("the local network's file: %w", err)
	}
	for _, m := range f.Nodes {
		x := &member{Member: m, self: m.Node == p.cfg.Siblings.Self(), view: nodeView{ID: strconv.Itoa(m.Node), Title: m.Title(), Mine: m.Mine}}
		if x.self {
			x.node = caller(p.cfg.Call)
		} else if m.PID == 0 {
			x.view.Down = "down"
		} else if x.node, err = p.cfg.Siblings.Node(m); err != nil {
			x.view.Down = err.Error()
		}
		all = append(all, x)
	}
	return all, f, nil
}

// caller asks the page's own node.
type caller func(ctx context.Context, method string, result any, params ...any) error

func (c caller) Call(ctx context.Context, method string, result any, params ...any) error {
	return c(ctx, method, result, params...)
}

// question is a method, and where its answer goes.
type question struct {
	method string
	to     any
}

// askAll asks a node one question after the other, until one has no answer.
func askAll(ctx context.Context, node testnet.Node, list ...question) error {
	for _, q := range list {
		if err := node.Call(ctx, q.method, q.to); err != nil {
			return err
		}
	}
	return nil
}

// ask asks a member how it is.
func (m *member) ask(ctx context.Context) {
	if m.view.Down != "" {
		return
	}
	var chain struct {
		Height int64  `json:"blocks"`
		Tip    string `json:"bestblockhash"`
	}
	var pool poolState
	if err := askAll(ctx, m.node, question{"getblockchaininfo", &chain}, question{"getmempoolinfo", &pool}, question{"getpeerinfo", &m.peers}); err != nil {
		m.view.Down, m.peers = "does not answer: "+err.Error(), nil
		return
	}
	m.view.Height, m.view.Tip, m.view.Pool, m.view.Peers = chain.Height, chain.Tip, int(pool.Size), len(m.peers)
}

// look asks all members, and draws what they say.
func (p *Page) look(ctx context.Context) (*picture, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	all, f, err := p.members()
	if err != nil {
		return nil, err
	}
	var g errgroup.Group
	g.SetLimit(askedAtOnce)
	for _, m := range all {
		g.Go(func() error { m.ask(ctx); return nil })
	}
	_ = g.Wait() // who failed says so in its view
	pic := &picture{Local: p.cfg.Siblings != nil, Self: "0"}
	if pic.Local {
		pic.Self = strconv.Itoa(p.cfg.Siblings.Self())
	}
	pic.draw(all, f)
	return pic, nil
}

// draw makes nodes and links of what the members said.
func (pic *picture) draw(all []*member, f testnet.File) {
	net, lists := testnet.Network{}, make([][]p2p.PeerInfo, len(all))
	for i, m := range all {
		net.Members = append(net.Members, m.Member)
		lists[i] = m.peers
	}
	if pic.Local {
		net.NameAll(lists)
	}
	links := map[[2]string]*linkView{}
	link := func(a, b string) *linkView {
		k := [2]string{a, b}
		if links[k] == nil {
			links[k] = &linkView{A: a, B: b}
		}
		return links[k]
	}
	strangers := map[string]nodeView{}
	pic.ends = map[string]string{}
	for _, m := range all {
		if m.P2P != "" {
			pic.ends[m.P2P] = m.view.ID
		}
		for _, q := range m.peers {
			pic.connect(m, q, strangers, link)
		}
	}
	for _, l := range f.Links {
		a, b := min(l.From, l.To), max(l.From, l.To)
		v := link(strconv.Itoa(a), strconv.Itoa(b))
		if l.From == a {
			v.CutAB, v.AB = l.Cut, l.Way.String()
		} else {
			v.CutBA, v.BA = l.Cut, l.Way.String()
		}
	}
	for _, l := range links {
		pic.Links = append(pic.Links, *l)
	}
	slices.SortFunc(pic.Links, func(x, y linkView) int {
		return cmp.Or(len(x.A)-len(y.A), cmp.Compare(x.A, y.A), len(x.B)-len(y.B), cmp.Compare(x.B, y.B))
	})
	for _, m := range all {
		for _, l := range pic.Links {
			switch m.view.ID {
			case l.A:
				m.view.Gave, m.view.Took = m.view.Gave+l.BlocksAB, m.view.Took+l.BlocksBA
			case l.B:
				m.view.Gave, m.view.Took = m.view.Gave+l.BlocksBA, m.view.Took+l.BlocksAB
			}
		}
		pic.Nodes = append(pic.Nodes, m.view)
	}
	for _, v := range strangers {
		pic.Nodes = append(pic.Nodes, v)
	}
	slices.SortFunc(pic.Nodes[len(all):], func(x, y nodeView) int { return cmp.Compare(x.ID, y.ID) })
}

// connect adds one member's view of a connection. What went one way is told by who took it; of a stranger by
// the member.
func (pic *picture) connect(m *member, q p2p.PeerInfo, strangers map[string]nodeView, link func(a, b string) *linkView) {
	if !q.Inbound() && q.LocalAddr != "" {
		pic.ends[q.LocalAddr] = m.view.ID
	}
	other := cmp.Or(q.Node, q.Where())
	if q.Node != "" {
		if other == m.view.ID {
			return
		}
	} else if _, known := strangers[other]; !known {
		if len(strangers) >= maxStrangers {
			pic.More++
			return
		}
		pic.ends[q.Addr] = other
		strangers[other] = nodeView{ID: other, Title: other, Stranger: true, Agent: q.UserAgent, Height: int64(q.Headers)}
	}
	own := m.view.ID
	number, err := strconv.Atoi(q.Node)
	first := err != nil || m.Node < number
	a, b := own, other
	if !first {
		a, b = other, own
	}
	l := link(a, b)
	l.Connected = true
	if ping := q.Ping.Seconds() * 1000; ping > 0 && (l.Ping == 0 || ping < l.Ping) {
		l.Ping = ping
	}
	if first { // it took from B
		l.BlocksBA, l.TxsBA, l.BytesBA = l.BlocksBA+int(q.BlocksFrom), l.TxsBA+int(q.TxsFrom), l.BytesBA+int64(q.BytesRecv)
	} else {
		l.BlocksAB, l.TxsAB, l.BytesAB = l.BlocksAB+int(q.BlocksFrom), l.TxsAB+int(q.TxsFrom), l.BytesAB+int64(q.BytesRecv)
	}
	if q.Node == "" { // nobody else tells what it gave to the stranger
		l.BlocksAB, l.TxsAB, l.BytesAB = l.BlocksAB+int(q.BlocksTo), l.TxsAB+int(q.TxsTo), l.BytesAB+int64(q.BytesSent)
	}
}
