package testnet

import (
	"context"
	"errors"
	"slices"
	"testing"

	"grapevine/p2p"
)

// parrot answers getpeerinfo with what it was given.
type parrot struct {
	peers []p2p.PeerInfo
	err   error
}

func (p *parrot) Call(_ context.Context, _ string, result any, _ ...any) error {
	*result.(*[]p2p.PeerInfo) = slices.Clone(p.peers)
	return p.err
}

func TestWatcherTellsWhoGaveToWhom(t *testing.T) {
	a := &parrot{peers: []p2p.PeerInfo{{Link: p2p.Link{Number: 1}, Addr: "b", TxsFrom: 7}}}
	b := &parrot{peers: []p2p.PeerInfo{{Link: p2p.Link{Number: 1}, Addr: "x", Listens: "a", BlocksFrom: 3}}}
	network := Network{Members: []Member{{Node: 0, PID: 10, P2P: "a"}, {Node: 4, PID: 11, P2P: "b"}, {Node: 5, P2P: "c"}}, Nodes: []Node{a, b, nil}}
	var watcher Watcher
	listen := func(want ...Delivery) {
		t.Helper()
		if got := watcher.Deliveries(t.Context(), network); !slices.Equal(got, want) {
			t.Errorf("heard %v, want %v", got, want)
		}
	}
	listen() // what was before does not count
	listen()
	b.peers[0].BlocksFrom, b.peers[0].TxsFrom = 5, 1
	listen(Delivery{From: 0, To: 1, Blocks: 2, Txs: 1})
	a.peers = append(a.peers, p2p.PeerInfo{Link: p2p.Link{Number: 2}, Addr: "c", TxsFrom: 1}, p2p.PeerInfo{Link: p2p.Link{Number: 3}, Addr: "a stranger", TxsFrom: 9})
	listen(Delivery{From: 2, To: 0, Txs: 1})
	network.Members[1].PID, b.peers = 12, []p2p.PeerInfo{{Link: p2p.Link{Number: 1}, Addr: "a", BlocksFrom: 1}} // started again
	listen(Delivery{From: 0, To: 1, Blocks: 1})
	a.err = errors.New("it hangs")
	listen()
	a.err, a.peers[0].TxsFrom = nil, 9 // and answers again
	listen(Delivery{From: 1, To: 0, Txs: 2})
}

// What a member had been given that does not answer the first time is not news once it does.
func TestWatcherLearnsLaterWhatWasBefore(t *testing.T) {
	a := &parrot{peers: []p2p.PeerInfo{{Link: p2p.Link{Number: 1}, Addr: "b", BlocksFrom: 100}}, err: errors.New("it hangs")}
	network := Network{Members: []Member{{Node: 0, PID: 10, P2P: "a"}, {Node: 1, PID: 11, P2P: "b"}}, Nodes: []Node{a, &parrot{}}}
	var watcher Watcher
	for range 2 {
		if got := watcher.Deliveries(t.Context(), network); got != nil {
			t.Errorf("heard %v", got)
		}
	}
	a.err = nil
	if got := watcher.Deliveries(t.Context(), network); got != nil {
		t.Errorf("heard %v of before", got)
	}
	a.peers[0].BlocksFrom++
	if got := watcher.Deliveries(t.Context(), network); !slices.Equal(got, []Delivery{{From: 1, To: 0, Blocks: 1}}) {
		t.Errorf("heard %v", got)
	}
}

func TestArrowsBeginWithWhoWasNotTold(t *testing.T) {
	network := Network{Members: []Member{{Node: 0}, {Node: 1}, {Node: 2}, {Node: 7}}}
	deliveries := []Delivery{{From: 2, To: 3}, {From: 1, To: 0}, {From: 1, To: 2}, {From: 1, To: 2}}
	if got, want := network.Arrows(deliveries), "1 → 0, 2 · 2 → 7"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	ring := []Delivery{{From: 0, To: 1}, {From: 1, To: 0}}
	if got, want := network.Arrows(ring), "0 → 1 · 1 → 0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
