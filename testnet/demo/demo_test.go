package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"grapevine/testnet"
)

// town is a network of make-believe nodes that all look at one chain at once.
// lie makes node 3 count its coins wrongly; deaf makes it hear no transactions.
type town struct {
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

func (t *town) Add(context.Context, testnet.Spec) (testnet.Member, error) {
	m := testnet.Member{Node: len(t.members), PID: 1, P2P: fmt.Sprintf("p%d", len(t.members))}
	if m.Node > 0 {
		m.AddNode = "p0"
	}
	t.members = append(t.members, m)
	return m, nil
}

func (t *town) Kill(_ context.Context, n int) error {
	t.killed = append(t.killed, n)
	return nil
}
func (t *town) Start(_ context.Context, n int) (testnet.Member, error) { return t.members[n], nil }
func (t *town) Connect(m testnet.Member) (testnet.Node, error)         { return &node{t, m.Node}, nil }
func (t *town) Members() []testnet.Member                              { return t.members }
func (t *town) Stop(context.Context) error                             { t.stopped = true; return nil }

type node struct {
	town *town
	n    int
}

func (n *node) Call(_ context.Context, method string, result any, params ...any) error {
	n.town.mu.Lock()
	defer n.town.mu.Unlock()
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
	t := n.town
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
	return nil, fmt.Errorf("the town does not know %s", method)
}

// peers: everybody dials those with a smaller number; a newcomer has its blocks
// from nodes 1 and 2.
func (n *node) peers() []testnet.Peer {
	var out []testnet.Peer
	for i := range n.town.members {
		p := testnet.Peer{ID: i, Addr: fmt.Sprintf("p%d", i), AddrBind: fmt.Sprintf("e%d-%d", n.n, i)}
		if i > n.n {
			p = testnet.Peer{ID: i, Addr: fmt.Sprintf("e%d-%d", i, n.n), AddrBind: fmt.Sprintf("p%d", n.n), Inbound: true}
		}
		if n.n == 4 && (i == 1 || i == 2) {
			p.BlocksFrom = n.town.height / 2
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
	town, b := &town{}, &book{}
	res, err := Run(t.Context(), town, b, Options{Past: 500})
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	if !town.stopped || !slices.Equal(town.killed, []int{1}) {
		t.Errorf("stopped %v, killed %v", town.stopped, town.killed)
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
	_, err := Run(t.Context(), &town{lie: true}, &book{}, Options{Past: 500})
	if err == nil || !strings.Contains(err.Error(), "Do they agree?") || !strings.Contains(err.Error(), "different coins") {
		t.Errorf("got %v", err)
	}
}

func TestStoryStopsWhenItsListenerGoes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := &book{}
	town := &town{deaf: true} // the payment never arrives: only ctx ends the wait
	go func() {
		for {
			town.mu.Lock()
			paid := len(town.pool) > 0
			town.mu.Unlock()
			if paid {
				cancel()
				return
			}
		}
	}()
	if _, err := Run(ctx, town, b, Options{Past: 500}); err == nil || !strings.Contains(err.Error(), "A payment") {
		t.Errorf("got %v", err)
	}
}
