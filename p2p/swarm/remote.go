package swarm

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/peer"
)

// remote is one connection or the attempt at one. Its first group never
// changes; the rest belongs to the loop.
type remote struct {
	p2p.Link
	to    p2p.HostPort    // what was dialled; zero for an inbound one
	ctx   context.Context // ends with the reason to drop it
	end   context.CancelCauseFunc
	began time.Time
	nonce uint64 // of our version message
	plain bool   // dialled without encryption
	onion bool   // has come through Tor
	once  bool   // asked for by people (onetry) towards who has dialled us: it stays beside that

	at         netip.AddrPort // where the other end is; not valid before a name has been looked up
	since      time.Time      // when that was, as people see the time
	conn       *peer.Peer     // nil until it is connected
	peer       *peer.Peer     // the same, nil until it has greeted
	skew       time.Duration  // their clock ahead of ours
	dropped    bool
	misbehaved bool
	claims     netip.AddrPort // where an inbound peer listens, as it says
	listens    netip.AddrPort // the same, proven
	addrs      bucket         // how many addresses we still take from it
	opens      chan<- error   // waits until the connection stands; nil: nobody does

	addrsTaken, addrsLimited uint64 // addresses that it has told us
	addrRelay                bool   // it takes part in telling addresses
	telling                  telling

	announced time.Time // when we last said our address to it
	merit               // as it was when last weighed
}

// name is how people see it: what was dialled, or where it came from.
func (r *remote) name() string {
	if r.Inbound() {
		return p2p.HostPortOf(r.at).String()
	}
	return r.to.String()
}

// admit starts a connection's goroutine. conn is nil when it has to be dialled.
func (l *loop) admit(r *remote, conn net.Conn) {
	l.lastID++
	r.ID, r.began, r.Number = l.lastID, l.cfg.Now(), -1
	r.nonce = l.newNonce(r)
	r.ctx, r.end = context.WithCancelCause(l.ctx)
	r.addrs = newBucket(addrBurst, addrRate, l.cfg.Clock())
	if !l.cfg.local() {
		r.addrs.tokens = 1
	}
	l.peers[r.ID] = r
	l.order = append(l.order, r)
	cfg := peer.Config{
		Magic:     l.cfg.Params.Net,
		Services:  l.cfg.servicesTo(r.Link),
		Silent:    r.Kind == p2p.BlocksOnly || r.Kind == p2p.Feeler || l.cfg.BlocksOnly && !r.May(p2p.MayRelay),
		Have:      l.cfg.Have,
		Encrypt:   l.cfg.Encrypt && !r.plain && (r.Inbound() || !l.dial.plain.has(r.to)),
		Feeler:    r.Kind == p2p.Feeler,
		UserAgent: l.cfg.UserAgent,
		Patience:  max(l.cfg.peerTimeout(), peer.HandshakeTime),
		Height:    l.height,
		Nonce:     r.nonce,
		Ours:      l.s.own.heard,
		RawBlock:  l.cfg.RawBlock,
		ServesOld: l.servesOld,
		Filter:    l.cfg.Filter,
		Budget:    l.s.budget,
		Upload:    l.up,
		Download:  l.down,
		OwnUpload: l.cfg.PeerUpload, OwnDownload: l.cfg.PeerDownload,
		Meter: &l.s.meter,
		Now:   l.cfg.Clock,
		Log:   l.cfg.Log.With("addr", r.name()),
	}
	if l.cfg.Capture != nil {
		name := r.name()
		cfg.Capture = func(received bool, command string, payload []byte) { l.cfg.Capture(name, received, command, payload) }
	}
	if r.Kind.Chosen() && r.Kind != p2p.Feeler { // [ExpectServicesFromConn]
		cfg.Needs, cfg.Limited = needed, l.nearTip()
	}
	l.wg.Go(func() { l.s.serve(l.ctx, r, conn, cfg) })
}

// nearTip: our tip is young enough for those to do who keep only the last blocks
// [NODE_NETWORK_LIMITED_ALLOW_CONN_BLOCKS].
func (l *loop) nearTip() bool {
	const blocks = 144
	return l.cfg.Clock().Sub(l.tipTime) < blocks*l.cfg.Params.TargetTimePerBlock
}

// opened: a connection stands; the handshake begins.
func (l *loop) opened(r *remote, p *peer.Peer) {
	if r.Number < 0 {
		r.Number, r.since = l.connections, l.cfg.Clock()
		l.connections++
		l.cfg.Log.Debug("connection added", "peer", r.Number, "addr", r.name(), "kind", r.Kind)
	}
	p.Numbered(r.Number)
	r.conn = p
	r.stands(nil)
}

// join: a connection has greeted.
func (l *loop) join(a arrival) {
	r := a.r
	if r.dropped {
		return
	}
	if !r.Inbound() {
		if at := a.peer.RemoteAddr(); at.IsValid() {
			r.at = l.cfg.Place(at)
		}
		r.Permissions = p2p.Granted(l.cfg.Whitelist, r.at.Addr(), false)
	}
	switch {
	case r.Kind == p2p.Feeler:
		l.cfg.Book.Good(r.at)
		l.cfg.Log.Debug("feeler done", "peer", r.Number)
		l.drop(r, errFelt)
		return
	case r.Kind.Chosen() && l.find(func(o *remote) bool { return o != r && o.at == r.at }) != nil:
		l.drop(r, errTwice)
		return
	case r.Inbound() && !l.makeRoom(l.cfg.Now()):
		l.drop(r, errFull)
		return
	}
	r.peer, r.Hello, r.skew = a.peer, a.hello, a.hello.Clock.Sub(l.cfg.Clock())
	l.cfg.Log.Info("peer connected", "peer", r.Number, "addr", r.name(), "inbound", r.Inbound(),
		"agent", a.hello.UserAgent, "height", a.hello.StartHeight)
	if !r.Inbound() {
		l.cfg.Book.Good(r.at)
		if a.hello.Transport == 1 {
			l.dial.plain.add(r.to)
		}
	}
	l.show(r)
	l.step(gossip.Joined{Link: r.Link, Origin: l.originOf(r)})
	r.addrRelay = !r.Inbound() && r.gossips()
	l.introduce(r)
	l.askTwins(r)
}

var (
	errFelt  = errors.New("the address is good")
	errTwice = errors.New("connected already, by another name")
	errFull  = errors.New("all places for inbound peers are taken")
)

// stands ends the Open call that waits for this connection.
func (r *remote) stands(err error) {
	if r.opens != nil {
		r.opens <- err
		r.opens = nil
	}
}

// leave: a connection, or the attempt at one, has ended.
func (l *loop) leave(d departure) {
	r := d.r
	delete(l.peers, r.ID)
	l.order = slices.DeleteFunc(l.order, func(o *remote) bool { return o == r })
	var offence p2p.Offence
	switch {
	case errors.As(d.err, &offence) && !r.misbehaved: // even if we had no use for it any more
		l.misbehaving(r, string(offence), offence)
	case r.peer != nil:
		l.cfg.Log.Info("peer left", "peer", r.Number, "addr", r.name(), "why", d.err)
	default:
		l.cfg.Log.Debug("no connection", "addr", r.name(), "inbound", r.Inbound(), "why", d.err)
	}
	if errors.Is(d.err, peer.ErrSelf) && !r.Inbound() {
		l.isOurs(r.at)
		l.cfg.Book.Forget(r.at)
	}
	if r.peer != nil && !r.Inbound() && offence == "" && !r.dropped {
		l.cfg.Book.Good(r.at) // it was there until now
	}
	if errors.Is(d.err, errTwice) {
		d.err = nil // who asked for it is connected
	}
	r.stands(d.err)
	lasted, now := time.Duration(0), l.cfg.Now()
	if r.peer != nil {
		lasted = now.Sub(r.began)
	}
	l.dial.targets.ended(r.ID, lasted, now)
	if r.peer != nil {
		if l.cfg.Watch != nil {
			l.cfg.Watch.Left(r.ID, d.err)
		}
		l.step(gossip.Left{Peer: r.ID})
	}
}

// show tells who watches what is known of a peer.
func (l *loop) show(r *remote) {
	if l.cfg.Watch != nil {
		l.cfg.Watch.Peer(r.ID, l.info(r))
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
	if r.May(p2p.MayStay) {
		l.cfg.Log.Warn("offence of a peer that may stay", "peer", r.Number, "addr", r.name(), "offence", offence, "why", reason)
		return
	}
	l.misbehaving(r, reason, offence)
	l.drop(r, offence)
}

// misbehaving writes to the log what a peer has done, and discourages its address
// [Core: Misbehaving, Discourage]. Whom people have asked for is tried again.
func (l *loop) misbehaving(r *remote, reason string, offence p2p.Offence) {
	r.misbehaved = true
	l.cfg.Log.Warn("peer dropped for an offence", "peer", r.Number, "addr", r.name(), "offence", offence, "why", reason)
	if r.Kind != p2p.Manual {
		l.discouraged.add(r.at.Addr(), l.cfg.Clock())
	}
}
