package main

import (
	"context"
	"encoding/json"
	"sync"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/rpc/client"
	"grapevine/cmd/rpc/events"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// siblings are the local network of a node that testnet has started, as its page sees it.
type siblings struct {
	dir  string // of net.json
	self int

	mu     sync.Mutex
	dialed map[int]sibling // by node
}

// sibling is a member with its client, which is good as long as the member's process runs.
type sibling struct {
	pid    int
	client *client.Client
}

func newSiblings(dir string, self int) *siblings {
	return &siblings{dir: dir, self: self, dialed: map[int]sibling{}}
}

// Self is web.Siblings'.
func (s *siblings) Self() int { return s.self }

// File is web.Siblings'.
func (s *siblings) File() (testnet.File, error) { return process.ReadFile(s.dir) }

// Node is web.Siblings'.
func (s *siblings) Node(m testnet.Member) (testnet.Node, error) { return s.dial(m) }

func (s *siblings) dial(m testnet.Member) (*client.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, there := s.dialed[m.Node]
	if there && old.pid == m.PID {
		return old.client, nil
	}
	cl, err := cli.DialMember(m)
	if err != nil {
		return nil, err
	}
	if there {
		old.client.Close()
	}
	s.dialed[m.Node] = sibling{m.PID, cl}
	return cl, nil
}

// follow is web.Config's Events: of this process the hub tells, of the others their /events.
func (s *siblings) follow(own *events.Hub) func(context.Context, testnet.Member, bool, func([]byte)) error {
	travels := events.Filter{Kinds: []events.Kind{events.Heard, events.Judged, events.Relayed, events.Removed, events.Tip}}
	return func(ctx context.Context, m testnet.Member, past bool, tell func([]byte)) error {
		one := func(e events.Event) error {
			raw, err := json.Marshal(e)
			if err == nil {
				tell(raw)
			}
			return err
		}
		after := uint64(0)
		if past {
			after = events.All
		}
		if s == nil || m.Node == s.self {
			return listen(ctx, own.Listen(travels, after), one)
		}
		cl, err := s.dial(m)
		if err != nil {
			return err
		}
		return events.Follow(ctx, cl, travels, after, one)
	}
}

// listen calls fn with what a listener hears.
func listen(ctx context.Context, l *events.Listener, fn func(events.Event) error) error {
	for {
		evs, err := l.Next(ctx)
		if err != nil {
			return err
		}
		for _, e := range evs {
			if err := fn(e); err != nil {
				return err
			}
		}
	}
}
