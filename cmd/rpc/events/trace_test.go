package events

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
)

// Three nodes in a row: 0 gave to 1, which had dialled it from a port of its own, and 1 gave to 2.
func TestTraceFollowsFromNodeToNode(t *testing.T) {
	begun := time.Date(2026, 11, 29, 22, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return begun.Add(time.Duration(ms) * time.Millisecond) }
	tx := chain.Hash{7}
	one, two := &p2p.PeerInfo{Addr: "127.0.0.1:50001", LocalAddr: "127.0.0.1:1000", Link: p2p.Link{Kind: p2p.Inbound}}, &p2p.PeerInfo{Addr: "127.0.0.1:1002", LocalAddr: "127.0.0.1:50002"}
	of0 := []Event{
		{Node: "0", Time: at(0), Kind: Heard, By: Self, TxID: tx},
		{Node: "0", Time: at(1), Kind: Judged, TxID: tx, Verdict: Accepted},
		{Node: "0", Time: at(2), Kind: Relayed, By: "inv", TxID: tx, Peer: one},
		{Node: "0", Time: at(9), Kind: Relayed, By: "tx", TxID: tx, Peer: one},
		{Node: "0", Time: at(90), Kind: Removed, TxID: tx, Reason: "confirmed"},
	}
	to0 := &p2p.PeerInfo{Addr: "127.0.0.1:1000", LocalAddr: "127.0.0.1:50001"}
	of1 := []Event{
		{Node: "1", Time: at(5), Kind: Heard, By: "inv", WTxID: tx, Peer: to0},
		{Node: "1", Time: at(6), Kind: Asked, By: "getdata", WTxID: tx, Peer: to0},
		{Node: "1", Time: at(12), Kind: Heard, By: "tx", TxID: tx, Peer: to0},
		{Node: "1", Time: at(13), Kind: Judged, TxID: tx, Verdict: Orphan, Reason: "bad-txns-inputs-missingorspent"},
		{Node: "1", Time: at(20), Kind: Judged, TxID: tx, Verdict: Accepted},
		{Node: "1", Time: at(21), Kind: Relayed, By: "inv", TxID: tx, Peer: two},
	}
	of2 := []Event{
		{Node: "2", Time: at(25), Kind: Heard, By: "inv", TxID: tx, Peer: &p2p.PeerInfo{Addr: "127.0.0.1:50002", LocalAddr: "127.0.0.1:1002", Link: p2p.Link{Kind: p2p.Inbound}}},
		{Node: "2", Time: at(26), Kind: Heard, By: "inv", TxID: tx, Peer: &p2p.PeerInfo{Addr: "10.0.0.9:8333"}},
	}
	names := NewNames(map[string]string{"127.0.0.1:1000": "0", "127.0.0.1:1002": "2"})
	all := merge(of2, of0, of1)
	for _, e := range all {
		names.Learn(e)
	}
	for i := range all {
		names.Name(&all[i])
	}
	if one.Node != "" {
		t.Error("a peer that others share was changed")
	}
	got := traceOf(tx, all)
	when := func(ms int) *time.Time { at := at(ms); return &at }
	want := []Hop{
		{Node: "0", Heard: when(0), From: Self, Given: when(0), By: Self, Judged: when(1), Verdict: Accepted, Relayed: []string{"node 1"}},
		{Node: "1", Heard: when(5), From: "node 0", Given: when(12), By: "node 0", Judged: when(20), Verdict: Accepted, Relayed: []string{"node 2"}},
		{Node: "2", Heard: when(25), From: "node 1"},
	}
	if !reflect.DeepEqual(got.Hops, want) {
		t.Errorf("got  %+v\nwant %+v", got.Hops, want)
	}
	if len(got.Events) != 13 || got.Events[0].By != Self {
		t.Errorf("%d events", len(got.Events))
	}
	if empty := traceOf(tx, nil); empty.Events == nil || empty.Hops == nil {
		t.Error("null in JSON")
	}
}

func TestEventsInWords(t *testing.T) {
	h := chain.Hash{31: 0xab, 30: 0xcd}
	for want, e := range map[string]Event{
		"heard inv transaction of wtxid abcd00000000… from 1.2.3.4:5":                            {Kind: Heard, By: "inv", WTxID: h, Peer: &p2p.PeerInfo{Addr: "1.2.3.4:5"}},
		"relayed cmpctblock block abcd00000000… at height 7 with 3 transactions of it to node 2": {Kind: Relayed, By: "cmpctblock", Block: h, Height: 7, Count: 3, Peer: &p2p.PeerInfo{Addr: "x", Node: "2"}},
		"heard headers block abcd00000000… and 1999 more from [::1]:9":                           {Kind: Heard, By: "headers", Block: h, Count: 2000, Peer: &p2p.PeerInfo{Addr: "y", Listens: "[::1]:9"}},
		"asked getdata block abcd00000000… and 8 more":                                           {Kind: Asked, By: "getdata", Block: h, Count: 9},
		"relayed inv block abcd00000000… and 1 more":                                             {Kind: Relayed, By: "inv", Block: h, Count: 2},
		"asked getblocktxn block abcd00000000… with 1 transactions of it":                        {Kind: Asked, By: "getblocktxn", Block: h, Count: 1},
		"heard blocktxn block abcd00000000… with 2 transactions of it":                           {Kind: Heard, By: "blocktxn", Block: h, Count: 2},
		"judged transaction abcd00000000… refused (min relay fee not met: 1 < 2)":                {Kind: Judged, TxID: h, Verdict: Refused, Reason: "min relay fee not met", Detail: "1 < 2"},
		"reorganisation block abcd00000000… at height 9: 2 undone, 3 new, fork at 6":             {Kind: Reorganisation, Block: h, Height: 9, Reorg: &Reorg{Fork: 6, Undone: 2, New: 3}},
		"disconnected with 1.2.3.4:5 (<b>?evil)":                                                 {Kind: Disconnected, Peer: &p2p.PeerInfo{Addr: "1.2.3.4:5"}, Reason: "<b>\x1bevil"},
		"lost 12 events: we were too slow":                                                       {Kind: Lost, Lost: 12},
	} {
		if got := e.Text(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// An event of a node's own hub, whose peer's name is written already, gets the node's name in its text too.
func TestAnEventThatIsNamedSaysSo(t *testing.T) {
	h := small(64, 64)
	l := h.Listen(Filter{}, 0)
	h.Publish(Event{Kind: Heard, Peer: &p2p.PeerInfo{Addr: "127.0.0.1:1000"}})
	e := taken(t, l)[0]
	NewNames(map[string]string{"127.0.0.1:1000": "7"}).Name(&e)
	raw, err := e.MarshalJSON()
	var back Event
	if err = errors.Join(err, back.UnmarshalJSON(raw)); err != nil || back.Peer.Node != "7" {
		t.Errorf("%s %v", raw, err)
	}
}
