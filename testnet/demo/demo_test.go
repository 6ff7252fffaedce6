package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"grapevine/p2p"
	"grapevine/testnet"
)

// network is a network of make-believe nodes that all look at one chain at once.
// lie makes node 3 count its coins wrongly; deaf makes it hear no transactions.
type network struct {
	mu      sync.Mutex
	members []testnet.Member
	height  int
	pool    []string
	paid    testnet.Amount // to the payee
	waiting testnet.Amount
	lie     bool
	deaf    bool
	killed  []int
	stopped bool
}

func (t *network) Add(context.Context, testnet.Spec) (testnet.Member, error) {
	m := testnet.Member{Node: len(t.members), PID: 1, P2P: fmt.Sprintf("p%d", len(t.members))}
	if m.Node > 0 {
		m.AddNode = "p0"
	}
	t.members = append(t.members, m)
	return m, nil
}

func (t *network) Kill(_ context.Context, n int) error {
	t.killed = append(t.killed, n)
	return nil
}
func (t *network) Start(_ context.Context, n int) (testnet.Member, error) { return t.members[n], nil }
func (t *network) Connect(m testnet.Member) (testnet.Node, error)         { return &node{t, m.Node}, nil }
func (t *network) Members() []testnet.Member                              { return t.members }
func (t *network) Stop(context.Context) error                             { t.stopped = true; return nil }

type node struct {
	network *network
	n       int
}

func (n *node) Call(_ context.Context, method string, result any, params ...any) error {
	n.network.mu.Lock()
	defer n.network.mu.Unlock()
	v, err := n.answer(method, params)
	if err != nil || result == nil {
		return err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, result)
}

func (n *node) answer(method string, params []any) (any, error) {
	t := n.network
	hash := fmt.Sprintf("%064d", t.height)
	switch method {
	case "getnewaddress":
		return fmt.Sprintf("address of node %d", n.n), nil
	case "generatetoaddress":
		t.height += params[0].(int)
		t.pool, t.paid, t.waiting = nil, t.paid+t.waiting, 0
		return nil, nil
	case "sendtoaddress":
		var a testnet.Amount
		if err := a.UnmarshalJSON([]byte(params[1].(json.Number))); err != nil {
			return nil, err
		}
		t.waiting += a
		id := fmt.Sprintf("tx%d", a)
		t.pool = append(t.pool, id)
		return id, nil
	case "getrawmempool":
		if t.deaf && n.n == 3 {
			return []string{}, nil
		}
		return slices.Clone(t.pool), nil
	case "getbestblockhash":
		return hash, nil
	case "getblockcount":
		return t.height, nil
	case "getblock":
		return map[string]any{"tx": []string{"other"}}, nil
	case "getmempoolinfo":
		return map[string]any{"size": len(t.pool)}, nil
	case "getbalance":
		if n.n == payee {
			return json.Number(t.paid.String()), nil
		}
		return 50, nil
	case "gettxoutsetinfo":
		muhash := "coins" + hash
		if t.lie && n.n == 3 {
			muhash = "false" + hash
		}
		return map[string]any{"height": t.height, "bestblock": hash, "muhash": muhash, "total_amount": json.Number(testnet.Subsidies(int32(t.height)).String())}, nil
	case "getpeerinfo":
		return n.peers(), nil
	}
	return nil, fmt.Errorf("the network does not know %s", method)
}

// peers: everybody dials those with a smaller number; a newcomer has its blocks
// from nodes 1 and 2.
func (n *node) peers() []p2p.PeerInfo {
	var out []p2p.PeerInfo
	for i := range n.network.members {
		p := p2p.PeerInfo{Link: p2p.Link{Number: int64(i)}, Addr: fmt.Sprintf("p%d", i), LocalAddr: fmt.Sprintf("e%d-%d", n.n, i)}
		if i > n.n {
			p = p2p.PeerInfo{Link: p2p.Link{Number: int64(i), Kind: p2p.Inbound}, Addr: fmt.Sprintf("e%d-%d", i, n.n), LocalAddr: fmt.Sprintf("p%d", n.n)}
		}
		if n.n == 4 && (i == 1 || i == 2) {
			p.BlocksFrom = int64(n.network.height / 2)
		}
		if i != n.n {
			out = append(out, p)
		}
	}
	return out
}

// book writes the story down.
type book struct{ strings.Builder }

func (b *book) Chapter(n int, title string) { fmt.Fprintf(b, "%d %s\n", n, title) }
func (b *book) Say(text string)             {}
func (b *book) Table(head []string, rows [][]any) {
	for _, r := range rows {
		if len(r) != len(head) {
			fmt.Fprintf(b, "BAD ROW %v under %v\n", r, head)
		}
	}
}
func (b *book) Bar(string, string) Bar      { return b }
func (b *book) Update(int64, int64, string) {}
func (b *book) Done()                       {}
func (b *book) Check(text string)           { fmt.Fprintf(b, "✓ %s\n", text) }

func TestStoryIsTold(t *testing.T) {
	network, b := &network{}, &book{}
	res, err := Run(t.Context(), network, b, Options{Past: 500})
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	if !network.stopped || !slices.Equal(network.killed, []int{1}) {
		t.Errorf("stopped %v, killed %v", network.stopped, network.killed)
	}
	if res.Checks < 12 || res.Checks != strings.Count(b.String(), "✓") || res.Height != 603 {
		t.Errorf("result %+v", res)
	}
	if want := []int{0, 301, 301, 0, 0}; !slices.Equal(res.SentBy, want) {
		t.Errorf("blocks came from %v, want %v", res.SentBy, want)
	}
	for _, want := range []string{"9 Good night", "node 2's wallet holds 1.50000000 BTC", "node 2's wallet holds 1.75000000 BTC", "all 5 nodes have one tip"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q was not told", want)
		}
	}
	if strings.Contains(b.String(), "BAD ROW") {
		t.Error(b.String())
	}
}

func TestStoryEndsAtTheFirstLie(t *testing.T) {
	_, err := Run(t.Context(), &network{lie: true}, &book{}, Options{Past: 500})
	if err == nil || !strings.Contains(err.Error(), "Do they agree?") || !strings.Contains(err.Error(), "different coins") {
		t.Errorf("got %v", err)
	}
}

func TestStoryStopsWhenItsListenerGoes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := &book{}
	network := &network{deaf: true} // the payment never arrives: only ctx ends the wait
	go func() {
		for {
			network.mu.Lock()
			paid := len(network.pool) > 0
			network.mu.Unlock()
			if paid {
				cancel()
				return
			}
		}
	}()
	if _, err := Run(ctx, network, b, Options{Past: 500}); err == nil || !strings.Contains(err.Error(), "A payment") {
		t.Errorf("got %v", err)
	}
}
