package swarm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/aead/siphash"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/peer"
	"grapevine/p2p/swarm/guard"
)

// remote is one connection or the attempt at one. Its first group never
// changes; the rest belongs to the loop.
type remote struct {
	id      p2p.PeerID
	addr    string // "host:port" as dialled or seen
	inbound bool
	kind    Kind
	ctx     context.Context // ends with the reason to drop it
	end     context.CancelCauseFunc
	began   time.Time

	peer    *peer.Peer // nil until it has greeted
	hello   peer.Hello
	skew    time.Duration // their clock ahead of ours
	at      string        // where an outbound one really is, when addr is a name
	dropped bool
	listens string       // an inbound peer's own address, as it told us
	addrs   guard.Bucket // how many addresses we still take from it
	waiting []chan<- error

	announced time.Time // when we last said our address to it
}

// loop is everything that one goroutine owns.
type loop struct {
	s   *Swarm
	cfg *Config
	ctx context.Context
	wg  *sync.WaitGroup

	peers  map[p2p.PeerID]*remote
	order  []*remote // peers, oldest first
	lastID p2p.PeerID
	height int32     // of the verified tip
	tipAt  time.Time // when it last moved
	seeds  seeder
	up     *peer.Limit
	down   *peer.Limit
	asleep bool // no network: setnetworkactive false

	tickets    map[gossip.Ticket]chan<- error
	lastTicket gossip.Ticket
	judge      []gossip.JudgeTx // not yet taken by the pool; bounded by gossip's credits

	now     time.Time // of the last step; never runs back
	stepped time.Time // when that was, by the machine's own time
	alarm   *time.Timer
	armed   time.Time
	steps   Steps

	dial     dialer
	outcasts *guard.Outcasts
	secret   [siphash.KeySize]byte // ranks network groups
	ownAddrs map[string]bool       // addresses that are ourselves
	passed   *guard.Set            // addresses passed on, with the day
	lines    guard.Bucket          // of the log that others can make us write
}

// maxLines at once, and as many an hour, keep attackers from filling the disk
// with our log: under 1 MiB an hour.
const maxLines = 2000

func newLoop(s *Swarm, ctx context.Context, wg *sync.WaitGroup) *loop {
	now := s.cfg.Now()
	l := &loop{
		s:        s,
		cfg:      &s.cfg,
		ctx:      ctx,
		wg:       wg,
		peers:    map[p2p.PeerID]*remote{},
		tickets:  map[gossip.Ticket]chan<- error{},
		now:      now,
		stepped:  time.Now(),
		tipAt:    now,
		alarm:    time.NewTimer(0),
		up:       peer.NewLimit(s.cfg.MaxUpload),
		down:     peer.NewLimit(s.cfg.MaxDownload),
		outcasts: guard.NewOutcasts(),
		ownAddrs: map[string]bool{},
		passed:   guard.NewSet(maxPassed),
		lines:    guard.NewBucket(maxLines, maxLines/3600.0, now),
		steps:    newSteps(),
	}
	if tip := s.cfg.State.Status().Tip; tip != nil {
		l.height = tip.Height
	}
	binary.LittleEndian.PutUint64(l.secret[:], s.cfg.Rand.Uint64())
	binary.LittleEndian.PutUint64(l.secret[8:], s.cfg.Rand.Uint64())
	l.dial.init(&s.cfg, now)
	l.bootstrap(now)
	return l
}

// choreEvery is how often whom to dial is thought over.
const choreEvery = 250 * time.Millisecond

func (l *loop) run(ctx context.Context) {
	chores := time.NewTicker(choreEvery)
	defer chores.Stop()
	defer l.alarm.Stop()
	l.dialAll()
	for {
		var judge chan<- gossip.JudgeTx
		var next gossip.JudgeTx
		if len(l.judge) > 0 {
			judge, next = l.cfg.JudgeTx, l.judge[0]
		}
		select {
		case said := <-l.s.inbox:
			l.hear(said)
		case evs := <-l.s.verdicts:
			for _, ev := range evs {
				l.step(ev)
			}
		case judge <- next:
			l.judge[0] = gossip.JudgeTx{}
			l.judge = l.judge[1:]
		case call := <-l.s.calls:
			call(l)
		case a := <-l.s.arrivals:
			l.join(a)
		case d := <-l.s.gone:
			l.leave(d)
		case conn := <-l.s.accepted:
			l.accept(conn)
		case <-l.alarm.C:
			l.armed = time.Time{}
			l.step(gossip.Tick{})
		case <-chores.C:
			l.dialAll()
			l.announceAgain(l.cfg.Now())
		case <-ctx.Done():
			l.keepAnchors()
			return
		}
	}
}

// keepAnchors remembers the block-relay-only peers: whoever has surrounded us
// with its own addresses while we were away does not get these two. If we had no
// time to find some, the last ones stay.
func (l *loop) keepAnchors() {
	var anchors []string
	for _, r := range l.order {
		if r.kind == BlocksOnly && r.peer != nil && !r.dropped {
			anchors = append(anchors, r.addr)
		}
	}
	for _, old := range l.cfg.Book.Anchors() {
		if len(anchors) < maxBlocksOnly && !slices.Contains(anchors, old) {
			anchors = append(anchors, old)
		}
	}
	l.cfg.Book.SetAnchors(anchors)
}

// step tells gossip and does what it says.
func (l *loop) step(ev gossip.Event) {
	l.tick()
	defer func() { l.steps.took(time.Since(l.stepped)) }()
	if t, ok := ev.(gossip.TipChanged); ok {
		l.height, l.tipAt = t.Tip.Height, l.now
	}
	for _, a := range l.cfg.State.Step(l.now, ev) {
		l.perform(a)
	}
	if at := l.cfg.State.Deadline(); !at.Equal(l.armed) {
		l.armed = at
		if at.IsZero() {
			l.alarm.Stop()
		} else {
			l.alarm.Reset(at.Sub(l.now))
		}
	}
}

// tick moves the conversation's time on. It follows the clock; when that stands
// still or is set back, it goes on by itself, so that no timer stops.
func (l *loop) tick() {
	elapsed := time.Since(l.stepped)
	l.stepped = l.stepped.Add(elapsed)
	if now := l.cfg.Now(); now.After(l.now) {
		l.now = now
	} else {
		l.now = l.now.Add(elapsed)
	}
}

func (l *loop) perform(a gossip.Action) {
	switch a := a.(type) {
	case gossip.Send:
		l.send(a.Peer, func(p *peer.Peer) error { return p.Send(a.Msg) })
	case gossip.SendBlock:
		l.send(a.Peer, func(p *peer.Peer) error { return p.SendBlock(a.Hash, a.Witness) })
	case gossip.Drop:
		if r := l.peers[a.Peer]; r != nil {
			l.dropFor(r, a.Reason, a.Offence)
		}
	case gossip.JudgeTx:
		l.judge = append(l.judge, a)
	case gossip.JudgeBlock:
		l.cfg.JudgeBlock(a)
	case gossip.StoreHeaders:
		l.cfg.StoreHeaders(a.Nodes)
	case gossip.Answer:
		if reply := l.tickets[a.Ticket]; reply != nil {
			delete(l.tickets, a.Ticket)
			reply <- a.Err
		}
	case gossip.LearnAddrs:
		l.learn(a)
	case gossip.TellAddrs:
		l.tell(a.Peer)
	default:
		l.cfg.Log.Error("gossip asks for something unknown", "action", fmt.Sprintf("%T", a))
	}
}

// send queues to a peer that is here; a connection that breaks meanwhile ends by itself.
func (l *loop) send(id p2p.PeerID, queue func(*peer.Peer) error) {
	r := l.peers[id]
	if r == nil || r.peer == nil || r.dropped {
		return
	}
	if err := queue(r.peer); err != nil {
		l.drop(r, err)
	}
}

func (l *loop) hear(said said) {
	if said.r.dropped {
		return
	}
	if pong, ok := said.m.(*peer.Pong); ok {
		l.step(gossip.Pong{Peer: said.r.id, RTT: pong.RTT})
		return
	}
	l.step(gossip.Message{Peer: said.r.id, Msg: said.m})
}

// admit starts a connection's goroutine. conn is nil when it has to be dialled.
func (l *loop) admit(r *remote, conn net.Conn) {
	l.lastID++
	r.id, r.began = l.lastID, l.cfg.Now()
	r.ctx, r.end = context.WithCancelCause(l.ctx)
	r.addrs = guard.NewBucket(addrBurst, addrRate, r.began)
	if !l.cfg.local() {
		r.addrs.Tokens = 1
	}
	l.peers[r.id] = r
	l.order = append(l.order, r)
	cfg := peer.Config{
		Magic:     l.cfg.Params.Net,
		Services:  l.cfg.services(),
		Silent:    r.kind == BlocksOnly || r.kind == Feeler,
		Have:      l.cfg.Have,
		Encrypt:   l.cfg.Encrypt && (r.inbound || !l.dial.plain.Has(r.addr)),
		UserAgent: l.cfg.UserAgent,
		Height:    l.height,
		Nonce:     l.cfg.Rand.Uint64(),
		Ours:      l.s.own.Heard,
		RawBlock:  l.cfg.RawBlock,
		Budget:    l.s.budget,
		Upload:    l.up,
		Download:  l.down,
		OwnUpload: l.cfg.PeerUpload, OwnDownload: l.cfg.PeerDownload,
		Meter: &l.s.meter,
		Log:   l.cfg.Log.With("peer", r.id),
	}
	if r.kind.chosen() {
		cfg.Needs = needed
	}
	l.wg.Go(func() { l.s.serve(l.ctx, r, conn, cfg) })
}

// join: a connection has greeted.
func (l *loop) join(a arrival) {
	r := a.r
	if r.dropped {
		return
	}
	if !r.inbound {
		r.at = a.peer.RemoteAddr().String()
	}
	switch {
	case r.kind == Feeler:
		l.cfg.Book.Good(r.addr)
		l.drop(r, errFelt)
		return
	case r.kind.chosen() && l.find(func(o *remote) bool { return o != r && o.at == r.at }) != nil:
		l.drop(r, errTwice)
		return
	}
	r.peer, r.hello, r.skew = a.peer, a.hello, a.hello.Clock.Sub(l.cfg.Now())
	l.note(r, "peer connected", "peer", r.id, "addr", r.addr, "inbound", r.inbound,
		"agent", a.hello.UserAgent, "height", a.hello.StartHeight)
	if !r.inbound {
		l.cfg.Book.Good(r.addr)
		if a.hello.Transport == 1 {
			l.dial.plain.Add(r.addr)
		}
	}
	l.step(gossip.Joined{Peer: r.id, Info: gossip.PeerInfo{
		Addr:        r.addr,
		Inbound:     r.inbound,
		Manual:      r.kind == Manual,
		BlocksOnly:  r.kind == BlocksOnly,
		Version:     a.hello.Version,
		Services:    a.hello.Services,
		UserAgent:   a.hello.UserAgent,
		StartHeight: a.hello.StartHeight,
		Relay:       a.hello.Relay,
		WTxIDRelay:  a.hello.WTxIDRelay,
		AddrV2:      a.hello.AddrV2,
		Have:        a.hello.Have,
	}})
	r.answer(nil)
	l.introduce(r)
}

var (
	errFelt  = errors.New("the address is good")
	errTwice = errors.New("connected already, by another name")
)

// answer ends the Connect calls that wait for this connection.
func (r *remote) answer(err error) {
	for _, w := range r.waiting {
		w <- err
	}
	r.waiting = nil
}

// leave: a connection, or the attempt at one, has ended.
func (l *loop) leave(d departure) {
	r := d.r
	delete(l.peers, r.id)
	for i := range l.order {
		if l.order[i] == r {
			l.order = append(l.order[:i], l.order[i+1:]...)
			break
		}
	}
	var offence p2p.Offence
	switch {
	case errors.As(d.err, &offence) && !r.dropped:
		l.fault(r, string(offence), offence)
	case r.peer != nil:
		l.note(r, "peer left", "peer", r.id, "addr", r.addr, "why", d.err)
	default:
		l.cfg.Log.Debug("no connection", "addr", r.addr, "inbound", r.inbound, "why", d.err)
	}
	if errors.Is(d.err, peer.ErrSelf) && !r.inbound {
		l.ownAddrs[r.addr] = true
		l.cfg.Book.Forget(r.addr)
	}
	if r.peer != nil && !r.inbound && offence == "" && !r.dropped {
		l.cfg.Book.Good(r.addr) // it was there until now
	}
	r.answer(d.err)
	lasted, now := time.Duration(0), l.cfg.Now()
	if r.peer != nil {
		lasted = now.Sub(r.began)
	}
	l.dial.targets.Ended(r.id, lasted, now)
	if r.peer != nil {
		l.step(gossip.Left{Peer: r.id})
	}
}

// drop ends a connection; leave follows when its goroutine has ended.
func (l *loop) drop(r *remote, why error) {
	r.dropped = true
	r.end(why)
}

func (l *loop) dropFor(r *remote, reason string, offence p2p.Offence) {
	if r.dropped {
		return
	}
	if offence == "" {
		l.drop(r, errors.New(reason))
		return
	}
	l.fault(r, reason, offence)
	l.drop(r, offence)
}

// fault writes an offence to the log and remembers who did it.
func (l *loop) fault(r *remote, reason string, offence p2p.Offence) {
	now := l.cfg.Now()
	if l.lines.Take(now) {
		l.cfg.Log.Warn("peer dropped for an offence", "peer", r.id, "addr", r.addr, "offence", offence, "why", reason)
	}
	if r.kind != Manual {
		l.outcasts.Add(hostOf(r.addr), now)
	}
}

// note writes what happened with a peer to the log, within the limit for those
// who come to us.
func (l *loop) note(r *remote, what string, args ...any) {
	if !r.inbound || l.lines.Take(l.cfg.Now()) {
		l.cfg.Log.Info(what, args...)
	}
}

func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}

var _ wire.Message = (*peer.Pong)(nil)
