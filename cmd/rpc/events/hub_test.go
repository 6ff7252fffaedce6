package events

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
)

// small is a hub that keeps few.
func small(txs, others int) *Hub { return NewHub(Config{Node: "3", keptTxs: txs, keptOthers: others}) }

func txEvent(n byte) Event    { return Event{Kind: Heard, TxID: chain.Hash{n}} }
func blockEvent(n byte) Event { return Event{Kind: Heard, Block: chain.Hash{n}} }

// taken is what a listener gets without waiting.
func taken(t *testing.T, l *Listener) (evs []Event) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		some, err := l.Next(ctx)
		if err != nil {
			return evs
		}
		if len(some) > batch {
			t.Fatalf("%d events at a time", len(some))
		}
		evs = append(evs, some...)
	}
}

// Random publishing and listening, against a twin that keeps everything.
func TestListenersHearAllOrHowMuchTheyLost(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		h := small(1+r.IntN(20), 1+r.IntN(20))
		var all []Event
		type ear struct {
			*Listener
			from int // place in all where it stands
		}
		var ears []ear
		publish := func() {
			var evs []Event
			for range r.IntN(40) {
				e := txEvent(byte(1 + r.IntN(255)))
				if r.IntN(2) == 0 {
					e = blockEvent(byte(1 + r.IntN(255)))
				}
				evs = append(evs, e)
			}
			h.Publish(evs...)
			for _, e := range evs {
				e.Node = "3"
				all = append(all, e)
			}
		}
		for range 30 {
			switch r.IntN(3) {
			case 0:
				publish()
			case 1:
				at := r.IntN(len(all) + 1)
				switch {
				case at == len(all) && r.IntN(2) == 0:
					ears = append(ears, ear{h.Listen(Filter{}, 0), at})
				default:
					ears = append(ears, ear{h.Listen(Filter{}, max(All, h.began+uint64(at))), at})
				}
			default:
				if len(ears) == 0 {
					continue
				}
				l := &ears[r.IntN(len(ears))]
				got, heard, lost := taken(t, l.Listener), 0, 0
				last := uint64(0)
				for _, e := range got {
					if e.Kind == Lost {
						lost += int(e.Lost)
						continue
					}
					heard++
					if want := all[e.Seq-h.began-1]; e.TxID != want.TxID || e.Block != want.Block || e.Seq <= last {
						t.Fatalf("event %d after %d: %+v, want %+v", e.Seq, last, e, want)
					}
					last = e.Seq
				}
				if heard+lost != len(all)-l.from {
					t.Fatalf("heard %d and lost %d of %d", heard, lost, len(all)-l.from)
				}
				l.from = len(all)
			}
		}
	}
}

func TestTheRingKeepsSoManyAndNoMore(t *testing.T) {
	for _, n := range []int{4, 5} {
		h := small(4, 2)
		for i := range n {
			h.Publish(txEvent(byte(i + 1)))
		}
		h.Publish(blockEvent(1))
		if got := h.Kept(Filter{}); len(got) != 5 || got[0].TxID != (chain.Hash{byte(n - 3)}) || got[4].Block != (chain.Hash{1}) {
			t.Errorf("of %d: %+v", n, got)
		}
		got := taken(t, h.Listen(Filter{}, All))
		if lost := got[0].Kind == Lost; lost != (n > 4) || lost && got[0].Lost != 1 {
			t.Errorf("of %d: %+v", n, got[0])
		}
	}
}

func TestFilters(t *testing.T) {
	h := small(100, 100)
	tx, wtx, other := chain.Hash{1}, chain.Hash{2}, chain.Hash{3}
	h.Publish(Event{Kind: Heard, WTxID: wtx}, Event{Kind: Heard, TxID: tx, WTxID: wtx}, Event{Kind: Relayed, WTxID: wtx}, Event{Kind: Judged, TxID: tx},
		Event{Kind: Heard, TxID: other, WTxID: other}, Event{Kind: Tip, Block: other}, Event{Kind: Connected})
	count := func(f Filter) int { return len(taken(t, h.Listen(f, All))) }
	for name, c := range map[string]struct {
		f    Filter
		want int
	}{
		"all": {Filter{}, 7}, "kinds": {Filter{Kinds: []Kind{Heard, Tip}}, 4}, "none": {Filter{Kinds: []Kind{}}, 0},
		"txid": {Filter{Tx: tx}, 3}, "wtxid": {Filter{Tx: wtx}, 4}, "block": {Filter{Block: other}, 1},
		"both": {Filter{Tx: tx, Kinds: []Kind{Judged}}, 1}, "of no tx": {Filter{Tx: chain.Hash{9}}, 0},
	} {
		if got := count(c.f); got != c.want {
			t.Errorf("%s: %d events, want %d", name, got, c.want)
		}
	}
	// What came before the other name was known is found too where all are asked for.
	if got := h.Kept(Filter{Tx: tx}); len(got) != 4 {
		t.Errorf("%d events are kept of it", len(got))
	}
}

func TestWhoWaitsIsWoken(t *testing.T) {
	h := small(8, 8)
	var all sync.WaitGroup
	begun := make(chan struct{}, 10)
	for range 10 {
		l := h.Listen(Filter{Kinds: []Kind{Tip}}, 0)
		all.Go(func() {
			begun <- struct{}{}
			evs, err := l.Next(t.Context())
			if err != nil || len(evs) != 1 || evs[0].Kind != Tip {
				t.Error(evs, err)
			}
		})
	}
	for range 10 {
		<-begun
	}
	h.Publish(txEvent(1))
	h.Publish(Event{Kind: Tip, Block: chain.Hash{1}})
	all.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := h.Listen(Filter{}, 0).Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestNoHubIsSilent(t *testing.T) {
	var h *Hub
	h.Publish(txEvent(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Listen(Filter{}, All).Next(ctx); err == nil || h.Kept(Filter{}) != nil {
		t.Error("events of none")
	}
}

// Publishing and taking cost no allocation once the ring is full.
func TestPublishingAllocatesNothing(t *testing.T) {
	h := small(64, 64)
	l := h.Listen(Filter{}, 0)
	evs := []Event{txEvent(1), blockEvent(2)}
	for range 64 {
		h.Publish(evs...)
	}
	taken(t, l)
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		evs[0].Time, evs[1].Time = time.Time{}, time.Time{}
		h.Publish(evs...)
		if _, err := l.Next(ctx); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// The JSON leaves out what does not apply, and a peer's name is text.
func TestEventsAsJSON(t *testing.T) {
	at := time.Date(2026, 11, 29, 22, 30, 1, 123456000, time.UTC)
	b, err := json.Marshal(Event{Seq: 7, Time: at, Kind: Connected, Peer: &p2p.PeerInfo{Link: p2p.Link{Hello: p2p.Hello{UserAgent: "<script>"}}, Addr: "127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"seq":7,"time":"2026-11-29T22:30:01.123456Z","kind":"connected","peer":{"id":0,"addr":"127.0.0.1:1","inbound":false,"agent":"\u003cscript\u003e"}}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	b, err = json.Marshal(Event{Seq: 8, Time: at, Node: "1", Kind: Judged, TxID: chain.Hash{31: 0xab}, Verdict: Refused, Reason: "min relay fee not met"})
	if err != nil {
		t.Fatal(err)
	}
	want = `{"seq":8,"time":"2026-11-29T22:30:01.123456Z","node":"1","kind":"judged","tx":"ab` + strings.Repeat("00", 31) + `","verdict":"refused","reason":"min relay fee not met"}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	var back Event
	if err := json.Unmarshal(b, &back); err != nil || back.TxID != (chain.Hash{31: 0xab}) || !back.Time.Equal(at) {
		t.Errorf("%+v %v", back, err)
	}
}

// A peer's name is written once for all who listen, and reads as if it were written for each.
func TestAPeersNameIsWrittenOnceForAllListeners(t *testing.T) {
	h := small(64, 64)
	p := &p2p.PeerInfo{Addr: "10.0.0.1:8333", LocalAddr: "10.0.0.2:4444", Node: "3"}
	var listeners []*Listener
	for range 3 {
		listeners = append(listeners, h.Listen(Filter{}, 0))
	}
	h.Publish(Event{Kind: Connected, Peer: p}, Event{Kind: Relayed, Peer: p}, Event{Kind: Heard, Peer: p})
	for _, l := range listeners {
		for _, e := range taken(t, l) {
			alone := e
			alone.named = nil
			got, err := e.MarshalJSON()
			want, _ := alone.MarshalJSON()
			if err != nil || string(got) != string(want) {
				t.Errorf("got  %s\nwant %s\n%v", got, want, err)
			}
			each := testing.AllocsPerRun(10, func() { _, _ = alone.MarshalJSON() })
			shared := testing.AllocsPerRun(10, func() { _, _ = e.MarshalJSON() })
			if e.Kind != Connected && shared > each/3 {
				t.Errorf("%s: %v allocations, and %v for one listener alone", e.Kind, shared, each)
			}
		}
	}
	for range 3 * maxNames { // of peers that come and go few are kept
		h.Publish(Event{Kind: Heard, Peer: &p2p.PeerInfo{}})
	}
	if len(h.names) > maxNames {
		t.Errorf("%d names are kept", len(h.names))
	}
}
