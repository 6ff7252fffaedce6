package electrum

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"runtime/debug"
	"sync/atomic"
	"time"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

const (
	// firstTime is how long a client may take to introduce itself, and lineTime from a request's first
	// byte to its last.
	firstTime = 30 * time.Second
	lineTime  = 30 * time.Second
	// idleTime is how long a client may be silent: wallets ping.
	idleTime = 10 * time.Minute
	// maxLine bounds a request: a package of transactions in hex. Who has not introduced itself says less.
	maxLine  = 4 << 20
	maxFirst = 16 << 10
)

// client is one connection.
type client struct {
	*Server
	conn    net.Conn
	from    netip.Prefix // where it comes from
	since   time.Time    // it connected
	known   atomic.Bool
	version version       // the reader's; zero before it was agreed on
	replies chan reply    // from the reader to the writer
	wake    chan struct{} // capacity 1: there may be something to tell

	// Under Server.mu:
	out     bool                        // it was hung up on to make room
	tips    bool                        // it wants headers
	headers bool                        // and there is a new one
	subs    map[chain.Hash]subscription // by script hash
	fresh   map[chain.Hash]struct{}     // those of subs that the reader has not answered yet
	dirty   map[chain.Hash]struct{}     // scripts of subs whose histories have changed
}

// subscription is what a client was told last of a script.
type subscription struct {
	pending bool // its answer has not been sent
	status  string
}

// reply is an answer on its way; done is closed when it is sent.
type reply struct {
	line   *jsonrpc.Line
	pieces [][]byte
	done   chan struct{}
}

func newClient(s *Server, conn net.Conn) *client {
	return &client{Server: s, conn: conn, from: addressOf(conn), since: time.Now(), replies: make(chan reply), wake: make(chan struct{}, 1),
		subs: map[chain.Hash]subscription{}, fresh: map[chain.Hash]struct{}{}, dirty: map[chain.Hash]struct{}{}}
}

func (c *client) poke() {
	select {
	case c.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// hangUp closes the connection without a word: TLS would wait for who does not read, and Server.mu may be held.
func (c *client) hangUp() {
	raw := c.conn
	if t, ok := raw.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	_ = raw.Close()
}

// clientKey is where a call's context holds its client.
type clientKey struct{}

// run serves the client until it leaves.
func (c *client) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(context.WithValue(ctx, clientKey{}, c))
	defer cancel()
	written := make(chan error, 1)
	go func() {
		err := c.guard(ctx, c.write)
		cancel()
		_ = c.conn.Close() // says goodbye by TLS
		written <- err
	}()
	err := c.guard(ctx, c.read)
	cancel()
	_ = c.conn.Close()
	return errors.Join(err, <-written)
}

// errPanic ends a connection whose request made the program panic.
var errPanic = errors.New("a request failed within the program")

// guard keeps a panic to its connection, as net/http does.
func (c *client) guard(ctx context.Context, do func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("an Electrum client's request panicked", "from", c.conn.RemoteAddr().String(), "panic", p, "stack", string(debug.Stack()))
			err = errPanic
		}
	}()
	return do(ctx)
}

// errNoVersion: server and client have no version in common.
var errNoVersion = errors.New("no version of the protocol in common")

// read takes requests, one after the other.
func (c *client) read(ctx context.Context) error {
	in := bufio.NewReaderSize(c.conn, 4<<10)
	for {
		most, wait := maxLine, idleTime
		if !c.known.Load() {
			most, wait = maxFirst, firstTime
		}
		_ = c.conn.SetReadDeadline(time.Now().Add(wait)) // a connection that is closed says so when it is read
		line, err := c.calls.ReadLine(ctx, in, most, func() { _ = c.conn.SetReadDeadline(time.Now().Add(lineTime)) })
		if err != nil {
			return err
		}
		if err = c.answer(ctx, line); err != nil {
			return err
		}
	}
}

// answer answers a line and ends it.
func (c *client) answer(ctx context.Context, line *jsonrpc.Line) error {
	defer line.End()
	pieces := c.calls.Answer(ctx, line)
	if len(pieces) == 0 { // notifications
		c.answered()
		return nil
	}
	r := reply{line, pieces, make(chan struct{})}
	select {
	case c.replies <- r:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	c.answered()
	if c.version == refused {
		return errNoVersion
	}
	return nil
}

// write sends answers, and tells what has changed.
func (c *client) write(ctx context.Context) error {
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case r := <-c.replies:
			err = c.send(r.line, r.pieces...)
			close(r.done)
		case <-c.wake:
			err = c.tell(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// send writes the pieces of a line's answer, or of a notice, each of which must be taken in time.
func (c *client) send(line *jsonrpc.Line, pieces ...[]byte) error {
	out := jsonrpc.NewLineWriter(c.conn, line)
	for _, b := range pieces {
		if _, err := out.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// tell sends what has changed: the tip first, then each script whose digest is another than the client
// knows.
func (c *client) tell(ctx context.Context) error {
	headers, scripts := c.changed()
	if headers {
		if err := c.notify("blockchain.headers.subscribe", c.tip()); err != nil {
			return err
		}
	}
	for _, script := range scripts {
		status, err := c.cfg.Explore.Status(ctx, script)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		if c.learn(script, status) {
			if err := c.notify("blockchain.scripthash.subscribe", script.String(), textOrNull(status)); err != nil {
				return err
			}
		}
	}
	return nil
}

// changed takes what is to be told. A script whose first answer is not out yet waits for it.
func (c *client) changed() (headers bool, scripts []chain.Hash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	headers, c.headers = c.headers, false
	for script := range c.dirty {
		if !c.subs[script].pending {
			scripts = append(scripts, script)
			delete(c.dirty, script)
		}
	}
	return headers, scripts
}

// learn notes what the client is told of a script; false: it knows, or has left it.
func (c *client) learn(script chain.Hash, status string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	sub, is := c.subs[script]
	if !is || !sub.pending && sub.status == status {
		return false
	}
	sub.status = status
	c.subs[script] = sub
	return true
}

// answered lets changes be told of what was subscribed to: the first answer has been sent.
func (c *client) answered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for script := range c.fresh {
		if sub, is := c.subs[script]; is {
			sub.pending = false
			c.subs[script] = sub
		}
	}
	clear(c.fresh)
	if len(c.dirty) > 0 {
		c.poke()
	}
}

func (c *client) notify(method string, params ...any) error {
	line, err := json.Marshal(struct {
		Version string `json:"jsonrpc"`
		Method  string `json:"method"`
		Params  []any  `json:"params"`
	}{"2.0", method, params})
	if err != nil {
		return err
	}
	return c.send(nil, append(line, '\n'))
}

// textOrNull is null for what is empty.
func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
