package testnet

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"grapevine/p2p"
)

// peers asks a node for its peers.
func peers(ctx context.Context, n Node) ([]p2p.PeerInfo, error) {
	var out []p2p.PeerInfo
	if err := n.Call(ctx, "getpeerinfo", &out); err != nil {
		return nil, err
	}
	return out, nil
}

// NameOf is who a peer is, as far as we can tell: a node of ours, or where it can
// be reached.
func NameOf(p p2p.PeerInfo) string {
	if p.Node != "" {
		return fmt.Sprintf("node %s (%s)", p.Node, p.Where())
	}
	return p.Where()
}

// NameNodes says which peers of a member are members: an inbound one comes from a
// port that tells nothing.
func NameNodes(peers []p2p.PeerInfo, members []Member) {
	for i, q := range peers {
		for _, m := range members {
			if isMember(q, m) {
				peers[i].Node = strconv.Itoa(m.Node)
			}
		}
	}
}

// isMember says whether a peer is this member, by the address that the member listens at: of a
// node elsewhere it may be unknown.
func isMember(p p2p.PeerInfo, m Member) bool {
	return m.P2P != "" && (m.P2P == p.Addr || m.P2P == p.Listens)
}

// Network is a local network with a client of each of its nodes, by number; nil
// for a node that is down.
type Network struct {
	Members []Member
	Nodes   []Node
}

// Links says which members each member is connected to, in order.
func (t Network) Links(ctx context.Context) ([][]int, error) {
	peers, err := t.allPeers(ctx)
	if err != nil {
		return nil, err
	}
	out := make([][]int, len(peers))
	ends := t.endsOf(peers)
	for i, list := range peers {
		for _, p := range list {
			if j := ends.who(p); j >= 0 && j != i && !slices.Contains(out[i], j) {
				out[i] = append(out[i], j)
			}
		}
		slices.Sort(out[i])
	}
	return out, nil
}

// Senders says how many blocks came from each member over these connections,
// which are all of one node: see Connections.
func (t Network) Senders(ctx context.Context, connections []p2p.PeerInfo) ([]int, error) {
	peers, err := t.allPeers(ctx)
	if err != nil {
		return nil, err
	}
	out, ends := make([]int, len(peers)), t.endsOf(peers)
	for _, p := range connections {
		if j := ends.who(p); j >= 0 {
			out[j] += int(p.BlocksFrom)
		}
	}
	return out, nil
}

// Tally is "from 0: 12 · 1: 7": how many blocks came from whom, as far as the
// node itself can tell.
func (t Network) Tally(connections []p2p.PeerInfo) string {
	count, ends := make([]int, len(t.Members)), t.endsOf(nil)
	for _, p := range connections {
		if j := ends.who(p); j >= 0 {
			count[j] += int(p.BlocksFrom)
		}
	}
	var parts []string
	for j, n := range count {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d: %d", t.Members[j].Node, n))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "from " + strings.Join(parts, " · ")
}

// Connections remembers a node's connections, also those that have ended: when
// two nodes dial each other at once, one of the two connections is closed.
type Connections map[int64]p2p.PeerInfo // by the connection's number

// Refresh asks the node once more.
func (s Connections) Refresh(ctx context.Context, n Node) error {
	peers, err := peers(ctx, n)
	for _, p := range peers {
		s[p.Number] = p
	}
	return err
}

// All are the connections seen, as they were when last seen.
func (s Connections) All() []p2p.PeerInfo { return slices.Collect(maps.Values(s)) }

func (t Network) allPeers(ctx context.Context) ([][]p2p.PeerInfo, error) {
	out := make([][]p2p.PeerInfo, len(t.Nodes))
	for i, n := range t.Nodes {
		if n == nil {
			continue
		}
		var err error
		if out[i], err = peers(ctx, n); err != nil {
			return nil, fmt.Errorf("node %d: %w", i, err)
		}
	}
	return out, nil
}

// ends finds the member at the end of a connection, for many connections.
type ends struct {
	listens map[string]int    // by the address that a member listens at
	own     map[[2]string]int // by a member's own end of a connection, and the other
}

// endsOf looks at the peers of all members, which are in their order; the first member counts.
func (t Network) endsOf(all [][]p2p.PeerInfo) ends {
	e := ends{map[string]int{}, map[[2]string]int{}}
	for j := len(t.Members) - 1; j >= 0; j-- {
		e.listens[t.Members[j].P2P] = j
	}
	delete(e.listens, "") // of a node elsewhere it may be unknown
	for j := len(all) - 1; j >= 0; j-- {
		for _, q := range all[j] {
			if q.Addr != "" && q.LocalAddr != "" {
				e.own[[2]string{q.LocalAddr, q.Addr}] = j
			}
		}
	}
	return e
}

// who is the member at the other end of a connection: the one that listens at
// that address or says so, or the one whose own end of a connection it is. -1
// if neither.
func (e ends) who(p p2p.PeerInfo) int {
	dialled, is := e.listens[p.Addr]
	says, claims := e.listens[p.Listens]
	switch {
	case is && claims:
		return min(dialled, says)
	case is:
		return dialled
	case claims:
		return says
	}
	if j, ok := e.own[[2]string{p.Addr, p.LocalAddr}]; ok {
		return j
	}
	return -1
}

// NameAll says of the peers of all members, which are in their order, which members they are.
func (t Network) NameAll(all [][]p2p.PeerInfo) {
	ends := t.endsOf(all)
	for _, list := range all {
		for i := range list {
			if j := ends.who(list[i]); j >= 0 {
				list[i].Node = strconv.Itoa(t.Members[j].Node)
			}
		}
	}
}

// Whole is whether the nodes that are up hang together even without node
// number without (-1: with all of them).
func Whole(links [][]int, without int) bool {
	start := -1
	for i := range links {
		if i != without {
			start = i
			break
		}
	}
	if start < 0 {
		return true
	}
	seen := map[int]bool{start: true}
	for queue := []int{start}; len(queue) > 0; queue = queue[1:] {
		for _, j := range links[queue[0]] {
			if j != without && !seen[j] {
				seen[j] = true
				queue = append(queue, j)
			}
		}
	}
	for i := range links {
		if i != without && !seen[i] {
			return false
		}
	}
	return true
}
