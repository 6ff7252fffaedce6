package events

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"grapevine/chain"
)

const (
	// keptTxs and keptOthers are how many of the newest events are kept, those about transactions
	// apart, so that a busy pool does not push out what happened to blocks and peers: at
	// about 300 bytes each, 12 MiB.
	keptTxs    = 1 << 15
	keptOthers = 1 << 13
	// batch is how many events a listener takes at a time.
	batch = 32
	// scan is how many events a listener looks at before it lets others publish.
	scan = 1 << 10
)

// Config of a Hub. The zero value will do.
type Config struct {
	Node string           // by which a local network knows this node; "": it is alone
	Now  func() time.Time // nil: time.Now

	keptTxs, keptOthers int // 0: the constants; for tests
}

// Hub keeps the newest events and tells them to who listens. It is safe for concurrent
// use; of a nil Hub there are none.
type Hub struct {
	cfg   Config
	began uint64 // Seq of no event: before the first

	mu     sync.RWMutex
	seq    uint64 // of the last event
	txs    ring
	others ring
	wake   chan struct{} // closed when something was published and somebody waits
	totals map[Sort]uint64
	names  namesOf

	waiting atomic.Bool // somebody may wait for wake
}

// NewHub makes a Hub.
func NewHub(cfg Config) *Hub {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.keptTxs == 0 {
		cfg.keptTxs, cfg.keptOthers = keptTxs, keptOthers
	}
	began := uint64(cfg.Now().UnixMicro())
	return &Hub{cfg: cfg, began: began, seq: began, wake: make(chan struct{}), totals: map[Sort]uint64{}, names: namesOf{},
		txs: ring{most: uint64(cfg.keptTxs)}, others: ring{most: uint64(cfg.keptOthers)}}
}

// ring holds the newest events. Each has a place, counted from 0; place n is at n modulo most.
type ring struct {
	most uint64
	kept []Event
	next uint64 // place of the next event
}

func (r *ring) add(e *Event) {
	if uint64(len(r.kept)) < r.most {
		r.kept = append(r.kept, *e)
	} else {
		r.kept[r.next%r.most] = *e
	}
	r.next++
}

// first is the place of the oldest event.
func (r *ring) first() uint64 { return r.next - uint64(len(r.kept)) }

// at is the event at a place, nil when none is there yet.
func (r *ring) at(place uint64) *Event {
	if place >= r.next {
		return nil
	}
	return &r.kept[place%r.most]
}

// after is the place of the first event that comes after seq.
func (r *ring) after(seq uint64) uint64 {
	low, high := r.first(), r.next
	for low < high {
		if mid := (low + high) / 2; r.kept[mid%r.most].Seq > seq {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// now is the time as an event has it.
func (h *Hub) now() time.Time { return h.cfg.Now().UTC().Truncate(time.Microsecond) }

// Publish keeps these events, in order, and wakes who listens. It gives them Seq,
// Node and, where they have none, Time. It keeps no reference to the slice.
func (h *Hub) Publish(evs ...Event) {
	if h == nil || len(evs) == 0 {
		return
	}
	now := h.now()
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range evs {
		e := &evs[i]
		h.seq++
		e.Seq, e.Node = h.seq, h.cfg.Node
		if e.Time.IsZero() {
			e.Time = now
		}
		h.names.name(e)
		h.totals[Sort{e.Kind, e.Verdict, e.ofTx()}]++
		if e.ofTx() {
			h.txs.add(e)
		} else {
			h.others.add(e)
		}
	}
	if h.waiting.Swap(false) {
		close(h.wake)
		h.wake = make(chan struct{})
	}
}

// Sort is what is counted apart: kinds and verdicts are few.
type Sort struct {
	Kind    Kind
	Verdict string
	Tx      bool // it is about a transaction
}

// Totals count what was published since the start.
func (h *Hub) Totals() map[Sort]uint64 {
	if h == nil {
		return nil
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	return maps.Clone(h.totals)
}

// All is where Listen begins with the oldest event that is kept.
const All = 1

// Listener is a place in the stream of events. It is for one goroutine, and needs not be
// closed.
type Listener struct {
	hub         *Hub
	filter      Filter
	txs, others uint64 // places
	lost        uint64
	buf         []Event
}

// Listen begins to listen after event number after, as far as events are kept (All: the oldest);
// 0 is now.
func (h *Hub) Listen(f Filter, after uint64) *Listener {
	l := &Listener{hub: h, filter: f}
	if h == nil {
		return l
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	if after == 0 {
		l.txs, l.others = h.txs.next, h.others.next
		return l
	}
	after = max(after, h.began)
	l.txs, l.others = h.txs.after(after), h.others.after(after)
	if after < h.seq {
		there := h.txs.next - l.txs + h.others.next - l.others
		l.lost = h.seq - after - there
	}
	return l
}

// Next waits for events that pass the filter and returns some, oldest first; they are valid
// until it is called again. If others were lost meanwhile, the first says how many.
func (l *Listener) Next(ctx context.Context) ([]Event, error) {
	if l.hub == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for {
		evs, more := l.take()
		if len(evs) > 0 {
			return evs, nil
		}
		if more == nil {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			continue
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take returns what is here, at most batch; if nothing came of it, more is closed when there is
// more, or nil when it is to be called again.
func (l *Listener) take() (evs []Event, more <-chan struct{}) {
	h := l.hub
	h.mu.RLock()
	defer h.mu.RUnlock()
	l.buf = l.buf[:0]
	l.fallBack(&l.txs, &h.txs)
	l.fallBack(&l.others, &h.others)
	if l.lost > 0 {
		l.buf = append(l.buf, Event{Kind: Lost, Node: h.cfg.Node, Time: h.now(), Lost: l.lost})
		l.lost = 0
	}
	for range scan {
		e := l.step()
		switch {
		case e == nil && len(l.buf) == 0:
			h.waiting.Store(true)
			return nil, h.wake
		case e == nil:
			return l.buf, nil
		case l.filter.wants(e):
			if l.buf = append(l.buf, *e); len(l.buf) == batch {
				return l.buf, nil
			}
		}
	}
	return l.buf, nil
}

// fallBack counts what was overwritten before it was taken.
func (l *Listener) fallBack(place *uint64, r *ring) {
	if first := r.first(); *place < first {
		l.lost += first - *place
		*place = first
	}
}

// step goes on by one event, in the order of both rings; nil: there is none.
func (l *Listener) step() *Event {
	tx, other := l.hub.txs.at(l.txs), l.hub.others.at(l.others)
	if tx != nil && (other == nil || tx.Seq < other.Seq) {
		l.txs++
		return tx
	}
	if other != nil {
		l.others++
	}
	return other
}

// Kept are the events that are kept and pass the filter, oldest first; a transaction's also where
// only the other of its names was known yet.
func (h *Hub) Kept(f Filter) (evs []Event) {
	if h == nil {
		return nil
	}
	if f.Tx != (chain.Hash{}) {
		names := Filter{Tx: f.Tx}
		h.each(&names, func(*Event) {})
		f.also = names.also
	}
	h.each(&f, func(e *Event) { evs = append(evs, *e) })
	return evs
}

// each calls fn with what is kept and passes. While it does, nothing is published.
func (h *Hub) each(f *Filter, fn func(*Event)) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	l := Listener{hub: h, txs: h.txs.first(), others: h.others.first()}
	for e := l.step(); e != nil; e = l.step() {
		if f.wants(e) {
			fn(e)
		}
	}
}
