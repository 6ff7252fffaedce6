package peers

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// question is a request that clients repeat.
type question struct {
	name string
	body []byte
}

func questions(t *testing.T, n *node, w *work) []question {
	var hash string
	n.call(t, "getblockhash", &hash, w.full)
	id := w.inFull.String()
	batch := make([][]byte, 1000)
	for i := range batch {
		batch[i] = request("getblockhash", i%w.height)
	}
	return []question{
		{"getblockcount", request("getblockcount")},
		{"getrawtransaction, verbose", request("getrawtransaction", id, true)},
		{"getrawtransaction, hex", request("getrawtransaction", id)},
		{"gettxout", request("gettxout", id, 0)},
		{fmt.Sprintf("getblock 0, of %d transactions", fullTxs+1), request("getblock", hash, 0)},
		{"getblock 2", request("getblock", hash, 2)},
		{"getblock 3", request("getblock", hash, 3)},
		{"a batch of 1,000 getblockhash", append(append([]byte{'['}, bytes.Join(batch, []byte{','})...), ']')},
	}
}

// requests measures both nodes in turn.
func (b *bench) requests(t *testing.T, nodes [2]*node, w *work) {
	list := questions(t, nodes[ours], w)
	for _, clients := range []int{1, 8, 64} {
		for _, q := range list {
			var best [2]load
			for range b.rounds {
				for k, n := range nodes {
					c := newCrowd(n, clients)
					got := c.during(t, n, b.span, q.body)
					c.close()
					if best[k].cpu == 0 || got.cpu < best[k].cpu {
						best[k].cpu = got.cpu
					}
					best[k].refused += got.refused
					if got.rate > best[k].rate {
						best[k].rate, best[k].p50, best[k].p99 = got.rate, got.p50, got.p99
					}
				}
			}
			b.asked(q.name, clients, best)
		}
	}
}

// timed measures one thing of one node.
func (b *bench) timed(name string, n *node, do func()) {
	before, start := n.cpu(), time.Now()
	do()
	b.took(name, n.kind, time.Since(start), n.cpu()-before)
}

// chainOfItsOwn measures what a node does with blocks that it makes itself, from an empty directory.
func (b *bench) chainOfItsOwn(t *testing.T, k kind, round int) (dir string) {
	dir = filepath.Join(b.dir, fmt.Sprintf("own-%d-%d", k, round))
	to := payTo(t)
	n := b.start(t, k, dir, "")
	n.until(t, "getblockcount", "", 0)
	b.timed(fmt.Sprintf("generatetoaddress, %s blocks in ten calls", grouped(b.blocks)), n, func() {
		for range 10 {
			n.call(t, "generatetoaddress", nil, b.blocks/10, to)
		}
	})
	n.settle(t)
	n.stop(t)
	n = b.start(t, k, dir, "")
	n.until(t, "getblockcount", "", b.blocks)
	b.took(fmt.Sprintf("start with %s blocks, to the first answer", grouped(b.blocks)), k, time.Since(n.born), n.cpu())
	n.call(t, "createwallet", nil, "w")
	n.Client.OfWallet("w")
	b.timed(fmt.Sprintf("rescan of %s blocks", grouped(b.blocks)), n, func() { n.call(t, "rescanblockchain", nil) })
	n.stop(t)
	return dir
}

// newcomer measures a fresh node that takes all blocks of a seed, which is ours for both.
func (b *bench) newcomer(t *testing.T, k kind, seed *node, round int) {
	n := b.start(t, k, filepath.Join(b.dir, fmt.Sprintf("new-%d-%d", k, round)), seed.p2p)
	n.until(t, "getblockcount", "", b.blocks)
	b.took(fmt.Sprintf("a newcomer's sync of %s nearly empty blocks", grouped(b.blocks)), k, time.Since(n.born), n.cpu())
	n.stop(t)
}

// chainOfAll measures what a node does on the chain that both get, and leaves it running.
func (b *bench) chainOfAll(t *testing.T, k kind, w *work) *node {
	dir := filepath.Join(b.dir, fmt.Sprintf("all-%d", k))
	n := b.start(t, k, dir, "")
	n.until(t, "getblockcount", "", 0)
	for _, block := range w.blocks {
		var why *string
		if n.call(t, "submitblock", &why, block); why != nil {
			t.Fatalf("%v: submitblock: %s", k, *why)
		}
	}
	n.settle(t)
	b.timed(fmt.Sprintf("gettxoutsetinfo muhash, %s coins", grouped(w.coins)), n, func() { n.call(t, "gettxoutsetinfo", nil, "muhash") })
	b.timed("verifychain 3, 20 blocks", n, func() { n.call(t, "verifychain", nil, 3, 20) })
	send := make([][]byte, len(w.pool))
	for i, tx := range w.pool {
		send[i] = request("sendrawtransaction", tx, 0)
	}
	c := newCrowd(n, 4)
	half := len(send) / 2
	c.each(t, n, send[:half])
	b.timed(fmt.Sprintf("sendrawtransaction, %s by 4 clients", grouped(len(send)-half)), n, func() { c.each(t, n, send[half:]) })
	c.close()
	rules := map[string]any{"rules": []string{"segwit"}}
	b.timed(fmt.Sprintf("getblocktemplate from a pool of %s, ten times", grouped(len(send))), n, func() {
		for range 10 {
			n.call(t, "getblocktemplate", nil, rules)
		}
	})
	b.newTemplates(t, n, len(send), rules)
	n.stop(t)
	n = b.start(t, k, dir, "")
	n.until(t, "getmempoolinfo", "size", len(w.pool))
	b.took(fmt.Sprintf("start with %s blocks and a pool of %s, until all are in it", grouped(w.height), grouped(len(w.pool))), k, time.Since(n.born), n.cpu())
	n.settle(t)
	return n
}

// newTemplates asks for templates that cannot be the last one: the pool has changed, and so much time has
// passed that Core makes a new one.
func (b *bench) newTemplates(t *testing.T, n *node, pool int, rules map[string]any) {
	var any []string
	n.call(t, "getrawmempool", &any)
	var wall time.Duration
	var cpu float64
	now := time.Now()
	for i := range 10 {
		now = now.Add(10 * time.Second)
		n.call(t, "setmocktime", nil, now.Unix())
		n.call(t, "prioritisetransaction", nil, any[i], 0, 10)
		before, start := n.cpu(), time.Now()
		n.call(t, "getblocktemplate", nil, rules)
		wall, cpu = wall+time.Since(start), cpu+n.cpu()-before
	}
	n.call(t, "setmocktime", nil, 0)
	b.took(fmt.Sprintf("getblocktemplate from a pool of %s, ten times, each made anew", grouped(pool)), n.kind, wall, cpu)
}
