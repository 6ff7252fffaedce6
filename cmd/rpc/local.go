package rpc

import (
	"context"
	"net/netip"
	"time"

	"grapevine/cmd/rpc/jsonrpc"
)

// Local is what a node of a local network lets people do to it: `grapevine testnet`
// calls it, on regtest alone. No list of help shows it.
type Local struct {
	// SetClock lets the node's clock go on so much ahead of the machine's.
	SetClock func(ctx context.Context, ahead time.Duration) error
	// Clock tells what it says, by how much it is ahead, and whether it stands still.
	Clock func() (now time.Time, ahead time.Duration, still bool)
	// Mining lets the node mine by itself as a mode says ("": as it does), and tells how.
	Mining func(mode string) (string, error)
	Links  Links // nil: they cannot be shaped
	// Hold stops the conversation with everybody until Release is called or so much time
	// is over; Release tells whether it was not over yet.
	Hold    func(ctx context.Context, most time.Duration) error
	Release func() bool
	// CopyTo copies the node's state into a new directory.
	CopyTo func(ctx context.Context, dir string) (Copied, error)
}

// Links shape the connections with other nodes of a local network.
type Links interface {
	// SetLinks takes the rules, as JSON, in place of those before, and tells which nodes,
	// by where they listen, can be reached again.
	SetLinks(rules []byte) (opened []netip.AddrPort, err error)
	// Links are the rules, for JSON.
	Links() any
}

// Copied is what CopyTo has made.
type Copied struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// localRows are the methods of Local.
func (s *Server) localRows() []jsonrpc.Method {
	return []jsonrpc.Method{
		{Name: "setlinks", Params: "rules:json?", Do: s.setLinks,
			Help: "Regtest: how messages go to and from other nodes, by where they listen, in place of what was set before; answers what holds. `grapevine testnet cut`, `link` and `heal` call it.", Example: `'[{"node":"127.0.0.1:18445","out":{"latency":"80ms"},"in":{"cut":true}}]'`},
		{Name: "setclock", Params: "ahead:long?", Do: s.setClock,
			Help: "Regtest: lets the node's clock go on so many seconds ahead of the machine's (behind it if negative), and ends a setmocktime; answers what it says. `grapevine testnet clock` calls it.", Example: "7200"},
		{Name: "setmining", Params: "mode:text?", Do: s.setMining,
			Help: "Regtest: lets the node mine by itself: manual, on-tx, every=2s, or about=2s at random; answers how it does. `grapevine testnet mine` calls it.", Example: "every=2s"},
		{Name: "hold", Params: "seconds:int", Do: s.hold,
			Help: "Regtest: the node hears nobody for so many seconds, 60 at most, or until they are set to 0; that answers whether they were not over yet. `grapevine testnet snapshot` calls it.", Example: "10"},
		{Name: "copyto", Params: "dir:text", Do: s.copyTo,
			Help: "Regtest: copies chain, wallets, pool and addresses into a new directory, by its absolute path, while the node runs. `grapevine testnet snapshot` calls it.", Example: "/tmp/copy"},
	}
}

// local is what may be done to this node, or why it may not.
func (s *Server) local(method string) (*Local, error) {
	if s.cfg.Local == nil || !s.cfg.Chain.Params.Local() {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "%s is for regression testing (-regtest mode) only.", method)
	}
	return s.cfg.Local, nil
}

func (s *Server) setLinks(_ context.Context, c *jsonrpc.Call) (any, error) {
	rules := c.Raw("rules")
	if err := c.Err(); err != nil {
		return nil, err
	}
	l, err := s.local("setlinks")
	if err != nil {
		return nil, err
	}
	if l.Links == nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "the links of this node cannot be shaped: it was not started as `grapevine node`")
	}
	if len(rules) > 0 {
		opened, err := l.Links.SetLinks(rules)
		if err != nil {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "%v", err)
		}
		if len(opened) > 0 {
			if err := s.cfg.Swarm.Retry(opened); err != nil {
				return nil, err
			}
		}
	}
	return l.Links.Links(), nil
}

// clockView is what setclock answers.
type clockView struct {
	Time  int64 `json:"time"`
	Ahead int64 `json:"ahead"` // seconds
	Still bool  `json:"still"` // it stands, by setmocktime
}

func (l *Local) clockNow() clockView {
	now, ahead, still := l.Clock()
	return clockView{now.Unix(), int64(ahead / time.Second), still}
}

func (s *Server) setClock(ctx context.Context, c *jsonrpc.Call) (any, error) {
	l, err := s.local("setclock")
	if err != nil {
		return nil, err
	}
	if c.Has("ahead") {
		ahead := c.Int("ahead")
		at := time.Now().Unix() + ahead
		if ahead < -maxMockTime || ahead > maxMockTime || at < 0 || at > maxMockTime {
			c.Refuse(jsonrpc.CodeInvalidParam, "The clock must stay between 1970 and 2106, not go on %d seconds ahead: a block's time has 32 bits.", ahead)
		}
		if err := c.Err(); err != nil {
			return nil, err
		}
		if err := l.SetClock(ctx, time.Duration(ahead)*time.Second); err != nil {
			return nil, err
		}
	}
	return l.clockNow(), c.Err()
}

func (s *Server) setMining(_ context.Context, c *jsonrpc.Call) (any, error) {
	mode := c.String("mode")
	if err := c.Err(); err != nil {
		return nil, err
	}
	l, err := s.local("setmining")
	if err != nil {
		return nil, err
	}
	now, err := l.Mining(mode)
	if err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "%q: %v", mode, err)
	}
	return struct {
		Mode string `json:"mode"`
	}{now}, nil
}

// maxHold bounds how long a node hears nobody when whoever held it has died.
const maxHold = 60 // seconds

func (s *Server) hold(ctx context.Context, c *jsonrpc.Call) (any, error) {
	seconds := c.Int("seconds")
	if seconds < 0 || seconds > maxHold {
		c.Refuse(jsonrpc.CodeInvalidParam, "A node is held for 1 to %d seconds, not %d; 0 lets it go.", maxHold, seconds)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	l, err := s.local("hold")
	if err != nil {
		return nil, err
	}
	if seconds == 0 {
		return l.Release(), nil
	}
	if err := l.Hold(ctx, time.Duration(seconds)*time.Second); err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "%v", err)
	}
	return true, nil
}

// copiedView is what copyto answers.
type copiedView struct {
	Copied
	Height int32     `json:"height"`
	Best   string    `json:"bestblock"`
	Clock  clockView `json:"clock"`
	Mining string    `json:"mining"`
}

func (s *Server) copyTo(ctx context.Context, c *jsonrpc.Call) (any, error) {
	dir := c.String("dir")
	if err := c.Err(); err != nil {
		return nil, err
	}
	l, err := s.local("copyto")
	if err != nil {
		return nil, err
	}
	var v copiedView
	if v.Copied, err = l.CopyTo(ctx, dir); err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "%v", err)
	}
	tip := s.cfg.Chain.Ledger.Tip()
	v.Height, v.Best, v.Clock = tip.Height, tip.Hash.String(), l.clockNow()
	v.Mining, err = l.Mining("")
	return v, err
}
