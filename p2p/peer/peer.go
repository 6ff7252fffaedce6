package peer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// Config is what a connection needs from its owner.
type Config struct {
	Magic    wire.BitcoinNet
	Services wire.ServiceFlag // what we offer
	Needs    wire.ServiceFlag // what they must offer
	// Limited: who keeps only the last blocks will do too [GetDesirableServiceFlags].
	Limited   bool
	Silent    bool // ask for no transactions (fRelay is 0)
	Have      bool // offer and accept gvhave
	Encrypt   bool // dial with BIP324, and accept it
	UserAgent string
	Height    int32  // of our tip, for the version message
	Nonce     uint64 // random, one for each connection: finds connections to ourselves
	Ours      func(nonce uint64) bool
	// RawBlock appends a block's bytes to a buffer of the writer's, who alone calls it.
	RawBlock  func(to []byte, h chain.Hash) ([]byte, error)
	ServesOld func() bool // whether old blocks are still sent; called by the writer; nil: yes
	// Filter is a block's BIP158 filter and its BIP157 header; called by the writer only.
	Filter   func(chain.Hash) (filter []byte, header chain.Hash, ok bool, err error)
	Upload   *Limit // shared with other connections; nil: none
	Download *Limit
	// Of this connection alone, bytes a second; 0: no limit.
	OwnUpload, OwnDownload int64
	Feeler                 bool          // the handshake ends when they have said their version
	Patience               time.Duration // for the handshake, by the machine's time; 0: HandshakeTime
	Budget                 *Budget       // shared too; nil: no bound
	Meter                  *Meter        // counts the bytes of all connections; may be nil
	// Capture is told every message, by the reader and the writer; nil: nobody wants them.
	Capture func(received bool, command string, payload []byte)
	Now     func() time.Time // as people see the time; nil: time.Now
	Log     *slog.Logger
}

// Peer is one connection. Send, SendBlock, Close and Describe may be called at any
// time by anyone [CNode].
type Peer struct {
	cfg     Config
	conn    net.Conn
	inbound bool
	t       transport // made by Handshake
	out     *queue
	meter   meter
	early   []wire.Message // that came before verack and count after it
	nudge   chan struct{}  // for the writer: a ping may be due
	asked   atomic.Bool    // somebody wants one

	once   sync.Once
	reason error         // why the connection was closed; read after closed
	closed chan struct{} // closed by Close
}

// errClosed: the connection ended on our side without anybody's fault.
var errClosed = errors.New("connection closed")

// New wraps a connection, which from now on belongs to the Peer.
func New(cfg Config, conn net.Conn, inbound bool) *Peer {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Patience == 0 {
		cfg.Patience = HandshakeTime
	}
	p := &Peer{
		cfg:     cfg,
		conn:    conn,
		inbound: inbound,
		closed:  make(chan struct{}),
		nudge:   make(chan struct{}, 1),
	}
	p.meter.init(&p.cfg)
	p.conn = counted{conn, &p.meter}
	if inbound {
		p.out = newQueue(cfg.Budget, p.Close)
	} else {
		p.out = newQueue(cfg.Budget, nil)
	}
	return p
}

// Numbered gives the connection its number in the log; to be called before Handshake.
func (p *Peer) Numbered(n int64) { p.cfg.Log = p.cfg.Log.With("peer", n) }

// Close ends the connection; Run returns the first reason given.
func (p *Peer) Close(reason error) {
	p.once.Do(func() {
		if reason == nil {
			reason = errClosed
		}
		p.reason = reason
		close(p.closed)
		p.conn.Close()
	})
}

// Send queues a message. It never blocks; on ErrSlow the connection is closed.
func (p *Peer) Send(m wire.Message) error { return p.add(item{msg: m}) }

// SendBlock queues a block whose bytes the writer looks up when its turn comes.
// If it is gone by then, notfound is sent.
func (p *Peer) SendBlock(h chain.Hash, witness bool) error {
	return p.add(item{block: h, witness: witness})
}

// SendOld queues a block that an upload target may forbid when its turn comes, when what
// was sent before it has been counted; the connection ends then.
func (p *Peer) SendOld(h chain.Hash, witness bool) error {
	return p.add(item{block: h, witness: witness, old: true})
}

// SendShort queues a block in short form (BIP152), with its coinbase alone, which the
// writer makes.
func (p *Peer) SendShort(h chain.Hash) error {
	return p.add(item{block: h, witness: true, short: true})
}

// SendParts queues the transactions at these places of a block that the writer looks
// up. A place beyond the block's end ends the connection.
func (p *Peer) SendParts(h chain.Hash, places []int) error {
	return p.add(item{block: h, witness: true, parts: append([]int{}, places...)})
}

// SendRaw queues a message of this name and payload.
func (p *Peer) SendRaw(command string, payload []byte) error {
	return p.add(item{command: command, payload: payload})
}

func (p *Peer) add(it item) error {
	err := p.out.add(it)
	if err != nil {
		p.Close(err)
	}
	p.cfg.Budget.relieve()
	return err
}

// Run talks until the connection ends and says why; every goroutine it started
// has ended then. Messages go to take in order, one at a time: while take
// waits, nothing is read from this peer.
// When ctx ends, its cause is the reason.
func (p *Peer) Run(ctx context.Context, take func(context.Context, wire.Message) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { p.Close(context.Cause(ctx)) })
	defer stop()

	var writer sync.WaitGroup
	writer.Go(func() { p.Close(p.writeLoop(ctx)) })
	p.Close(p.readLoop(ctx, take))
	cancel()
	writer.Wait()
	p.out.clear()
	return p.reason
}

func (p *Peer) readLoop(ctx context.Context, take func(context.Context, wire.Message) error) error {
	for _, m := range p.early {
		if err := take(ctx, m); err != nil {
			return err
		}
	}
	p.early = nil
	for {
		if err := p.waitRoom(ctx); err != nil {
			return err
		}
		m, err := p.readMessage(nil)
		if msg.Ignored(err) {
			continue
		}
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *wire.MsgPong:
			if rtt := p.onPong(m.Nonce, true); rtt > 0 {
				err = take(ctx, &Pong{RTT: rtt})
			}
		case *wire.MsgVerAck, *wire.MsgVersion:
			p.cfg.Log.Debug("message repeated", "message", m.Command()) // and ignored, as in Core
		case *wire.MsgWTxIdRelay, *wire.MsgSendAddrV2, *msg.Feature:
			p.cfg.Log.Debug("message after the handshake", "message", m.Command())
			err = fmt.Errorf("%s after the handshake", m.Command())
		default:
			err = take(ctx, m)
		}
		if err != nil {
			return err
		}
	}
}

// onPong takes the answer to a ping; 0: it is none.
func (p *Peer) onPong(nonce uint64, whole bool) time.Duration {
	rtt, expected, wrong := p.meter.pong(nonce, whole, time.Now())
	if wrong != "" {
		size := 8
		if !whole {
			size = 0
		}
		p.cfg.Log.Debug("pong that does not fit", "why", wrong, "expected", expected, "received", nonce, "bytes", size)
	}
	return rtt
}

// Pong is what take gets when a ping was answered. It never travels.
type Pong struct {
	wire.MsgPong
	RTT time.Duration
}

// waitRoom waits while too much is queued for the peer.
func (p *Peer) waitRoom(ctx context.Context) error {
	for p.out.crowded() {
		select {
		case <-p.out.room:
		case <-time.After(pauseCheck):
		case <-p.closed:
			return p.reason
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// readMessage reads and decodes one message. The error is one that is msg.Ignored when
// nobody knows it, it cannot be read, or, during the handshake, its turn has not come.
func (p *Peer) readMessage(expected func(command string) bool) (wire.Message, error) {
	command, payload, size, err := p.t.read()
	if err != nil {
		return nil, err
	}
	if p.cfg.Log.Enabled(context.Background(), slog.LevelDebug) {
		p.cfg.Log.Debug("message received", "message", command, "bytes", len(payload))
	}
	if p.cfg.Capture != nil {
		p.cfg.Capture(true, command, payload)
	}
	if expected != nil && !expected(command) {
		p.meter.received(command, size, true)
		return nil, msg.ErrUnknownCommand
	}
	var m wire.Message
	p.cfg.Budget.decode(len(payload), func() { m, err = msg.Decode(command, payload) })
	p.meter.received(command, size, errors.Is(err, msg.ErrUnknownCommand))
	switch {
	case msg.Ignored(err) && command == wire.CmdPong && expected == nil:
		p.onPong(0, false)
	case msg.Ignored(err):
		p.cfg.Log.Debug("message ignored", "message", command, "bytes", len(payload), "err", err)
	}
	return m, err
}

// writeLoop sends what is queued, and pings.
func (p *Peer) writeLoop(ctx context.Context) error {
	ping := time.NewTimer(0) // the first at once: gossip wants to know the round trip
	defer ping.Stop()
	for {
		it, ok := p.out.next()
		if ok {
			if err := p.write(it); err != nil {
				return err
			}
			continue
		}
		if err := p.t.flush(); err != nil {
			return err
		}
		select {
		case <-p.out.wake:
		case <-p.nudge:
			if err := p.ping(p.asked.Swap(false)); err != nil {
				return err
			}
		case <-ping.C:
			if p.meter.waiting(time.Now()) > pongTime {
				return fmt.Errorf("no answer to a ping for %v", pongTime)
			}
			if err := p.ping(false); err != nil {
				return err
			}
			ping.Reset(pingEvery)
		case <-p.closed:
			return p.reason
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// ping begins a ping [MaybeSendPing].
func (p *Peer) ping(asked bool) error {
	nonce, ok := p.meter.ping(time.Now(), asked)
	if !ok {
		return nil
	}
	return p.write(item{msg: wire.NewMsgPing(nonce)})
}

// Ping sends a ping soon; if none is asked for, only when the last was long ago by the
// time that people see.
func (p *Peer) Ping(asked bool) {
	if !asked && !p.meter.pingDue() {
		return
	}
	if asked {
		p.asked.Store(true)
	}
	select {
	case p.nudge <- struct{}{}:
	default: // the writer is about to look
	}
}

func (p *Peer) write(it item) error {
	if it.old && p.cfg.ServesOld != nil && !p.cfg.ServesOld() {
		p.cfg.Log.Debug("old block asked for beyond the upload target")
		return errors.New("old blocks are not served any more today")
	}
	if it.bloom != nil {
		return p.writeFiltered(it)
	}
	if it.whole() {
		return p.writeWhole(it)
	}
	command, payload, err := p.resolve(it)
	if err != nil {
		return err
	}
	if command == "" {
		return nil
	}
	return p.writeMessage(command, payload)
}

// writeMessage queues a message in the transport's buffer.
func (p *Peer) writeMessage(command string, payload []byte) error {
	p.shown(command, payload)
	size, err := p.t.write(command, payload)
	return p.written(command, size, err)
}

// writeWhole sends a block as it is stored. It is copied once, behind room for what the transport
// puts before it, and sealed where it stands: the buffer is the writer's from then until the
// transport has taken the message, and goes back to the budget.
func (p *Peer) writeWhole(it item) error {
	buf := p.cfg.Budget.take()
	defer p.cfg.Budget.giveBack(buf)
	framed, err := p.cfg.RawBlock(slices.Grow((*buf)[:0], headRoom)[:headRoom], it.block)
	if err != nil {
		command, payload, err := p.gone(it, err)
		if err != nil {
			return err
		}
		return p.writeMessage(command, payload)
	}
	*buf = framed
	p.shown(wire.CmdBlock, framed[headRoom:])
	size, err := p.t.writeFramed(wire.CmdBlock, framed)
	return p.written(wire.CmdBlock, size, err)
}

// shown lets people see a message before it goes out.
func (p *Peer) shown(command string, payload []byte) {
	if p.cfg.Log.Enabled(context.Background(), slog.LevelDebug) {
		p.cfg.Log.Debug("message sent", "message", command, "bytes", len(payload))
	}
	if p.cfg.Capture != nil {
		p.cfg.Capture(false, command, payload)
	}
}

// written counts a message that went out.
func (p *Peer) written(command string, size int, err error) error {
	if err == nil {
		p.meter.sent(command, size)
	}
	return err
}

// resolve turns an item into bytes.
func (p *Peer) resolve(it item) (command string, payload []byte, err error) {
	switch {
	case it.msg != nil:
		return msg.Encode(it.msg)
	case it.command != "":
		return it.command, it.payload, nil
	}
	if it.filters != nil {
		return p.filters(it.filters)
	}
	raw, err := p.cfg.RawBlock(nil, it.block)
	if err == nil && it.parts != nil {
		return parts(raw, it)
	}
	if err == nil && it.short {
		return short(raw)
	}
	var b *chain.Block
	if err == nil {
		b, err = chain.DecodeBlock(raw)
	}
	if err != nil {
		return p.gone(it, err)
	}
	return wire.CmdBlock, b.StripWitness(), nil
}

// gone answers for a block that cannot be read.
func (p *Peer) gone(it item, why error) (command string, payload []byte, err error) {
	p.cfg.Log.Debug("block asked for cannot be sent", "block", it.block, "err", why)
	m := wire.NewMsgNotFound()
	typ := wire.InvTypeBlock
	if it.witness {
		typ = wire.InvTypeWitnessBlock
	}
	if err := m.AddInvVect(wire.NewInvVect(typ, &it.block)); err != nil {
		return "", nil, err
	}
	return msg.Encode(m)
}

// short is a block's short form, made from its bytes.
func short(raw []byte) (command string, payload []byte, err error) {
	b, err := chain.DecodeBlock(raw)
	if err != nil {
		return "", nil, err
	}
	return msg.Encode(msg.Compact(b, rand.Uint64(), []int{0}))
}

// parts answers getblocktxn from a block's bytes.
func parts(raw []byte, it item) (command string, payload []byte, err error) {
	b, err := chain.DecodeBlock(raw)
	if err != nil {
		return "", nil, err
	}
	m := &msg.BlockTxn{Block: it.block, Txs: make([]*chain.Tx, len(it.parts))}
	for j, i := range it.parts {
		if i >= len(b.Txs) {
			return "", nil, p2p.Offence("getblocktxn beyond the end of the block")
		}
		m.Txs[j] = b.Txs[i]
	}
	return msg.Encode(m)
}

// RemoteAddr is where the other end is; not valid when it has no address, as behind a proxy.
func (p *Peer) RemoteAddr() netip.AddrPort { return p2p.AddrPortOf(p.conn.RemoteAddr()) }

// LocalAddr is our end; not valid when it has no address, as at a local socket.
func (p *Peer) LocalAddr() netip.AddrPort { return p2p.AddrPortOf(p.conn.LocalAddr()) }
