package notify

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// DefaultHWM is how many messages wait for a subscriber [DEFAULT_ZMQ_SNDHWM].
	DefaultHWM = 1000
	// maxSubscribers of one address; further ones are hung up on.
	maxSubscribers = 256
	// maxNotifiers bounds what is configured: each costs a
	// little of every transaction.
	maxNotifiers = 64
	// acceptPause is waited after a failure to accept, as when files run out.
	acceptPause = 100 * time.Millisecond
)

// Topics, in the order in which they are listed.
const (
	hashBlock = "hashblock"
	hashTx    = "hashtx"
	rawBlock  = "rawblock"
	rawTx     = "rawtx"
	sequence  = "sequence"
)

// Topics are all that there are, as in zmqpub<topic>.
func Topics() []string { return []string{hashBlock, hashTx, rawBlock, rawTx, sequence} }

// begins says whether some topic begins so.
func begins(prefix string) bool {
	for _, t := range Topics() {
		if strings.HasPrefix(t, prefix) {
			return true
		}
	}
	return false
}

// Notifier says what is published where [CZMQAbstractNotifier].
type Notifier struct {
	Topic   string // one of Topics
	Address string // tcp://HOST:PORT, ipc://PATH or unix:PATH
	HWM     int    // messages that wait for a subscriber; 0: no limit but that of memory
}

// Config of a Publisher.
type Config struct {
	Notifiers []Notifier   // in any order; several may share an address, whose mark is the first one's
	Log       *slog.Logger // nil discards
}

// Publisher publishes to whoever subscribes.
type Publisher struct {
	log       *slog.Logger
	notifiers []*notifier // the order of Topics, and of Config within a topic
	endpoints []*endpoint
}

// notifier is one Notifier at work.
type notifier struct {
	Notifier
	at  *endpoint
	seq uint32 // of the next message
}

// endpoint is one address.
type endpoint struct {
	address  string
	hwm      int
	listener net.Listener

	mu     sync.Mutex
	subs   map[*subscriber]struct{}
	closed bool
}

// Listen opens the sockets. A Publisher that is never Run must be Closed.
func Listen(c Config) (*Publisher, error) {
	p := &Publisher{log: c.Log}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if len(c.Notifiers) > maxNotifiers {
		return nil, fmt.Errorf("%d ZeroMQ notifiers, at most %d", len(c.Notifiers), maxNotifiers)
	}
	for _, topic := range Topics() {
		for _, n := range c.Notifiers {
			if n.Topic != topic {
				continue
			}
			if err := p.add(n); err != nil {
				return nil, errors.Join(fmt.Errorf("zmqpub%s: %w", topic, err), p.Close())
			}
		}
	}
	return p, nil
}

func (p *Publisher) add(n Notifier) error {
	n.Address = canonical(n.Address)
	if n.HWM < 0 {
		return fmt.Errorf("high-water mark %d: at least 0", n.HWM)
	}
	at := p.endpoint(n.Address)
	if at == nil {
		l, err := listen(n.Address)
		if err != nil {
			return fmt.Errorf("listen at %s: %w", n.Address, err)
		}
		at = &endpoint{address: n.Address, hwm: n.HWM, listener: l, subs: map[*subscriber]struct{}{}}
		p.endpoints = append(p.endpoints, at)
	}
	p.notifiers = append(p.notifiers, &notifier{Notifier: n, at: at})
	return nil
}

func (p *Publisher) endpoint(address string) *endpoint {
	for _, e := range p.endpoints {
		if e.address == address {
			return e
		}
	}
	return nil
}

// Notifiers are what is published where [getzmqnotifications]. Of a nil Publisher there are none.
func (p *Publisher) Notifiers() (list []Notifier) {
	if p == nil {
		return nil
	}
	for _, n := range p.notifiers {
		list = append(list, n.Notifier)
	}
	return list
}

// Run takes subscribers until ctx ends; then the sockets are closed.
func (p *Publisher) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, e := range p.endpoints {
		all.Add(1)
		go func() {
			defer all.Done()
			e.accept(ctx, p.log)
		}()
	}
	<-ctx.Done()
	err := p.Close()
	all.Wait()
	return err
}

// Close closes the sockets and hangs up on all.
func (p *Publisher) Close() error {
	var errs []error
	for _, e := range p.endpoints {
		if err := e.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
		e.mu.Lock()
		e.closed = true
		for s := range e.subs {
			s.close()
		}
		e.mu.Unlock()
	}
	return errors.Join(errs...)
}

// accept serves who connects until the listener is closed.
func (e *endpoint) accept(ctx context.Context, log *slog.Logger) {
	var all sync.WaitGroup
	defer all.Wait()
	for ctx.Err() == nil {
		conn, err := e.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			log.Warn("a ZeroMQ subscriber cannot be taken", "address", e.address, "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(acceptPause):
			}
			continue
		}
		s := newSubscriber(conn, e.hwm)
		if !e.join(s) {
			conn.Close()
			continue
		}
		all.Add(1)
		go func() {
			defer all.Done()
			defer e.leave(s)
			err := s.run()
			log.Debug("a ZeroMQ subscriber has left", "address", e.address, "err", err)
		}()
	}
}

func (e *endpoint) join(s *subscriber) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || len(e.subs) >= maxSubscribers {
		return false
	}
	e.subs[s] = struct{}{}
	return true
}

func (e *endpoint) leave(s *subscriber) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.subs, s)
}

// publish gives a message to those of the notifier's subscribers who want it
// [CZMQAbstractPublishNotifier::SendZmqMessage].
func (n *notifier) publish(body []byte) {
	seq := n.seq
	n.seq++
	n.at.mu.Lock()
	defer n.at.mu.Unlock()
	var m *message
	for s := range n.at.subs {
		if !s.wants(n.Topic) {
			continue
		}
		if m == nil {
			m = newMessage(n.Topic, body, seq)
		}
		s.offer(m)
	}
}

// newMessage is topic, body and counter.
func newMessage(topic string, body []byte, seq uint32) *message {
	head := append(frame(flagMore, []byte(topic)), header(flagMore, len(body))...)
	return &message{head: head, body: body, tail: frame(0, binary.LittleEndian.AppendUint32(nil, seq))}
}
