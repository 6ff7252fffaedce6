package swarm

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/addrbook"
	"grapevine/p2p/gossip"
)

// Errors of the calls, as Bitcoin Core's RPC has them.
var (
	ErrNodeAdded    = errors.New("node already added")
	ErrNodeNotAdded = errors.New("node has not been added")
	errAsleep       = errors.New("the network is switched off")
	ErrNotConnected = errors.New("node not found in connected nodes")
)

// do runs f in the loop and waits until it has run.
func (s *Swarm) do(ctx context.Context, f func(*loop)) error {
	ran := make(chan struct{})
	select {
	case s.calls <- func(l *loop) { f(l); close(ran) }:
		<-ran // the loop runs it at once and never waits
		return nil
	case <-s.done:
		return chain.ErrShutdown
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask is do for those who have no context: nothing happens unless we run.
func (s *Swarm) ask(f func(*loop)) error {
	select {
	case <-s.ready:
		return s.do(context.Background(), f)
	case <-s.done:
		return chain.ErrShutdown
	default:
		return errors.New("the network has not started yet")
	}
}

// Deliver hands gossip verdicts and changes, in order. It waits only until the
// loop takes them; chain.ErrShutdown when it has ended.
func (s *Swarm) Deliver(ctx context.Context, evs ...gossip.Event) error {
	if len(evs) == 0 {
		return nil
	}
	select {
	case s.verdicts <- evs:
		return nil
	case <-s.done:
		return chain.ErrShutdown
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Settle returns when the loop has done what was delivered before.
func (s *Swarm) Settle(ctx context.Context) error { return s.do(ctx, func(*loop) {}) }

// SubmitTx enters a transaction as a message of our own (p2p.Self) and waits for its verdict.
func (s *Swarm) SubmitTx(ctx context.Context, tx *chain.Tx) error {
	return s.submit(ctx, func(t p2p.Ticket) gossip.Event { return gossip.SubmitTx{Ticket: t, Tx: tx} })
}

// SubmitBlock enters a block as a message of our own and waits for its verdict.
func (s *Swarm) SubmitBlock(ctx context.Context, b *chain.Block) error {
	return s.submit(ctx, func(t p2p.Ticket) gossip.Event { return gossip.SubmitBlock{Ticket: t, Block: b} })
}

// SubmitHeader enters a header without its body.
func (s *Swarm) SubmitHeader(ctx context.Context, h wire.BlockHeader) error {
	return s.submit(ctx, func(t p2p.Ticket) gossip.Event { return gossip.SubmitHeader{Ticket: t, Header: h} })
}

// FetchBlock asks the peer of that number for a block; the error says
// why it cannot be asked.
func (s *Swarm) FetchBlock(ctx context.Context, number int64, n *chain.HeaderNode) error {
	var id p2p.PeerID
	err := s.ask(func(l *loop) {
		if r := l.numbered(number); r != nil {
			id = r.ID
		}
	})
	if err != nil {
		return err
	}
	return s.submit(ctx, func(t p2p.Ticket) gossip.Event { return gossip.FetchBlock{Ticket: t, Peer: id, Node: n} })
}

// submit is answered once: by gossip, by ctx, or by the swarm's end.
func (s *Swarm) submit(ctx context.Context, event func(p2p.Ticket) gossip.Event) error {
	reply := make(chan error, 1)
	err := s.do(ctx, func(l *loop) {
		l.lastTicket++
		l.tickets[l.lastTicket] = reply
		l.step(event(l.lastTicket))
	})
	if err != nil {
		return err
	}
	return s.await(ctx, reply)
}

// await is what the loop answers to a call of do, or why it does not.
func (s *Swarm) await(ctx context.Context, reply <-chan error) error {
	select {
	case err := <-reply:
		return err
	case <-ctx.Done():
	case <-s.done:
	}
	select {
	case err := <-reply: // it came before that, or with it
		return err
	default:
		return cmp.Or(ctx.Err(), chain.ErrShutdown)
	}
}

// AddNode keeps HOST[:PORT] connected from now on (addnode add), without encryption if plain.
func (s *Swarm) AddNode(addr string, plain bool) error {
	to, err := s.cfg.hostPort(addr)
	if err != nil {
		return err
	}
	added := false
	err = s.ask(func(l *loop) {
		if added = l.dial.targets.add(target{to: to, text: addr, plain: plain, next: l.cfg.Now()}); added {
			l.dialAll()
		}
	})
	if err == nil && !added {
		err = ErrNodeAdded
	}
	return err
}

// RemoveNode forgets an AddNode; a connection that stands is left alone [RemoveAddedNode].
func (s *Swarm) RemoveNode(addr string) error {
	found := false
	to, err := s.cfg.hostPort(addr)
	if err == nil {
		err = s.ask(func(l *loop) { found = l.dial.targets.remove(to) })
	}
	if err == nil && !found {
		err = ErrNodeNotAdded
	}
	return err
}

// AddedNode is a node that is kept connected.
type AddedNode struct {
	Node string        // as AddNode was told, else HOST:PORT
	To   p2p.HostPort  // where that is
	Peer *p2p.PeerInfo // its connection, which it may have made itself, or says so until we have dialled it; nil: there is none
}

// AddedNodes lists what AddNode, Config.AddNode and Config.Connect asked for [GetAddedNodeInfo].
func (s *Swarm) AddedNodes() (nodes []AddedNode) {
	_ = s.ask(func(l *loop) {
		for _, t := range l.dial.targets.all {
			n := AddedNode{Node: cmp.Or(t.text, t.to.String()), To: t.to}
			r := l.peers[t.live]
			if at, _ := l.cfg.addrOf(t.to); r == nil && t.waits(l.cfg.Now()) {
				r = l.claimant(at)
			}
			if r != nil && r.peer != nil && !r.dropped {
				info := l.info(r)
				n.Peer = &info
			}
			nodes = append(nodes, n)
		}
	})
	return nodes
}

// Disconnect ends the connections with HOST[:PORT] [DisconnectNode].
func (s *Swarm) Disconnect(addr string) error {
	to, err := s.cfg.hostPort(addr)
	if err != nil {
		return ErrNotConnected
	}
	at, _ := s.cfg.addrOf(to)
	return s.disconnect(func(r *remote) bool { return r.to == to || at.IsValid() && r.at == at })
}

// DisconnectNumber ends the connection of this number.
func (s *Swarm) DisconnectNumber(n int64) error {
	return s.disconnect(func(r *remote) bool { return r.Number == n })
}

func (s *Swarm) disconnect(match func(*remote) bool) error {
	found := false
	err := s.ask(func(l *loop) {
		for _, r := range l.order {
			if r.conn != nil && !r.dropped && match(r) {
				found = true
				l.dropFor(r, "asked for by RPC", "")
			}
		}
	})
	if err == nil && !found {
		err = ErrNotConnected
	}
	return err
}

// BanTime is how long a ban lasts when nobody says.
func (s *Swarm) BanTime() time.Duration { return s.cfg.banTime() }

// SetBan keeps a part of the network away until then (setban add); who is there from it
// has to go. Bans outlive the process.
func (s *Swarm) SetBan(n p2p.Subnet, until time.Time) error {
	if err := s.cfg.Book.Ban(n, until); err != nil {
		return err
	}
	return s.ask(func(l *loop) {
		for _, r := range l.order {
			if l.cfg.Book.Banned(r.at.Addr()) {
				l.dropFor(r, "banned", "")
			}
		}
	})
}

// Book is the address book: bans are taken back and listed there.
func (s *Swarm) Book() *addrbook.Book { return s.cfg.Book }

// Roads are the ways to other networks.
func (s *Swarm) Roads() p2p.Roads { return s.cfg.Roads }

// Services are what we offer to peers.
func (s *Swarm) Services() wire.ServiceFlag { return s.cfg.services() }

// TakesTxs says whether transactions of peers are taken [fRelayTxes].
func (s *Swarm) TakesTxs() bool { return !s.cfg.BlocksOnly }

// SetActive switches the network off and on (setnetworkactive): while it is
// off there are no connections, and none is accepted or dialled [SetNetworkActive].
func (s *Swarm) SetActive(on bool) error {
	return s.ask(func(l *loop) {
		l.asleep, l.seeds.held = !on, false
		l.cfg.Log.Info("network switched", "on", on)
		for _, r := range l.order {
			if !on {
				l.dropFor(r, "the network is switched off", "")
			}
		}
		l.dialAll()
	})
}

// Active tells whether the network is switched on.
func (s *Swarm) Active() (on bool) {
	_ = s.ask(func(l *loop) { on = !l.asleep })
	return on
}

// Status is what gossip says of headers and sync.
func (s *Swarm) Status() (st gossip.Status) {
	_ = s.ask(func(l *loop) {
		l.step(gossip.Tick{}) // perhaps nothing has happened for long
		st = l.cfg.State.Status()
	})
	return st
}

// Orphans lists the transactions that wait for their parents [GetOrphanTransactions].
func (s *Swarm) Orphans() (all []gossip.Orphan) {
	_ = s.ask(func(l *loop) { all = l.cfg.State.Orphans() })
	return all
}

// Totals are the bytes of all connections since the start, ended ones too.
type Totals struct{ BytesSent, BytesRecv uint64 }

// Totals counts all bytes since the start.
func (s *Swarm) Totals() Totals {
	return Totals{BytesSent: s.meter.Sent.Load(), BytesRecv: s.meter.Recv.Load()}
}

// Peers lists the connections whose handshake is done, oldest first.
func (s *Swarm) Peers() []p2p.PeerInfo {
	return slices.DeleteFunc(s.Connections(), func(p p2p.PeerInfo) bool { return !p.Greeted })
}

// Connections lists all connections, those too whose handshake is not done.
func (s *Swarm) Connections() (infos []p2p.PeerInfo) {
	_ = s.ask(func(l *loop) {
		for _, r := range l.order {
			if r.conn != nil && !r.dropped {
				infos = append(infos, l.info(r))
			}
		}
	})
	return infos
}

func (l *loop) info(r *remote) p2p.PeerInfo {
	p := p2p.PeerInfo{
		Link:         r.Link,
		Greeted:      r.peer != nil,
		Addr:         r.name(),
		At:           r.at,
		Network:      r.network(),
		MappedAS:     l.cfg.Book.AS(r.at.Addr()),
		Connected:    r.since,
		TimeSkew:     r.skew,
		Proven:       r.listens.IsValid(),
		AddrRelay:    r.addrRelay,
		AddrsTaken:   r.addrsTaken,
		AddrsLimited: r.addrsLimited,
	}
	if at := r.conn.LocalAddr(); at.IsValid() {
		p.LocalAddr = at.String()
	}
	if at := cmp.Or(r.listens, r.claims); at.IsValid() {
		p.Listens = p2p.HostPortOf(at).String()
	}
	r.conn.Describe(&p)
	l.cfg.State.Describe(r.ID, &p)
	if !p.Greeted {
		p.StartHeight = -1
	}
	return p
}
