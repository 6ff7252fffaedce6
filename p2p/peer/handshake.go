package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// ErrSelf: we have reached ourselves.
var ErrSelf = errors.New("connected to ourselves")

// Handshake greets. On an error the connection is closed.
//
//	dialler                      acceptor
//	version               ->
//	                      <-     version, wtxidrelay, sendaddrv2, verack
//	wtxidrelay, sendaddrv2,
//	verack                ->
func (p *Peer) Handshake(ctx context.Context) (p2p.Hello, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.cfg.Patience,
		fmt.Errorf("no handshake within %v", p.cfg.Patience))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { p.Close(context.Cause(ctx)) })
	defer stop()
	h, err := p.greet()
	if err != nil {
		p.Close(err)
		return p2p.Hello{}, p.reason
	}
	return h, nil
}

// openTransport chooses how messages travel. The one who dialled chooses; who
// accepts sees it in the first bytes [V1Transport, V2Transport].
func (p *Peer) openTransport() (version int, err error) {
	r := bufio.NewReaderSize(p.conn, buffer)
	paced := pace{
		conn: p.conn, closed: p.closed,
		up:       []*Limit{NewLimit(p.cfg.OwnUpload), p.cfg.Upload},
		down:     []*Limit{NewLimit(p.cfg.OwnDownload), p.cfg.Download},
		patience: p.cfg.Patience, log: p.cfg.Log, budget: p.cfg.Budget, chosen: !p.inbound, kill: p.Close,
	}
	plain := !p.cfg.Encrypt
	if p.inbound && !plain {
		if plain, err = wantsPlain(paced, r, p.cfg.Magic); err != nil {
			return 0, err
		}
	}
	if plain {
		p.t = newPlain(p.cfg.Magic, paced, r)
		return 1, nil
	}
	t, err := agree(paced, r, p.cfg.Magic, !p.inbound)
	if err != nil {
		return 0, err
	}
	p.t = t
	return 2, nil
}

// greet says version and what goes with it, and hears the same [PushNodeVersion].
func (p *Peer) greet() (p2p.Hello, error) {
	transport, err := p.openTransport()
	if err != nil {
		return p2p.Hello{}, err
	}
	var session [32]byte
	if t, ok := p.t.(*sealed); ok {
		session = t.session
	}
	p.meter.opened(transport, session)
	if !p.inbound {
		if err := p.say(p.version()); err != nil {
			return p2p.Hello{}, err
		}
	}
	h, err := p.hearVersion()
	if err != nil {
		return p2p.Hello{}, err
	}
	h.Transport, h.Session = transport, session
	if p.cfg.Feeler {
		return h, nil
	}
	if p.inbound {
		if err := p.say(p.version()); err != nil {
			return p2p.Hello{}, err
		}
	}
	if h.Version >= int32(wire.AddrV2Version) {
		if err := p.say(wire.NewMsgWTxIdRelay(), wire.NewMsgSendAddrV2()); err != nil {
			return p2p.Hello{}, err
		}
	}
	if p.cfg.Have && h.Version >= msg.FeatureVersion {
		if err := p.say(&msg.Feature{ID: msg.FeatureHave}, &msg.Feature{ID: msg.FeatureGiven}); err != nil {
			return p2p.Hello{}, err
		}
	}
	if err := p.say(wire.NewMsgVerAck()); err != nil {
		return p2p.Hello{}, err
	}
	err = p.hearVerAck(&h)
	return h, err
}

func (p *Peer) say(ms ...wire.Message) error {
	for _, m := range ms {
		if err := p.write(item{msg: m}); err != nil {
			return err
		}
	}
	return p.t.flush()
}

func (p *Peer) version() *wire.MsgVersion {
	return &wire.MsgVersion{
		ProtocolVersion: p.protocol(),
		Services:        p.cfg.Services,
		Timestamp:       p.cfg.Now(),
		AddrYou:         netAddress(p.conn.RemoteAddr()),
		AddrMe:          wire.NetAddress{Services: p.cfg.Services, IP: net.IPv6zero},
		Nonce:           p.cfg.Nonce,
		UserAgent:       p.cfg.UserAgent,
		LastBlock:       p.cfg.Height,
		DisableRelayTx:  p.cfg.Silent,
	}
}

// protocol is the version we say: feature is promised only when we have one to offer.
func (p *Peer) protocol() int32 {
	if p.cfg.Have {
		return msg.FeatureVersion
	}
	return msg.ProtocolVersion
}

func netAddress(a net.Addr) wire.NetAddress {
	if t, ok := a.(*net.TCPAddr); ok {
		return wire.NetAddress{IP: t.IP, Port: uint16(t.Port)}
	}
	return wire.NetAddress{IP: net.IPv6zero}
}

// hearVersion waits for version. What comes before it is ignored, as in Core; the
// handshake as a whole has its time.
func (p *Peer) hearVersion() (p2p.Hello, error) {
	var v *wire.MsgVersion
	for v == nil {
		m, err := p.readMessage(func(command string) bool { return p.inTurn(command, command == wire.CmdVersion, "version") })
		if err != nil && !msg.Ignored(err) {
			return p2p.Hello{}, err
		}
		v, _ = m.(*wire.MsgVersion)
	}
	if p.inbound && v.Nonce != 0 && p.cfg.Ours != nil && p.cfg.Ours(v.Nonce) {
		p.cfg.Log.Debug("connected to ourselves")
		return p2p.Hello{}, ErrSelf
	}
	if v.ProtocolVersion < minVersion {
		p.cfg.Log.Debug("protocol version too old", "version", v.ProtocolVersion)
		return p2p.Hello{}, fmt.Errorf("protocol version %d is too old, at least %d is needed", v.ProtocolVersion, minVersion)
	}
	if err := p.suits(v.Services); err != nil {
		return p2p.Hello{}, err
	}
	return p2p.Hello{
		Nonce:       v.Nonce,
		Version:     v.ProtocolVersion,
		Services:    v.Services,
		UserAgent:   p2p.Sanitized(v.UserAgent), // [cleanSubVer]
		StartHeight: v.LastBlock,
		Relay:       !v.DisableRelayTx,
		Clock:       v.Timestamp,
	}, nil
}

// suits checks what a peer offers.
func (p *Peer) suits(offered wire.ServiceFlag) error {
	needs := p.cfg.Needs
	if p.cfg.Limited && offered&wire.SFNodeNetworkLimited != 0 && needs&wire.SFNodeNetwork != 0 {
		needs = needs&^wire.SFNodeNetwork | wire.SFNodeNetworkLimited
	}
	missing := needs &^ offered
	if missing == 0 {
		return nil
	}
	p.cfg.Log.Debug("offers too little", "offered", fmt.Sprintf("%08x", uint64(offered)), "expected", fmt.Sprintf("%08x", uint64(needs)))
	return fmt.Errorf("does not offer %v", missing)
}

// inTurn notes a message that is not, because another has to come first.
func (p *Peer) inTurn(command string, ok bool, awaited string) bool {
	switch {
	case ok:
	case command == wire.CmdVersion:
		p.cfg.Log.Debug("message repeated", "message", command)
	default:
		p.cfg.Log.Debug("message before its turn", "message", command, "awaited", awaited)
	}
	return ok
}

// isGreeting tells what counts between version and verack; all else is ignored, a
// second version too.
func isGreeting(command string) bool {
	switch command {
	case wire.CmdVerAck, wire.CmdWTxIdRelay, wire.CmdSendAddrV2, wire.CmdSendHeaders, msg.CmdFeature, msg.CmdSendCmpct:
		return true
	}
	return false
}

// hearVerAck takes what may stand between version and verack.
func (p *Peer) hearVerAck(h *p2p.Hello) error {
	for {
		m, err := p.readMessage(func(command string) bool { return p.inTurn(command, isGreeting(command), "verack") })
		switch m := m.(type) {
		case nil:
			if !msg.Ignored(err) {
				return err
			}
		case *wire.MsgVerAck:
			return nil
		case *wire.MsgWTxIdRelay:
			h.WTxIDRelay = h.Version >= int32(wire.AddrV2Version)
		case *wire.MsgSendAddrV2:
			h.AddrV2 = true
		case *msg.Feature:
			agreed := p.cfg.Have && h.Version >= msg.FeatureVersion
			h.Have = h.Have || agreed && m.ID == msg.FeatureHave
			h.Given = h.Given || agreed && m.ID == msg.FeatureGiven
		default:
			if len(p.early) < maxEarly {
				p.early = append(p.early, m)
			}
		}
	}
}
