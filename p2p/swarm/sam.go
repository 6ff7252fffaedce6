package swarm

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"grapevine/p2p"
)

// I2P destinations are reached through the SAM bridge of an I2P router, version 3.1. We have
// one session, with a destination of its own: it is forgotten when the session ends, unless
// others are to reach us there (i2pin.go).
//
//	HELLO VERSION MIN=3.1 MAX=3.1                               on each connection
//	SESSION CREATE STYLE=STREAM ID=… DESTINATION=TRANSIENT …    once; the session lives as long as the connection
//	NAMING LOOKUP NAME=….b32.i2p                                the whole destination, on a connection of its own
//	STREAM CONNECT ID=… DESTINATION=… SILENT=false              which becomes the stream
type sam struct {
	bridge  p2p.Proxy
	keyFile string // holds our destination's private key; "": it is forgotten with the session
	log     *slog.Logger

	turn    chan struct{} // holds one token: who has it may use the fields below
	control net.Conn      // nil: no session
	gone    chan struct{} // closed when the bridge has ended it
	id      string
	own     atomic.Pointer[netip.AddrPort] // our destination, where it is kept; nil before the first session
}

func newSAM(bridge p2p.Proxy, keyFile string, log *slog.Logger) *sam {
	s := &sam{bridge: bridge, keyFile: keyFile, log: log, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

// samTime is for the bridge's answers: the tunnels of a session take long to build
// [MAX_WAIT_FOR_IO is a minute; three of those].
const samTime = 3 * time.Minute

// maxSAMReply bounds a line of the bridge [MAX_MSG_SIZE].
const maxSAMReply = 65536

// close ends the session.
func (s *sam) close() {
	<-s.turn
	defer func() { s.turn <- struct{}{} }()
	s.end()
}

func (s *sam) end() {
	if s.control != nil {
		s.control.Close()
		<-s.gone
		s.control = nil
	}
}

// hello opens a connection to the bridge.
func (s *sam) hello(ctx context.Context, network p2p.Network) (net.Conn, error) {
	conn, err := connect(ctx, s.bridge, network)
	if err != nil {
		return nil, fmt.Errorf("Cannot connect to %s", s.bridge) //lint:ignore ST1005 Core's words
	}
	if _, err := s.ask(ctx, conn, "HELLO VERSION MIN=3.1 MAX=3.1"); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// ask says a line and reads the answer's pairs; RESULT must be OK, or they come with the error.
func (s *sam) ask(ctx context.Context, conn net.Conn, line string) (map[string]string, error) {
	pairs, err := s.talk(ctx, conn, line)
	if result := pairs["RESULT"]; err == nil && result != "OK" {
		verb, _, _ := strings.Cut(line, " ")
		err = fmt.Errorf("SAM bridge %s: %s: RESULT=%s %s", s.bridge, verb, result, pairs["MESSAGE"])
	}
	return pairs, err
}

// talk is ask without a look at the answer.
func (s *sam) talk(ctx context.Context, conn net.Conn, line string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, samTime)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if _, err := conn.Write([]byte(line + "\n")); err != nil {
		return nil, err
	}
	reply, err := readReply(conn)
	if err != nil {
		return nil, fmt.Errorf("SAM bridge %s: %w", s.bridge, err)
	}
	pairs := map[string]string{}
	for _, word := range strings.Fields(reply) {
		key, value, _ := strings.Cut(word, "=")
		pairs[key] = value
	}
	return pairs, nil
}

// readReply reads a line, and nothing of the stream that may begin behind it.
func readReply(conn io.Reader) (string, error) {
	var line []byte
	for next := make([]byte, 1); len(line) < maxSAMReply; line = append(line, next...) {
		if _, err := io.ReadFull(conn, next); err != nil {
			return "", err
		}
		if next[0] == '\n' {
			return string(line), nil
		}
	}
	return "", fmt.Errorf("a line of more than %d bytes", maxSAMReply)
}

// dial reaches a destination.
func (s *sam) dial(ctx context.Context, network p2p.Network, to p2p.HostPort) (net.Conn, error) {
	if to.Port != 0 {
		return nil, fmt.Errorf("connection refused due to arbitrary port %d", to.Port) // I2P has none
	}
	id, err := s.session(ctx, network)
	if err != nil {
		return nil, err
	}
	conn, err := s.hello(ctx, network)
	if err != nil {
		return nil, err
	}
	pairs, err := s.ask(ctx, conn, "NAMING LOOKUP NAME="+to.Host)
	if err == nil {
		pairs, err = s.ask(ctx, conn, "STREAM CONNECT ID="+id+" DESTINATION="+pairs["VALUE"]+" SILENT=false")
	}
	if err != nil { // of one destination: the session, and what streams it has, go on
		conn.Close()
		if pairs["RESULT"] == "INVALID_ID" {
			s.forget(ctx, id)
		}
		return nil, err
	}
	return &proxied{conn, remoteName(to.String())}, nil
}

// session makes one if there is none, or the bridge has ended it.
func (s *sam) session(ctx context.Context, network p2p.Network) (id string, err error) {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	defer func() { s.turn <- struct{}{} }()
	if s.control != nil {
		select {
		case <-s.gone:
			s.end()
		default:
			return s.id, nil
		}
	}
	err = s.open(ctx, network)
	return s.id, err
}

// forget ends a session that the bridge does not know any more.
func (s *sam) forget(ctx context.Context, id string) {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return
	}
	defer func() { s.turn <- struct{}{} }()
	if s.id == id {
		s.end()
	}
}

func (s *sam) open(ctx context.Context, network p2p.Network) error {
	kind, dest, quantity := "transient", "TRANSIENT", "1"
	if s.keyFile != "" {
		kind, quantity = "persistent", "3"
	}
	s.log.Debug("I2P session begins", "kind", kind, "bridge", s.bridge.String())
	id := "grapevine" + strconv.FormatUint(rand.Uint64(), 36)
	conn, err := s.hello(ctx, network)
	if err != nil {
		return err
	}
	if s.keyFile != "" {
		var key []byte
		if key, err = s.key(ctx, conn); err != nil {
			conn.Close()
			return err
		}
		dest = i2pText().EncodeToString(key)
	}
	_, err = s.ask(ctx, conn, "SESSION CREATE STYLE=STREAM ID="+id+" DESTINATION="+dest+
		" SIGNATURE_TYPE=7 i2cp.leaseSetEncType=4,0 inbound.quantity="+quantity+" outbound.quantity="+quantity)
	if err != nil {
		conn.Close()
		return err
	}
	gone := make(chan struct{})
	s.control, s.gone, s.id = conn, gone, id
	go func() { // end waits for it
		defer close(gone)
		_, _ = io.Copy(io.Discard, conn) // nothing more is said here; however it ends, the session has
	}()
	return nil
}
