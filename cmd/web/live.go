package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/p2p"
)

const (
	// maxListeners bounds who follows the network live, those who are signed in and the others each apart: each holds a
	// connection and maxAhead messages. When all places are taken, who has had one the longest makes room, after listenStay.
	maxListeners = 256
	listenStay   = time.Minute
	// maxAhead is how many messages wait for a listener that does not read; then some are lost, and it is told.
	maxAhead = 256
	// maxBacklog is how many of the newest events a page is given at its start, to replay them.
	maxBacklog = 1200
	// maxEvent bounds one event in bytes: a peer's words are in it.
	maxEvent = 8 << 10
	// sendTime is how long a listener may take for a message: who is slower is cut off.
	sendTime = 10 * time.Second
	// idleEvery is how often a quiet line is written to, so that who has gone is found.
	idleEvery = 15 * time.Second
	// lookEvery is how often the network is looked at while somebody follows it, and lookEach what each of its
	// nodes adds to that.
	lookEvery, lookEach = 700 * time.Millisecond, 10 * time.Millisecond
	// fewNodes is up to how many nodes a page is told what happened before it was opened: each may have megabytes to tell.
	fewNodes = 12
	// oldAfter: what happened longer ago is listed and not shown as if it happened now.
	oldAfter = 2 * time.Second
	// againAfter is how long a member that told no events is left alone.
	againAfter = time.Second
)

// message is one of the stream's: a line of JSON with what it is.
type message struct {
	kind string
	data []byte
}

// live is the network as it is followed for all who listen.
type live struct {
	mu        sync.Mutex
	listeners map[*listener]struct{}
	wake      chan struct{} // has room for one: somebody listens, or nobody does any more
	state     []byte        // the newest picture
	backlog   []past        // the newest events, oldest first
	listed    []byte        // all of it, for all who come; nil: it is to be made anew
	caughtUp  bool          // it holds events that were not told one by one
	ends      map[string]string
}

type listener struct {
	out   chan message
	lost  int
	known bool // it is signed in
	began time.Time
	gone  chan struct{} // closed when it makes room for others
}

func newLive() *live {
	return &live{listeners: map[*listener]struct{}{}, wake: make(chan struct{}, 1)}
}

func (v *live) poke() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// enter lets somebody listen, known: who is signed in; first is what it is told at once. Nil: there is no place.
func (v *live) enter(known bool, now time.Time) (l *listener, first []message) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.makeRoomLocked(known, now) {
		return nil, nil
	}
	l = &listener{out: make(chan message, maxAhead), known: known, began: now, gone: make(chan struct{})}
	v.listeners[l] = struct{}{}
	v.poke()
	if v.state != nil {
		first = append(first, message{"state", v.state})
	}
	return l, append(first, v.backlogLocked())
}

// makeRoomLocked sees to it that there is a place.
func (v *live) makeRoomLocked(known bool, now time.Time) bool {
	var oldest *listener
	alike := 0
	for l := range v.listeners {
		if l.known != known {
			continue
		}
		if alike++; oldest == nil || l.began.Before(oldest.began) {
			oldest = l
		}
	}
	if alike < maxListeners {
		return true
	}
	if now.Sub(oldest.began) < listenStay {
		return false
	}
	delete(v.listeners, oldest)
	close(oldest.gone)
	return true
}

func (v *live) leave(l *listener) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.listeners, l)
	v.poke()
}

// tellLocked gives all listeners a message. Who is behind loses it.
func (v *live) tellLocked(m message) {
	for l := range v.listeners {
		if l.lost > 0 {
			select {
			case l.out <- message{"lost", []byte(strconv.Itoa(l.lost))}:
				l.lost = 0
			default:
			}
		}
		select {
		case l.out <- m:
		default:
			l.lost++
		}
	}
}

// peerOf is the peer that an event is about; nil: none that can be read.
func peerOf(raw json.RawMessage) *p2p.PeerInfo {
	q := new(p2p.PeerInfo)
	if raw == nil || q.Brief(false).UnmarshalJSON(raw) != nil {
		return nil
	}
	return q
}

// nodeOf is which node of the picture a peer is, by whose ends of connections are known; "": none.
func nodeOf(q *p2p.PeerInfo, ends map[string]string) string {
	if q == nil {
		return ""
	}
	return cmp.Or(q.Node, ends[q.Addr], ends[q.Listens])
}

// heard takes one event of a member's.
func (v *live) heard(id string, raw []byte) {
	if len(raw) > maxEvent {
		return
	}
	var e struct {
		Time time.Time       `json:"time"`
		Peer json.RawMessage `json:"peer"`
	}
	if json.Unmarshal(raw, &e) != nil {
		return
	}
	other := peerOf(e.Peer)
	v.mu.Lock()
	defer v.mu.Unlock()
	line, err := json.Marshal(struct {
		At    string          `json:"at"`
		Peer  string          `json:"peer,omitempty"`
		Event json.RawMessage `json:"event"`
	}{id, nodeOf(other, v.ends), raw})
	if err != nil {
		return
	}
	v.listed = nil
	at, _ := slices.BinarySearchFunc(v.backlog, e.Time, func(x past, t time.Time) int { return x.at.Compare(t) })
	if v.backlog = slices.Insert(v.backlog, at, past{e.Time, line}); len(v.backlog) > maxBacklog {
		v.backlog = slices.Delete(v.backlog, 0, maxBacklog/4)
	}
	if time.Since(e.Time) > oldAfter {
		v.caughtUp = true
		return
	}
	v.tellLocked(message{"gossip", line})
}

// past is an event that was told.
type past struct {
	at   time.Time
	line []byte
}

func (v *live) backlogLocked() message {
	if v.listed != nil {
		return message{"backlog", v.listed}
	}
	data := []byte{'['}
	for i, x := range v.backlog {
		if i > 0 {
			data = append(data, ',')
		}
		data = append(data, x.line...)
	}
	v.listed = append(data, ']')
	return message{"backlog", v.listed}
}

// tellPast tells what a member had kept, all at once.
func (v *live) tellPast() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.caughtUp {
		v.caughtUp = false
		v.tellLocked(v.backlogLocked())
	}
}

// looked takes a picture, and tells it if it is another one than before.
func (v *live) looked(pic *picture) {
	drawing, err := pic.summed()
	if err != nil {
		return
	}
	raw, err := json.Marshal(drawing)
	if err != nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ends = pic.ends
	if bytes.Equal(raw, v.state) {
		return
	}
	v.state = raw
	v.tellLocked(message{"state", raw})
}

func (v *live) listening() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.listeners)
}

// follow looks at the network and hears its events while somebody listens, until ctx ends.
func (p *Page) follow(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-p.live.wake:
		}
		if p.live.listening() > 0 {
			p.watch(ctx)
		}
	}
}

// watch is follow while somebody listens.
func (p *Page) watch(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var followers sync.WaitGroup
	defer followers.Wait()
	defer cancel()
	followed := map[int]context.CancelFunc{} // by the process that tells
	for p.live.listening() > 0 {
		pic, err := p.fresh(ctx)
		if err == nil {
			p.live.looked(pic)
			p.live.tellPast()
			p.followAll(ctx, followed, &followers)
		}
		pause := lookEvery
		if pic != nil {
			pause += time.Duration(len(pic.Nodes)) * lookEach
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// followAll begins to follow members that have come, and ends it for those that have gone.
func (p *Page) followAll(ctx context.Context, followed map[int]context.CancelFunc, running *sync.WaitGroup) {
	all, _, err := p.members()
	if err != nil || p.cfg.Events == nil {
		return
	}
	now := map[int]bool{}
	for _, m := range all {
		if m.view.Down != "" {
			continue
		}
		now[m.PID] = true
		if followed[m.PID] != nil {
			continue
		}
		one, cancel := context.WithCancel(ctx)
		followed[m.PID] = cancel
		running.Go(func() { p.followOne(one, m, len(all) <= fewNodes) })
	}
	for pid, cancel := range followed {
		if !now[pid] {
			cancel()
			delete(followed, pid)
		}
	}
}

func (p *Page) followOne(ctx context.Context, m *member, past bool) {
	for ctx.Err() == nil {
		_ = p.cfg.Events(ctx, m.Member, past, func(raw []byte) { p.live.heard(m.view.ID, raw) }) // it has gone, or comes back
		select {
		case <-ctx.Done():
		case <-time.After(againAfter):
		}
	}
}

// serveLive is the stream of server-sent events that the page follows.
func (p *Page) serveLive(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // the server's is for requests; unsupported only by test recorders
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream")
		return
	}
	known := p.form(r).Open
	l, first := p.live.enter(known, time.Now())
	if l != nil && !jsonrpc.Stream(r.Context(), known) {
		p.live.leave(l)
		l = nil
	}
	if l == nil {
		w.Header().Set("Retry-After", "30")
		http.Error(w, "too many follow the network", http.StatusServiceUnavailable)
		return
	}
	defer p.live.leave(l)
	w.Header().Set("Connection", "close") // its place is a stream's
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	send := func(m message) bool {
		_ = rc.SetWriteDeadline(time.Now().Add(sendTime))
		parts := [][]byte{[]byte(":\n\n")}
		if m.kind != "" {
			parts = [][]byte{[]byte("event: " + m.kind + "\ndata: "), m.data, []byte("\n\n")} // JSON on one line
		}
		for _, part := range parts { // all who listen share them
			if _, err := w.Write(part); err != nil {
				return false
			}
		}
		return rc.Flush() == nil
	}
	for _, m := range first {
		if !send(m) {
			return
		}
	}
	idle := time.NewTicker(idleEvery)
	defer idle.Stop()
	for {
		m := message{}
		select {
		case <-r.Context().Done():
			return
		case <-l.gone:
			return
		case m = <-l.out:
		case <-idle.C:
		}
		if !send(m) {
			return
		}
	}
}
