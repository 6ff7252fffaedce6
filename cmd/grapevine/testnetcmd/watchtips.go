package testnetcmd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet"
)

// block is a block as a node names it.
type block struct {
	hash   string
	height int64
}

func (b block) short() string { return "…" + b.hash[max(0, len(b.hash)-8):] }

// reorganised is what a reorganisation did on some nodes.
type reorganised struct {
	Undone int    `json:"undone"` // blocks
	New    int    `json:"new"`    // blocks in their place
	Fork   int64  `json:"fork_height"`
	Left   string `json:"left"` // the tip that is no longer in the chain
	Nodes  []int  `json:"nodes"`
	Won    []int  `json:"won,omitempty"` // nodes that had the new chain before
	// What became of the payments in the blocks that were undone, as the first node sees
	// it: they wait again, are in the new chain, or their coins were spent otherwise.
	Back  []string `json:"txs_back,omitempty"`
	Again []string `json:"txs_mined_again,omitempty"`
	Gone  []string `json:"txs_gone,omitempty"`
}

// maxUndone and maxNamed bound how far a watcher walks back: more is told as
// "more than".
const (
	maxUndone = 2000
	maxNamed  = 20 // new blocks whose transactions are named
	maxKnown  = 100_000
)

// follow asks all nodes for their tips and pools, notes what is new, and tells of
// reorganisations: the same one on several nodes once.
func (w *watcher) follow(ctx context.Context) (lines []heard) {
	if len(w.known) > maxKnown {
		clear(w.known)
	}
	var fresh []string
	before := maps.Clone(w.tips)
	for i, n := range w.net.Nodes {
		if n == nil {
			continue
		}
		number := w.net.Members[i].Node
		old := w.tips[number]
		tip, err := tipOf(ctx, n, old)
		if err != nil {
			continue // it is going, or comes just now
		}
		fresh = append(fresh, w.freshIn(ctx, n, "getrawmempool")...)
		if w.tips[number] = tip; old.hash == tip.hash || old.hash == "" {
			continue
		}
		fork, err := forkOf(ctx, n, old)
		if err != nil {
			continue
		}
		fresh = append(fresh, w.freshInBlocks(ctx, n, tip, fork)...)
		if tip.height > w.newest.height || fork < old.height {
			w.newest, w.blocks = tip, nameBlocks(fork, tip)
		}
		if fork < old.height {
			told := len(lines)
			if lines = tellReorg(lines, number, old, reached{tip, fork}); len(lines) > told {
				r := lines[told].reorganised
				r.Won = winners(ctx, n, before, fork)
				r.follow(ctx, n, old, reached{tip, fork})
			}
		}
	}
	for i := range lines {
		lines[i].What += lines[i].more()
	}
	if w.first {
		w.blocks = "blocks"
	} else if len(fresh) > 0 {
		w.txids = fresh
	}
	return lines
}

// reached is a tip, and the height where the way to it left the old chain.
type reached struct {
	block
	fork int64
}

// tellReorg adds a node to the line that tells of this reorganisation.
func tellReorg(lines []heard, number int, old block, to reached) []heard {
	tip, fork := to.block, to.fork
	at := slices.IndexFunc(lines, func(l heard) bool { return l.Left == old.hash && l.Block == tip.hash })
	if at < 0 {
		at = len(lines)
		lines = append(lines, heard{Kind: "reorganisation", Block: tip.hash, Height: tip.height, reorganised: &reorganised{
			Undone: int(old.height - fork), New: int(tip.height - fork), Fork: fork, Left: old.hash,
		}})
	}
	l := &lines[at]
	l.Nodes = append(l.Nodes, number)
	var nodes []string
	for _, n := range l.Nodes {
		nodes = append(nodes, fmt.Sprint(n))
	}
	where := "node"
	if len(nodes) > 1 {
		where = "nodes"
	}
	l.What = fmt.Sprintf("reorganisation: %s undone, %s new: %s %s gave way to %s %s (fork at %s), on %s %s",
		cli.Plural(l.Undone, "block"), cli.Count(int64(l.New)), cli.Count(old.height), old.short(),
		cli.Count(tip.height), tip.short(), cli.Count(fork), where, strings.Join(nodes, ", "))
	return lines
}

// winners are the nodes that had blocks of a node's chain above the fork before.
func winners(ctx context.Context, n testnet.Node, before map[int]block, fork int64) (won []int) {
	for number, tip := range before {
		if h, err := headerOf(ctx, n, tip.hash); err == nil && h.Confirmations >= 0 && h.Height > fork {
			won = append(won, number)
		}
	}
	slices.Sort(won)
	return won
}

// follow says what became of the payments in the blocks that were undone.
func (r *reorganised) follow(ctx context.Context, n testnet.Node, old block, to reached) {
	var pool []string
	_ = n.Call(ctx, "getrawmempool", &pool) // of a node that is just going nothing is told
	now := payments(ctx, n, to.block, to.fork)
	for _, id := range payments(ctx, n, old, to.fork) {
		switch {
		case slices.Contains(pool, id):
			r.Back = append(r.Back, id)
		case slices.Contains(now, id):
			r.Again = append(r.Again, id)
		default:
			r.Gone = append(r.Gone, id)
		}
	}
}

// payments in the blocks of a branch above the fork, the last maxNamed of them.
func payments(ctx context.Context, n testnet.Node, tip block, fork int64) (ids []string) {
	hash := tip.hash
	for height := tip.height; height > max(fork, tip.height-maxNamed); height-- {
		var b struct {
			Tx   []string `json:"tx"`
			Prev string   `json:"previousblockhash"`
		}
		if n.Call(ctx, "getblock", &b, hash, 1) != nil || len(b.Tx) == 0 {
			break
		}
		ids = append(ids, b.Tx[1:]...) // the first makes the reward
		hash = b.Prev
	}
	return ids
}

// more of a reorganisation, in words.
func (r *reorganised) more() (text string) {
	if r == nil {
		return ""
	}
	if len(r.Won) > 0 {
		text += "; the chain of " + nodesText(r.Won) + " won"
	}
	for _, part := range []struct {
		ids []string
		did string
	}{{r.Back, "waiting again"}, {r.Again, "in the new chain"}, {r.Gone, "gone, its coins spent otherwise"}} {
		if len(part.ids) > 0 {
			text += fmt.Sprintf("; %s %s", nameTxs(part.ids), part.did)
		}
	}
	return text
}

// tipOf is a node's tip. What is known of it from the look before is not asked again.
func tipOf(ctx context.Context, n testnet.Node, old block) (block, error) {
	var hash string
	if err := n.Call(ctx, "getbestblockhash", &hash); err != nil || hash == old.hash {
		return old, err
	}
	h, err := headerOf(ctx, n, hash)
	return block{hash, h.Height}, err
}

// header is a line of getblockheader.
type header struct {
	Height        int64  `json:"height"`
	Confirmations int    `json:"confirmations"` // -1: not in the chain
	Prev          string `json:"previousblockhash"`
}

func headerOf(ctx context.Context, n testnet.Node, hash string) (h header, err error) {
	return h, n.Call(ctx, "getblockheader", &h, hash)
}

// forkOf is the height of the last block that the chain of old has in common
// with the node's chain now: old's own if nothing was undone.
func forkOf(ctx context.Context, n testnet.Node, old block) (int64, error) {
	hash := old.hash
	for range maxUndone {
		h, err := headerOf(ctx, n, hash)
		if err != nil || h.Confirmations >= 0 {
			return h.Height, err
		}
		hash = h.Prev
	}
	return old.height - maxUndone, nil
}

// freshInBlocks are transactions of new blocks that nobody's pool has shown:
// they were mined between two looks.
func (w *watcher) freshInBlocks(ctx context.Context, n testnet.Node, tip block, fork int64) []string {
	return w.fresh(payments(ctx, n, tip, fork))
}

// freshIn are those of a list of transactions that were not known.
func (w *watcher) freshIn(ctx context.Context, n testnet.Node, method string) []string {
	var ids []string
	if n.Call(ctx, method, &ids) != nil {
		return nil
	}
	return w.fresh(ids)
}

func (w *watcher) fresh(ids []string) (fresh []string) {
	for _, id := range ids {
		if !w.known[id] {
			w.known[id] = true
			fresh = append(fresh, id)
		}
	}
	return fresh
}
