package harness

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"grapevine/testnet"
)

// BTC is one bitcoin, for amounts: 3 * harness.BTC / 2.
const BTC = testnet.CoinBTC

// Net is a network that lives as long as its test. It is used by one goroutine at a time.
type Net struct {
	t     testing.TB
	kind  kind
	nodes []testnet.Node // nil: it is stopped
	group []int          // of each node, while the network is cut; nil: it is whole
}

// kind is how nodes are run.
type kind interface {
	start(i int) (testnet.Node, error)
	stop(i int) error
	dir(i int) string      // where its data lies
	cut(group []int) error // nil heals
	ahead(d time.Duration) error
	patience() time.Duration // with what should happen
	pause()                  // between two looks
}

// begin starts n nodes and ends them with the test.
func begin(t testing.TB, k kind, n int) *Net {
	t.Helper()
	if n < 1 || n > maxNodes {
		t.Fatalf("harness: %d nodes: want 1 to %d", n, maxNodes)
	}
	net := &Net{t: t, kind: k, nodes: make([]testnet.Node, n)}
	t.Cleanup(func() {
		for i := n - 1; i >= 0; i-- {
			if net.nodes[i] != nil {
				net.Stop(i)
			}
		}
	})
	for i := range n {
		net.Start(i)
	}
	net.await("every node has a peer", func() bool { return n == 1 || net.linked() })
	return net
}

// maxNodes of one network: each has files of its own.
const maxNodes = 64

func (n *Net) linked() bool {
	for i, node := range n.nodes {
		var peers int
		if node == nil {
			continue
		}
		if n.Call(i, "getconnectioncount", &peers); peers == 0 {
			return false
		}
	}
	return true
}

// Len is how many nodes there are.
func (n *Net) Len() int { return len(n.nodes) }

// Node is node i's RPC, for calls that may fail.
func (n *Net) Node(i int) testnet.Node {
	n.t.Helper()
	if i < 0 || i >= len(n.nodes) {
		n.t.Fatalf("harness: there is no node %d, only 0 to %d", i, len(n.nodes)-1)
	}
	if n.nodes[i] == nil {
		n.t.Fatalf("harness: node %d is stopped", i)
	}
	return n.nodes[i]
}

// Call asks node i for any RPC method and decodes the answer into result, unless that is nil.
func (n *Net) Call(i int, method string, result any, params ...any) {
	n.t.Helper()
	if err := n.Node(i).Call(context.Background(), method, result, params...); err != nil {
		n.t.Fatalf("node %d: %s: %v", i, method, err)
	}
}

// Mine makes blocks at node i that pay its own wallet, and gives their hashes.
func (n *Net) Mine(i, blocks int) (hashes []string) {
	n.t.Helper()
	n.Call(i, "generatetoaddress", &hashes, blocks, n.Address(i))
	if len(hashes) != blocks {
		n.t.Fatalf("node %d made %d of %d blocks", i, len(hashes), blocks)
	}
	return hashes
}

// Address is a new one of node i's wallet.
func (n *Net) Address(i int) (address string) {
	n.t.Helper()
	n.Call(i, "getnewaddress", &address)
	return address
}

// Pay sends an amount from node i's wallet to node j's and gives the txid.
func (n *Net) Pay(i, j int, amount testnet.Amount) string {
	n.t.Helper()
	return n.PayTo(i, n.Address(j), amount)
}

// PayTo sends an amount from node i's wallet to an address.
func (n *Net) PayTo(i int, address string, amount testnet.Amount) (txid string) {
	n.t.Helper()
	n.Call(i, "sendtoaddress", &txid, address, json.Number(amount.String()))
	return txid
}

// Balance is what node i's wallet can spend.
func (n *Net) Balance(i int) (b testnet.Amount) {
	n.t.Helper()
	n.Call(i, "getbalance", &b)
	return b
}

// Height is node i's.
func (n *Net) Height(i int) (height int) {
	n.t.Helper()
	n.Call(i, "getblockcount", &height)
	return height
}

// Tip is the hash of node i's best block.
func (n *Net) Tip(i int) (hash string) {
	n.t.Helper()
	n.Call(i, "getbestblockhash", &hash)
	return hash
}

// InPool is whether a transaction waits in node i's pool.
func (n *Net) InPool(i int, txid string) bool {
	n.t.Helper()
	return slices.Contains(n.pool(i), txid)
}

func (n *Net) pool(i int) (ids []string) {
	n.t.Helper()
	n.Call(i, "getrawmempool", &ids)
	slices.Sort(ids)
	return ids
}

// Confirmations of a transaction at node i; 0: it is in no block there.
func (n *Net) Confirmations(i int, txid string) int {
	n.t.Helper()
	var tx struct{ Confirmations int }
	if err := n.Node(i).Call(context.Background(), "getrawtransaction", &tx, txid, true); err != nil {
		return 0 // it does not know it
	}
	return tx.Confirmations
}

// Cut divides the network: nodes of different groups do not reach each other, and those
// that are named in none form one of their own.
func (n *Net) Cut(groups ...[]int) {
	n.t.Helper()
	group := make([]int, len(n.nodes))
	for g, list := range groups {
		for _, i := range list {
			if i < 0 || i >= len(group) || group[i] != 0 {
				n.t.Fatalf("harness: cut %v: node %d is not there, or stands twice", groups, i)
			}
			group[i] = g + 1
		}
	}
	if err := n.kind.cut(group); err != nil {
		n.t.Fatalf("harness: cut %v: %v", groups, err)
	}
	n.group = group
}

// Heal ends what Cut began.
func (n *Net) Heal() {
	n.t.Helper()
	if err := n.kind.cut(nil); err != nil {
		n.t.Fatalf("harness: heal: %v", err)
	}
	n.group = nil
}

// Clock lets the clocks of all nodes go on by d.
func (n *Net) Clock(d time.Duration) {
	n.t.Helper()
	if err := n.kind.ahead(d); err != nil {
		n.t.Fatalf("harness: clock: %v", err)
	}
}

// Stop ends node i; its data stays.
func (n *Net) Stop(i int) {
	n.t.Helper()
	n.Node(i)
	n.nodes[i] = nil
	if err := n.kind.stop(i); err != nil {
		n.t.Errorf("node %d: %v", i, err)
	}
}

// Start starts node i again on its data.
func (n *Net) Start(i int) {
	n.t.Helper()
	if i < 0 || i >= len(n.nodes) || n.nodes[i] != nil {
		n.t.Fatalf("harness: start %d: it is not there, or runs", i)
	}
	node, err := n.kind.start(i)
	if err != nil {
		n.t.Fatalf("node %d: %v", i, err)
	}
	n.nodes[i] = node
}

// Sync waits until all nodes that reach each other have one tip and one pool.
func (n *Net) Sync() {
	n.t.Helper()
	n.await("one tip and one pool for all who reach each other", func() bool {
		type state struct {
			tip  string
			pool []string
		}
		of := map[int]state{} // by group
		for i, node := range n.nodes {
			if node == nil {
				continue
			}
			g := 0
			if n.group != nil {
				g = n.group[i]
			}
			now := state{n.Tip(i), n.pool(i)}
			if first, ok := of[g]; !ok {
				of[g] = now
			} else if first.tip != now.tip || !slices.Equal(first.pool, now.pool) {
				return false
			}
		}
		return true
	})
}

// Sound checks what must hold at the end of every scenario: one tip, equal coin sets,
// exactly the coins that the subsidies made, no transaction both in pool and chain.
func (n *Net) Sound() {
	n.t.Helper()
	n.Sync()
	const depth = 6 // of the chain in which pooled transactions are looked for
	var all []testnet.Snapshot
	for i, node := range n.nodes {
		if node == nil {
			continue
		}
		s, err := testnet.Inspect(context.Background(), i, node)
		if err == nil {
			err = testnet.Disjoint(context.Background(), i, node, depth)
		}
		if err != nil {
			n.t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := testnet.Agree(all); err != nil {
		n.t.Error(err)
	}
}

// await asks again and again until ok says yes.
func (n *Net) await(what string, ok func() bool) {
	n.t.Helper()
	for end := time.Now().Add(n.kind.patience()); !ok(); n.kind.pause() {
		if time.Now().After(end) {
			n.t.Fatalf("harness: not within %v: %s", n.kind.patience(), what)
		}
	}
}
