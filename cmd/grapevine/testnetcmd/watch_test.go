package testnetcmd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"grapevine/p2p"
	"grapevine/testnet"
)

// told is a node that answers from a chain of names, a pool, and a peer that
// gives it all: block n of branch x is named n followed by x's.
type told struct {
	chain []string // hashes by height
	prev  map[string]string
	pool  []string
	mined map[string][]string
	peers []p2p.PeerInfo
}

func (n *told) Call(_ context.Context, method string, result any, params ...any) error {
	var v any
	switch method {
	case "getbestblockhash":
		v = n.chain[len(n.chain)-1]
	case "getrawmempool":
		v = append([]string{}, n.pool...)
	case "getpeerinfo":
		v = n.peers
	case "getblockheader", "getblock":
		hash := params[0].(string)
		height := 0
		fmt.Sscanf(hash, "%08d", &height)
		h := map[string]any{"height": height, "confirmations": -1, "previousblockhash": n.prev[hash], "tx": append([]string{"coinbase"}, n.mined[hash]...)}
		if slices.Contains(n.chain, hash) {
			h["confirmations"] = 1
		}
		v = h
	default:
		return fmt.Errorf("nobody asks for %s", method)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, result)
}

// extend mines n blocks of a branch above a height.
func (n *told) extend(above, count int, branch string) {
	n.chain = n.chain[:above+1]
	for h := above + 1; h <= above+count; h++ {
		hash := fmt.Sprintf("%08d", h) + strings.Repeat(branch, 8)
		n.prev[hash] = n.chain[h-1]
		n.chain = append(n.chain, hash)
	}
}

func TestWatchTellsTruly(t *testing.T) {
	node := &told{chain: []string{"00000000genesis!"}, prev: map[string]string{}, mined: map[string][]string{}, peers: []p2p.PeerInfo{{Link: p2p.Link{Number: 1}, Addr: "b"}}}
	node.extend(0, 107, "a")
	other := &told{chain: slices.Clone(node.chain), prev: node.prev, mined: node.mined}
	w := newWatcher()
	w.net = testnet.Network{Members: []testnet.Member{{Node: 0, PID: 1, P2P: "a"}, {Node: 3, PID: 2, P2P: "b"}}, Nodes: []testnet.Node{node, other}}
	says := func(want ...string) {
		t.Helper()
		var got []string
		for _, l := range w.news(t.Context()) {
			raw, err := json.Marshal(l)
			if err != nil || strings.Contains(string(raw), "\n") || l.Time.IsZero() {
				t.Errorf("%s, %v", raw, err)
			}
			got = append(got, strings.TrimSpace(l.What+"  "+l.Way))
		}
		if !slices.Equal(got, want) {
			t.Errorf("it says\n%q, want\n%q", got, want)
		}
	}
	says() // what was before does not count
	says()

	node.extend(107, 1, "a")
	node.peers[0].BlocksFrom++
	says("block 108 …aaaaaaaa  3 → 0")

	// A body is there before it is validated: it is told of by its name, at the next look, or
	// then without waiting on, for it may be of another branch.
	node.peers[0].BlocksFrom++
	says()
	node.extend(108, 1, "a")
	says("block 109 …aaaaaaaa  3 → 0")
	node.peers[0].BlocksFrom++
	says()
	says("block 109 …aaaaaaaa  3 → 0")
	node.extend(107, 1, "a")
	w.tips[0], w.newest = block{node.chain[108], 108}, block{node.chain[108], 108}
	node.peers[0].BlocksFrom = 1
	w.news(t.Context())

	one := strings.Repeat("1", 64)
	node.pool, node.peers[0].TxsFrom = []string{one}, 1
	says("transaction 11111111…  3 → 0")
	for i := range 5 {
		node.pool = append(node.pool, fmt.Sprintf("%064d", i))
	}
	node.peers[0].TxsFrom = 6
	says("transactions 00000000…, 00000000…, 00000000… and 2 more  3 → 0")

	// Three blocks give way to four, on both nodes.
	node.extend(105, 4, "b")
	node.peers[0].BlocksFrom += 4
	other.chain = slices.Clone(node.chain)
	w.tips[3] = w.tips[0]
	says("reorganisation: 3 blocks undone, 4 new: 108 …aaaaaaaa gave way to 109 …bbbbbbbb (fork at 105), on nodes 0, 3",
		"blocks 106 to 109 …bbbbbbbb  3 → 0")

	// A payment that was mined between two looks has a name all the same.
	node.extend(109, 1, "b")
	node.mined[node.chain[110]] = []string{strings.Repeat("7", 64)}
	node.pool, node.peers[0].BlocksFrom, node.peers[0].TxsFrom = nil, 6, 7
	says("transaction 77777777…  3 → 0", "block 110 …bbbbbbbb  3 → 0")

	// A shorter chain of more work, or a block that somebody invalidated.
	node.extend(108, 0, "b")
	says("reorganisation: 2 blocks undone, 0 new: 110 …bbbbbbbb gave way to 108 …bbbbbbbb (fork at 108), on node 0; transaction 77777777… gone, its coins spent otherwise")

	// Two parts of a network: one gives way to the other.
	eight, nine := strings.Repeat("8", 64), strings.Repeat("9", 64)
	node.extend(107, 1, "c")
	node.mined[node.chain[108]] = []string{eight, nine}
	other.chain = slices.Clone(node.chain)
	other.extend(107, 2, "d")
	other.mined[other.chain[109]] = []string{nine}
	w.news(t.Context())
	node.chain, node.pool = slices.Clone(other.chain), []string{eight}
	says("reorganisation: 1 block undone, 2 new: 108 …cccccccc gave way to 109 …dddddddd (fork at 107), on node 0; the chain of node 3 won; transaction 88888888… waiting again; transaction 99999999… in the new chain")
}
