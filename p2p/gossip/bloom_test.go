package gossip

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/msg"
)

func filterOf(bytes int, hashes uint32) *msg.FilterLoad {
	data := make([]byte, bytes)
	for i := range data {
		data[i] = 0xff // matches all
	}
	return &msg.FilterLoad{MsgFilterLoad: wire.MsgFilterLoad{Filter: data, HashFuncs: hashes}}
}

// Each bound of BIP37 at the limit and one beyond.
func TestBloomFiltersAreBounded(t *testing.T) {
	for _, c := range []struct {
		what   string
		say    []wire.Message
		offend bool
	}{
		{"the largest filter", []wire.Message{filterOf(36_000, 50)}, false},
		{"a byte more", []wire.Message{filterOf(36_001, 50)}, true},
		{"a hash more", []wire.Message{filterOf(1, 51)}, true},
		{"the largest element", []wire.Message{filterOf(1, 1), &msg.FilterAdd{Data: make([]byte, 520)}}, false},
		{"a byte more of it", []wire.Message{filterOf(1, 1), &msg.FilterAdd{Data: make([]byte, 521)}}, true},
		{"an element of no filter", []wire.Message{&msg.FilterAdd{Data: []byte{1}}}, true},
		{"an element of a filter that was cleared", []wire.Message{filterOf(1, 1), &wire.MsgFilterClear{}, &msg.FilterAdd{Data: []byte{1}}}, true},
		{"an empty filter", []wire.Message{filterOf(0, 1), &msg.FilterAdd{Data: []byte{1}}}, false}, // CVE-2013-5700
	} {
		w := newWorld()
		s := mannered(w, Manners{Bloom: true})
		s.Step(w.start, Joined{Link: p2p.Link{ID: 1, Kind: p2p.Inbound, Hello: hello()}})
		var acts []p2p.Action
		for _, m := range c.say {
			acts = append(acts, s.Step(w.start, Message{1, m})...)
		}
		if d, ok := dropped(acts, 1); ok != c.offend || ok && d.Offence == "" {
			t.Errorf("%s: %v %+v", c.what, ok, d)
		}
	}
}

// Where bloom filters are not offered, who asks is of no use; whom people let ask is
// answered all the same.
func TestWhoMayAskForFilters(t *testing.T) {
	for _, m := range []wire.Message{filterOf(1, 1), &msg.FilterAdd{Data: []byte{1}}, &wire.MsgFilterClear{}, &wire.MsgMemPool{}} {
		for permission, kept := range map[p2p.Permissions]bool{0: false, p2p.MayBloom: true, p2p.MayQueryPool: m.Command() == wire.CmdMemPool} {
			w := newWorld()
			s := mannered(w, Manners{})
			s.Step(w.start, Joined{Link: p2p.Link{ID: 1, Kind: p2p.Inbound, Hello: hello(), Permissions: permission}})
			d, gone := dropped(s.Step(w.start, Message{1, m}), 1)
			if kept && gone && d.Offence == "" || !kept && (!gone || d.Offence != "") {
				t.Errorf("%s with permissions %b: dropped %v %+v", m.Command(), permission, gone, d)
			}
		}
	}
}

// A filter decides what is announced, turns announcements on, and shows blocks; mempool
// tells all that passes it, also what was told before.
func TestWhatAFilterLetsThrough(t *testing.T) {
	w := newWorld()
	s := mannered(w, Manners{Bloom: true})
	deaf := hello()
	deaf.Relay = false
	s.Step(w.start, Joined{Link: p2p.Link{ID: 1, Kind: p2p.Inbound, Hello: deaf}})
	in := func(name string) []p2p.Action {
		return s.Step(w.start, TxIn{chain.PoolTx{Tx: w.tx(name), Fee: 1000}})
	}
	if count(in("a"), 1, wire.CmdInv) != 0 {
		t.Error("announced to who wants nothing")
	}
	nothing := filterOf(8, 3)
	clear(nothing.Filter)
	s.Step(w.start, Message{1, nothing})
	s.Step(w.start, Message{1, &msg.FilterAdd{Data: w.tx("b").ID[:]}})
	if count(in("b"), 1, wire.CmdInv) != 1 || count(in("c"), 1, wire.CmdInv) != 0 {
		t.Error("the filter does not decide what is announced")
	}
	if acts := s.Step(w.start, Message{1, &wire.MsgMemPool{}}); count(acts, 1, wire.CmdInv) != 1 {
		t.Errorf("mempool is answered by %v", acts)
	}
	ask := getData(wire.InvTypeFilteredBlock, w.nodes["g"].Hash)
	acts := s.Step(w.start, Message{1, ask})
	if f, ok := acts[len(acts)-1].(p2p.SendFiltered); !ok || f.Filter == nil || f.Hash != w.nodes["g"].Hash {
		t.Errorf("a filtered block is answered by %v", acts)
	}
	s.Step(w.start, Message{1, &wire.MsgFilterClear{}})
	if acts := s.Step(w.start, Message{1, ask}); len(acts) != 0 {
		t.Errorf("without a filter a filtered block is answered by %v", acts)
	}
	if count(in("d"), 1, wire.CmdInv) != 1 {
		t.Error("without a filter all is announced")
	}
}

// In the reserved manner our whole pool is told when announcements are due.
func TestThePoolIsToldAtARandomTime(t *testing.T) {
	w := newWorld()
	s := mannered(w, Manners{Bloom: true, Reserved: true})
	s.Step(w.start, TxIn{chain.PoolTx{Tx: w.tx("a"), Fee: 1000}})
	s.Step(w.start, Joined{Link: p2p.Link{ID: 1, Kind: p2p.Inbound, Hello: hello()}})
	if acts := s.Step(w.start, Message{1, &wire.MsgMemPool{}}); count(acts, 1, wire.CmdInv) != 0 {
		t.Error("told at once")
	}
	due := s.Deadline()
	if due.IsZero() || due.After(w.start.Add(5*time.Minute)) || count(s.Step(due, Tick{}), 1, wire.CmdInv) != 1 {
		t.Errorf("not told when due, in %v", due.Sub(w.start))
	}
}
