package testnet

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Node is a running node as a scenario sees it: something that answers RPC.
// The command line's RPC client satisfies it by shape.
type Node interface {
	// Call asks for a method and decodes the answer into result, unless that is nil.
	Call(ctx context.Context, method string, result any, params ...any) error
}

// Member is one node of a local network, up or not.
type Member struct {
	Node     int    `json:"node"`
	PID      int    `json:"pid"` // 0 while it is down
	DataDir  string `json:"datadir"`
	P2P      string `json:"p2p"`               // host:port
	RPC      string `json:"rpc"`               // http://host:port
	User     string `json:"-"`                 // who may call RPC
	Password string `json:"-"`                 // not for screens and logs
	AddNode  string `json:"addnode,omitempty"` // the one address it was told; empty for the first
	Spec
}

// MaxAhead is how far a node's clock may differ from the machine's: more than anybody tests for,
// and within the 32 bits of a block's time.
const MaxAhead = 50 * 365 * 24 * time.Hour

// Bounds of the time between a miner's blocks: faster than the first nobody hears of them, and
// who finds fewer than the second does not mine.
const (
	MinPause = time.Millisecond
	MaxPause = 365 * 24 * time.Hour
)

// Spec is how a node differs from the others.
type Spec struct {
	Name string   `json:"name,omitempty"` // beside its number; see CheckName
	Mine string   `json:"mine,omitempty"` // its --mine mode; empty is manual
	Conf []string `json:"conf,omitempty"` // more lines of its grapevine.conf
	// Alone: it is told of nobody, and waits until somebody tells it (addnode).
	Alone bool `json:"alone,omitempty"`
	// Silent: it listens for nobody, as a client does.
	Silent bool `json:"silent,omitempty"`
}

// Setting is what the first line of the node's file says that sets this; said: there is one.
func (s Spec) Setting(name string) (value string, said bool) {
	for _, line := range s.Conf {
		if value, said = strings.CutPrefix(line, name+" = "); said {
			return value, true
		}
	}
	return "", false
}

// Wallet is whether the node keeps one: it does, unless its file says otherwise.
func (s Spec) Wallet() bool {
	said, ok := s.Setting("wallet")
	on, err := strconv.ParseBool(said)
	return on || !ok || err != nil
}

// File is a network as its net.json and the locks of its nodes describe it.
type File struct {
	Network string   `json:"network"`
	Nodes   []Member `json:"nodes"`
	// Ahead is by how much the nodes' clocks go on before the machine's, in seconds.
	Ahead int64  `json:"clock_ahead,omitempty"`
	Links []Link `json:"links,omitempty"` // those that are not as they come
	// Apart is a node that makes a chain where nobody hears of it; nil: none.
	Apart *Apart `json:"apart,omitempty"`
}

// Apart is a node that is off the network, with a block that it is to take for invalid
// until it comes back.
type Apart struct {
	Node  int    `json:"node"`
	Block string `json:"block"`
	// Older are the first blocks of chains that were undone before, and must not take the place of
	// the one that is undone now.
	Older []string `json:"older,omitempty"`
}

// Peopled is ErrNoNet for a network without nodes, which an `up` leaves in dir that was killed at once.
func (f File) Peopled(dir string) error {
	if len(f.Nodes) == 0 {
		return fmt.Errorf("%w: there are no nodes in %s", ErrNoNet, dir)
	}
	return nil
}

// Member is the member with number n.
func (f File) Member(n int) (Member, error) {
	for _, m := range f.Nodes {
		if m.Node == n {
			return m, nil
		}
	}
	return Member{}, fmt.Errorf("%w: there is no node %d, only %s", ErrNoNode, n, f.names())
}

func (f File) names() string {
	if len(f.Nodes) == 0 {
		return "an empty network"
	}
	var s []string
	for _, m := range f.Nodes {
		name := fmt.Sprint(m.Node)
		if m.Name != "" {
			name += " (" + m.Name + ")"
		}
		s = append(s, name)
	}
	return strings.Join(s, ", ")
}

// Launcher starts, kills and restarts the members of one network. It is used
// by one goroutine at a time.
type Launcher interface {
	// Add starts a fresh, empty node that knows only node 0's address, and
	// returns when it answers RPC.
	Add(ctx context.Context, s Spec) (Member, error)
	// Kill ends a node at once, as a power cut would (SIGKILL).
	Kill(ctx context.Context, n int) error
	// Start starts a node that is down, on its old data and addresses.
	Start(ctx context.Context, n int) (Member, error)
	// Connect makes a client of member m.
	Connect(m Member) (Node, error)
	// Members are all nodes, in order of their numbers.
	Members() []Member
	// Stop asks every node to stop and waits until all have ended.
	Stop(ctx context.Context) error
}
