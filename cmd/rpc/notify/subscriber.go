package notify

import (
	"bufio"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// handshakeTime is how long a connection may take to say that it is a subscriber
	// [ZMQ_HANDSHAKE_IVL].
	handshakeTime = 30 * time.Second
	// maxWaiting bytes of messages wait for one subscriber, however high the mark:
	// 1,000 blocks are 4 GB.
	maxWaiting = 256 << 20
	// maxPongs answers to heartbeats wait for a subscriber that does not read.
	maxPongs = 4
)

// message is a message as it travels. Several subscribers share one.
type message struct {
	head, body []byte // the body is apart, so that a block is not copied
	tail       []byte
}

func (m *message) size() int { return len(m.head) + len(m.body) + len(m.tail) }

// subscriber is one connection.
type subscriber struct {
	conn net.Conn
	hwm  int           // messages; 0: as many as maxWaiting holds
	wake chan struct{} // capacity 1: something waits

	mu      sync.Mutex
	topics  map[string]int // asked for, and how often: each takes as many to be taken back
	waiting []*message
	bytes   int      // of waiting
	pongs   [][]byte // go before messages
	closed  bool
}

func newSubscriber(conn net.Conn, hwm int) *subscriber {
	return &subscriber{conn: conn, hwm: hwm, wake: make(chan struct{}, 1), topics: map[string]int{}}
}

// run serves the connection until it ends.
func (s *subscriber) run() error {
	defer s.close()
	if err := s.handshake(); err != nil {
		return err
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		s.write()
	}()
	err := s.read()
	s.close()
	<-written
	return err
}

func (s *subscriber) handshake() error {
	if err := s.conn.SetDeadline(time.Now().Add(handshakeTime)); err != nil {
		return err
	}
	if _, err := s.conn.Write(append(greeting(), ready()...)); err != nil {
		return err
	}
	if err := readGreeting(s.conn); err != nil {
		return err
	}
	if err := readReady(s.conn); err != nil {
		return err
	}
	return s.conn.SetDeadline(time.Time{})
}

// read follows what is asked for.
func (s *subscriber) read() error {
	r := bufio.NewReader(s.conn)
	for {
		flags, body, err := readFrame(r)
		if err != nil {
			return err
		}
		if flags&flagCommand == 0 { // as version 3.0 subscribes: 1 or 0, then the topic
			if len(body) > 0 && body[0] <= 1 {
				s.ask(string(body[1:]), body[0] == 1)
			}
			continue
		}
		name, data, err := split(body)
		if err != nil {
			return err
		}
		switch name {
		case "SUBSCRIBE", "CANCEL":
			s.ask(string(data), name == "SUBSCRIBE")
		case "PING": // time to live 2 ‖ context
			if len(data) < 2 || len(data) > 2+maxContext {
				return errProtocol
			}
			s.pong(data[2:])
		}
	}
}

// ask notes a topic, or takes it back. What begins none of ours is not kept, so
// there are few.
func (s *subscriber) ask(topic string, want bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !begins(topic):
	case want:
		s.topics[topic]++
	case s.topics[topic] > 1:
		s.topics[topic]--
	default:
		delete(s.topics, topic)
	}
}

func (s *subscriber) pong(context []byte) {
	s.mu.Lock()
	if len(s.pongs) < maxPongs {
		s.pongs = append(s.pongs, command("PONG", context))
	}
	s.mu.Unlock()
	s.poke()
}

// wants says whether the topic was asked for. An empty one asks for all.
func (s *subscriber) wants(topic string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for asked := range s.topics {
		if strings.HasPrefix(topic, asked) {
			return true
		}
	}
	return false
}

// offer queues a message, unless the mark is reached. It never waits.
func (s *subscriber) offer(m *message) {
	s.mu.Lock()
	full := s.hwm > 0 && len(s.waiting) >= s.hwm || len(s.waiting) > 0 && s.bytes+m.size() > maxWaiting
	if !full && !s.closed {
		s.waiting = append(s.waiting, m)
		s.bytes += m.size()
	}
	s.mu.Unlock()
	s.poke()
}

func (s *subscriber) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // one is waiting already
	}
}

// write sends what waits until the connection ends.
func (s *subscriber) write() {
	for range s.wake {
		for {
			parts, more := s.next()
			if !more {
				break
			}
			if _, err := parts.WriteTo(s.conn); err != nil {
				s.close()
				return
			}
		}
		if s.isClosed() {
			return
		}
	}
}

// next is what is to be written next.
func (s *subscriber) next() (parts net.Buffers, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, false
	case len(s.pongs) > 0:
		parts, s.pongs = net.Buffers{s.pongs[0]}, s.pongs[1:]
		return parts, true
	case len(s.waiting) == 0:
		s.waiting = nil // its room too
		return nil, false
	}
	m := s.waiting[0]
	s.waiting[0] = nil
	s.waiting = s.waiting[1:]
	s.bytes -= m.size()
	return net.Buffers{m.head, m.body, m.tail}, true
}

func (s *subscriber) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// close ends the connection; what waits is lost [ZMQ_LINGER 0].
func (s *subscriber) close() {
	s.mu.Lock()
	s.closed, s.waiting, s.bytes = true, nil, 0
	s.mu.Unlock()
	s.conn.Close()
	s.poke()
}
