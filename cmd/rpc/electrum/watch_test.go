package electrum

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"grapevine/chain"
)

// bare is a server without listeners and without a node.
func bare(t *testing.T) *Server {
	t.Helper()
	s, err := Listen(Config{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// joined is a client of a server at the one end of a pipe; the test has the other.
func joined(t *testing.T, s *Server) (*client, net.Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	c := newClient(s, ours)
	if !s.join(c) {
		t.Fatal("there is no place for a client")
	}
	return c, theirs
}

// Subscribing again and again, and leaving again, takes no more memory than the subscriptions that are held.
func TestSubscribingAgainTakesNoMemory(t *testing.T) {
	s := bare(t)
	c, _ := joined(t, s)
	for n := range 1000 {
		s.watch(c, chain.Hash{1})
		s.watch(c, chain.Hash{2, byte(n), byte(n >> 8)})
		s.forget(c, chain.Hash{2, byte(n), byte(n >> 8)})
	}
	if len(c.fresh) != 1 {
		t.Errorf("%d subscriptions wait for their answers, of one that is held", len(c.fresh))
	}
}

// A subscription by a request without an id has no answer to wait for: it is told of changes at once.
func TestASubscriptionByNotificationWaitsForNothing(t *testing.T) {
	s := bare(t)
	c, _ := joined(t, s)
	s.watch(c, chain.Hash{1})
	in := bufio.NewReader(strings.NewReader(`{"jsonrpc":"2.0","method":"server.ping","params":[]}` + "\n"))
	line, err := s.calls.ReadLine(t.Context(), in, maxLine, func() {})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.answer(t.Context(), line); err != nil {
		t.Fatal(err)
	}
	if len(c.fresh) != 0 || c.subs[chain.Hash{1}].pending {
		t.Errorf("%d subscriptions wait for their answers", len(c.fresh))
	}
}
