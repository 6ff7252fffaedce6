package swarm

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"grapevine/p2p"
)

// script is a proxy that answers as it was told.
type script struct {
	io.Reader
	said bytes.Buffer
}

func (s *script) Write(p []byte) (int, error) { return s.said.Write(p) }

func TestSocks5Handshake(t *testing.T) {
	to := p2p.HostPort{Host: "2001:db8::1", Port: 8333}
	request := "\x05\x01\x00\x03\x0b2001:db8::1\x20\x8d"
	ok := "\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00"
	for _, c := range []struct {
		what, credentials, answers, said, fails string
	}{
		{"without credentials", "", "\x05\x00" + ok, "\x05\x01\x00" + request, ""},
		{"they are offered and not wanted", "77", "\x05\x00" + ok, "\x05\x02\x00\x02" + request, ""},
		{"they are wanted", "77", "\x05\x02\x01\x00" + ok, "\x05\x02\x00\x02\x01\x0277\x0277" + request, ""},
		{"they are refused", "77", "\x05\x02\x01\x01", "", "authentication unsuccessful"},
		{"they are wanted and not offered", "", "\x05\x02", "", "wrong authentication method 02"},
		{"no method will do", "77", "\x05\xff", "", "wrong authentication method ff"},
		{"SOCKS4", "", "\x04\x00", "", "does not speak SOCKS5"},
		{"it ends", "", "\x05", "", "EOF"},
		{"refused", "", "\x05\x00\x05\x05\x00\x01", "", "connection refused"},
		{"the onion service is not there", "", "\x05\x00\x05\xf0\x00\x01", "", "descriptor can not be found"},
		{"an unknown failure", "", "\x05\x00\x05\x99\x00\x01", "", "unknown (0x99)"},
		{"bound to a name", "", "\x05\x00\x05\x00\x00\x03\x02ab\x00\x00", "\x05\x01\x00" + request, ""},
		{"bound to IPv6", "", "\x05\x00\x05\x00\x00\x04" + strings.Repeat("\x00", 18), "\x05\x01\x00" + request, ""},
		{"bound to nonsense", "", "\x05\x00\x05\x00\x00\x09", "", "does not speak SOCKS5"},
		{"bound to half an address", "", "\x05\x00\x05\x00\x00\x01\x7f", "", "EOF"},
	} {
		s := &script{Reader: strings.NewReader(c.answers)}
		err := socks5(s, to, c.credentials)
		if failed := err != nil; failed != (c.fails != "") || failed && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s: %v, want %q", c.what, err, c.fails)
		}
		if c.said != "" && s.said.String() != c.said {
			t.Errorf("%s: said %q", c.what, s.said.String())
		}
	}
	for n, want := range map[int]bool{255: true, 256: false} {
		s := &script{Reader: strings.NewReader("\x05\x00" + ok)}
		if err := socks5(s, p2p.HostPort{Host: strings.Repeat("a", n)}, ""); (err == nil) != want {
			t.Errorf("a name of %d letters: %v", n, err)
		}
	}
}

// served is a network in which somebody serves at each address.
type served func(net.Conn)

func (served) Listen(context.Context, netip.AddrPort) (net.Listener, error) { return nil, io.EOF }

func (serve served) Dial(context.Context, netip.AddrPort) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go serve(theirs)
	return ours, nil
}

// bridge is a SAM bridge of one destination, which says hello and ends.
type bridge struct {
	t *testing.T

	mu       sync.Mutex
	sessions []net.Conn
	invalid  bool // it does not know the session of the next stream
}

func (b *bridge) serve(conn net.Conn) {
	defer conn.Close()
	buf := make([]byte, 1000)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(string(buf[:n]), " ID=")
		answers := map[string]string{
			"HELLO VERSION MIN=3.1 MAX=3.1\n":    "HELLO REPLY RESULT=OK VERSION=3.1\n",
			"SESSION CREATE STYLE=STREAM":        "SESSION STATUS RESULT=OK DESTINATION=me\n",
			"NAMING LOOKUP NAME=here.b32.i2p\n":  "NAMING REPLY RESULT=OK NAME=here.b32.i2p VALUE=there\n",
			"NAMING LOOKUP NAME=other.b32.i2p\n": "NAMING REPLY RESULT=KEY_NOT_FOUND\n",
			"STREAM CONNECT":                     "STREAM STATUS RESULT=OK\nhello",
		}
		b.mu.Lock()
		if verb == "SESSION CREATE STYLE=STREAM" {
			b.sessions = append(b.sessions, conn)
		}
		if verb == "STREAM CONNECT" && b.invalid {
			b.invalid, answers[verb] = false, "STREAM STATUS RESULT=INVALID_ID\n"
		}
		b.mu.Unlock()
		if verb == "NAMING LOOKUP NAME=slow.b32.i2p\n" {
			continue
		}
		if answers[verb] == "" {
			b.t.Errorf("the bridge was told %q", buf[:n])
		}
		if _, err := conn.Write([]byte(answers[verb])); err != nil || verb == "STREAM CONNECT" {
			return
		}
	}
}

func TestI2PThroughASAMBridge(t *testing.T) {
	s := newSAM(p2p.Proxy{At: netip.MustParseAddrPort("127.0.0.1:7656")}, "", slog.New(slog.DiscardHandler))
	defer s.close()
	b := &bridge{t: t}
	for range 2 { // the session is there then
		conn, err := s.dial(t.Context(), served(b.serve), p2p.HostPort{Host: "here.b32.i2p"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(conn)
		if string(got) != "hello" || err != nil || conn.RemoteAddr().String() != "here.b32.i2p:0" {
			t.Errorf("%q %v from %v", got, err, conn.RemoteAddr())
		}
		conn.Close()
	}
	if _, err := s.dial(t.Context(), served(b.serve), p2p.HostPort{Host: "other.b32.i2p"}); err == nil || !strings.Contains(err.Error(), "KEY_NOT_FOUND") {
		t.Errorf("a destination that is not known: %v", err)
	}
	if _, err := s.dial(t.Context(), served(b.serve), p2p.HostPort{Host: "here.b32.i2p", Port: 1}); err == nil {
		t.Error("I2P has no ports")
	}
	again := func(what string, sessions int) {
		t.Helper()
		conn, err := s.dial(t.Context(), served(b.serve), p2p.HostPort{Host: "here.b32.i2p"})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		conn.Close()
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.sessions) != sessions {
			t.Errorf("%s: %d sessions were made, want %d", what, len(b.sessions), sessions)
		}
	}
	again("after a failure: the session, with all its streams, is there", 1)
	b.sessions[0].Close()
	<-s.gone
	again("after the bridge has ended the session", 2)
	b.invalid = true
	if _, err := s.dial(t.Context(), served(b.serve), p2p.HostPort{Host: "here.b32.i2p"}); err == nil {
		t.Error("a session that the bridge does not know")
	}
	again("after the bridge has forgotten the session", 3)
}

func TestRepliesOfASAMBridgeAreBounded(t *testing.T) {
	for n, want := range map[int]bool{maxSAMReply - 1: true, maxSAMReply: false} {
		stream := strings.NewReader(strings.Repeat("a", n) + "\nhello")
		got, err := readReply(stream)
		if (err == nil) != want || want && (len(got) != n || stream.Len() != len("hello")) {
			t.Errorf("a line of %d bytes: %d are read, %d are left, %v", n, len(got), stream.Len(), err)
		}
	}
}

// A name that is looked up for long keeps nobody from other destinations.
func TestI2PNamesAreLookedUpBesideEachOther(t *testing.T) {
	s := newSAM(p2p.Proxy{At: netip.MustParseAddrPort("127.0.0.1:7656")}, "", slog.New(slog.DiscardHandler))
	defer s.close()
	b := &bridge{t: t}
	ctx, cancel := context.WithCancel(t.Context())
	slow := make(chan error, 1)
	go func() {
		_, err := s.dial(ctx, served(b.serve), p2p.HostPort{Host: "slow.b32.i2p"})
		slow <- err
	}()
	conn, err := s.dial(t.Context(), served(b.serve), p2p.HostPort{Host: "here.b32.i2p"})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	cancel()
	if err := <-slow; err == nil {
		t.Error("nobody answered, and it is connected")
	}
}
