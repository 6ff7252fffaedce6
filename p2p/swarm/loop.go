package swarm

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/aead/siphash"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/msg"
	"grapevine/p2p/peer"
)

// loop is everything that one goroutine owns.
type loop struct {
	s   *Swarm
	cfg *Config
	ctx context.Context
	wg  *sync.WaitGroup

	peers       map[p2p.PeerID]*remote
	order       []*remote // peers, oldest first
	lastID      p2p.PeerID
	connections int64     // so far; attempts that failed are none
	height      int32     // of the verified tip
	tipAt       time.Time // when it last moved
	tipTime     time.Time // as its header says
	seeds       seeder
	uploads     *uploads
	up          *peer.Limit
	down        *peer.Limit
	asleep      bool // no network: setnetworkactive false

	tickets    map[p2p.Ticket]chan<- error
	lastTicket p2p.Ticket
	validate   []p2p.ValidateTx // not yet taken by the pool; bounded by gossip's credits

	now     time.Time     // of the last step; never runs back
	clock   time.Time     // what people saw then
	ahead   time.Duration // by which that goes on before the machine's
	stepped time.Time     // when that was, by the machine's own time
	alarm   *time.Timer
	armed   time.Time
	rang    time.Time // the deadline that it rang for last
	steps   Steps

	dial        dialer
	discouraged *discouraged
	secret      [siphash.KeySize]byte   // ranks network groups
	ownAddrs    map[netip.AddrPort]bool // addresses that are ourselves
	passed      *set[passing]
	gathered    int // chores since local peers were last told of addresses
}

func newLoop(s *Swarm, ctx context.Context, wg *sync.WaitGroup) *loop {
	now, ahead := s.cfg.clocks()
	l := &loop{
		s:           s,
		cfg:         &s.cfg,
		ctx:         ctx,
		wg:          wg,
		peers:       map[p2p.PeerID]*remote{},
		tickets:     map[p2p.Ticket]chan<- error{},
		now:         now.Add(-ahead),
		clock:       now,
		ahead:       ahead,
		stepped:     time.Now(),
		tipAt:       now.Add(-ahead),
		asleep:      s.cfg.StartsIdle,
		alarm:       time.NewTimer(0),
		up:          peer.NewLimit(s.cfg.MaxUpload),
		down:        peer.NewLimit(s.cfg.MaxDownload),
		discouraged: newDiscouraged(),
		ownAddrs:    map[netip.AddrPort]bool{},
		passed:      newSet[passing](maxPassed),
		steps:       newSteps(),
	}
	if tip := s.cfg.State.Status().Tip; tip != nil {
		l.height, l.tipTime = tip.Height, tip.Header.Timestamp
	}
	binary.LittleEndian.PutUint64(l.secret[:], s.cfg.Rand.Uint64())
	binary.LittleEndian.PutUint64(l.secret[8:], s.cfg.Rand.Uint64())
	l.uploads = &uploads{most: s.cfg.UploadTarget, sent: s.meter.Sent.Load}
	l.dial.init(&s.cfg, s.cfg.Now())
	l.bootstrap(s.cfg.Now())
	return l
}

// choreEvery is how often whom to dial is thought over.
const choreEvery = 250 * time.Millisecond

// run is the loop: it hears peers, callers and timers, one at a time [ThreadMessageHandler].
func (l *loop) run(ctx context.Context) {
	chores := time.NewTicker(choreEvery)
	defer chores.Stop()
	defer l.alarm.Stop()
	l.dialAll()
	if !l.dial.only {
		for _, to := range l.cfg.fetches {
			l.dialTo(to, p2p.AddrFetch, false)
		}
	}
	for {
		var validate chan<- p2p.ValidateTx
		var next p2p.ValidateTx
		if len(l.validate) > 0 {
			validate, next = l.cfg.ValidateTx, l.validate[0]
		}
		select {
		case said := <-l.s.inbox:
			l.hear(said)
		case evs := <-l.s.verdicts:
			for _, ev := range evs {
				l.step(ev)
			}
		case validate <- next:
			l.validate[0] = p2p.ValidateTx{}
			l.validate = l.validate[1:]
		case call := <-l.s.calls:
			call(l)
		case a := <-l.s.arrivals:
			l.join(a)
		case d := <-l.s.gone:
			l.leave(d)
		case k := <-l.s.accepted:
			l.accept(k)
		case <-l.alarm.C:
			l.rang, l.armed = l.armed, time.Time{}
			l.step(gossip.Tick{})
		case <-chores.C:
			l.chores()
		case <-ctx.Done():
			l.keepAnchors()
			return
		}
	}
}

// chores are what time alone brings about; they are done at once when people set the
// clock.
func (l *loop) chores() {
	l.tick()
	now := l.cfg.Clock()
	l.uploads.look(now)
	l.dialAll()
	l.lookAtAll()
	l.endFetches(now)
	l.announceAgain(now)
	l.tellAll(now)
}

// keepAnchors remembers the block-relay-only peers: whoever has surrounded us
// with its own addresses while we were away (an eclipse) does not get these two. If we had no
// time to find some, the last ones stay [DumpAnchors, MAX_BLOCK_RELAY_ONLY_ANCHORS].
func (l *loop) keepAnchors() {
	var anchors []netip.AddrPort
	for _, r := range l.order {
		if r.Kind == p2p.BlocksOnly && r.peer != nil && !r.dropped {
			anchors = append(anchors, r.at)
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
		l.height, l.tipAt, l.tipTime = t.Tip.Height, l.now, t.Tip.Header.Timestamp
	}
	acts := l.cfg.State.Step(l.now, ev)
	if l.cfg.Watch != nil {
		l.cfg.Watch.Step(ev, acts)
	}
	for _, a := range acts {
		l.perform(a)
	}
	if _, ok := ev.(gossip.ClockSet); ok {
		l.chores()
	}
	if at := l.cfg.State.Deadline(); !at.Equal(l.armed) {
		l.armed = at
		if at.IsZero() {
			l.alarm.Stop()
		} else {
			wait := at.Sub(l.now)
			if wait > 0 && at.Equal(l.rang) { // it rang, and the clock has not moved
				wait = max(wait, leastAlarm)
			}
			l.alarm.Reset(wait)
		}
	}
}

// tick moves the conversation's time on by as much as the clock that people see has
// gone forward: setmocktime moves all timers, and holds them. The machine's own clock
// holds none: when that stands still or is set back, time goes on by itself.
func (l *loop) tick() {
	elapsed := time.Since(l.stepped)
	l.stepped = l.stepped.Add(elapsed)
	clock, ahead := l.cfg.clocks()
	moved := clock.Sub(l.clock) - (ahead - l.ahead)
	l.clock, l.ahead = clock, ahead
	if !l.mocked() {
		moved = max(moved, elapsed)
	}
	l.now = l.now.Add(max(moved, 0))
}

// clocks are Clock and Ahead of one moment.
func (c *Config) clocks() (clock time.Time, ahead time.Duration) {
	for {
		if ahead, clock = c.Ahead(), c.Clock(); ahead == c.Ahead() {
			return clock, ahead
		}
	}
}

// mocked tells whether people have made the clock that they see stand still [setmocktime].
func (l *loop) mocked() bool {
	clock, ahead := l.cfg.clocks()
	return clock.Sub(l.cfg.Now().Add(ahead)).Abs() > time.Second
}

// leastAlarm keeps the alarm from going all the time while the clock stands still just
// before a deadline.
const leastAlarm = 50 * time.Millisecond

func (l *loop) perform(a p2p.Action) {
	switch a := a.(type) {
	case p2p.Send:
		if tx, ok := a.Msg.(*msg.Tx); ok && l.cfg.TxSent != nil {
			l.cfg.TxSent(tx.ID)
		}
		l.send(a.Peer, func(p *peer.Peer) error { return p.Send(a.Msg) })
	case p2p.SendBlock:
		l.send(a.Peer, func(p *peer.Peer) error {
			if a.Short {
				return p.SendShort(a.Hash)
			}
			if a.Old && !l.peers[a.Peer].May(p2p.MayDownload) {
				return p.SendOld(a.Hash, a.Witness)
			}
			return p.SendBlock(a.Hash, a.Witness)
		})
	case p2p.SendParts:
		l.send(a.Peer, func(p *peer.Peer) error { return p.SendParts(a.Hash, a.Places) })
	case p2p.SendFilters:
		l.send(a.Peer, func(p *peer.Peer) error { return p.SendFilters(a) })
	case p2p.SendFiltered:
		l.send(a.Peer, func(p *peer.Peer) error { // old, of whatever age, as in Core
			return p.SendFiltered(a.Hash, a.Filter, !l.peers[a.Peer].May(p2p.MayDownload))
		})
	case p2p.Drop:
		if r := l.peers[a.Peer]; r != nil {
			l.dropFor(r, a.Reason, a.Offence)
		}
	case p2p.ValidateTx:
		l.validate = append(l.validate, a)
	case p2p.ValidateBlock:
		l.cfg.ValidateBlock(a)
	case p2p.StoreHeaders:
		l.cfg.StoreHeaders(a.Nodes)
	case p2p.Answer:
		if reply := l.tickets[a.Ticket]; reply != nil {
			delete(l.tickets, a.Ticket)
			reply <- a.Err
		}
	case p2p.LearnAddrs:
		l.learn(a)
	case p2p.TellAddrs:
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
	switch m := said.m.(type) {
	case *peer.Pong:
		l.step(gossip.Pong{Peer: said.r.ID, RTT: m.RTT})
	case *msg.Twin:
		l.onTwin(said.r, m)
	case *wire.MsgMemPool:
		if l.tellsPool(said.r) {
			l.step(gossip.Message{Peer: said.r.ID, Msg: m})
		}
	default:
		l.step(gossip.Message{Peer: said.r.ID, Msg: m})
	}
}

var _ wire.Message = (*peer.Pong)(nil)
