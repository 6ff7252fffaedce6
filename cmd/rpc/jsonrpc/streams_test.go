package jsonrpc

import (
	"net"
	"testing"
	"time"
)

func TestStreamsHavePlacesOfTheirOwn(t *testing.T) {
	const most = 3
	s, now := newConns(2), time.Now()
	open := func(known bool) *conn {
		here, there := net.Pipe()
		t.Cleanup(func() { here.Close(); there.Close() })
		c := &conn{Conn: here, set: s}
		s.admit(c)
		if known && !s.trust(c) {
			t.Fatal("no place for who has the password")
		}
		return c
	}
	closed := func(c *conn) bool { return c.Conn.SetDeadline(now) != nil }
	var all []*conn
	for i := range most {
		all = append(all, open(false))
		if !s.stream(all[i], s.streams[0], most, now.Add(time.Duration(i)*time.Second)) {
			t.Fatalf("no place for stream %d", i)
		}
	}
	if len(s.strangers) != 0 || closed(all[0]) {
		t.Error("streams take the places of who asks")
	}
	late := open(false)
	if s.stream(late, s.streams[0], most, now.Add(streamStay-1)) {
		t.Error("one more than there are places for")
	}
	if !s.stream(open(true), s.streams[1], most, now) || len(s.known) != 0 {
		t.Error("strangers hold the places of who has the password")
	}
	if !s.stream(late, s.streams[0], most, now.Add(streamStay)) || !closed(all[0]) || closed(all[1]) {
		t.Error("who has listened the longest does not make room")
	}
	if err := all[1].Close(); err != nil || len(s.streams[0]) != most-1 {
		t.Errorf("%d places are taken (%v)", len(s.streams[0]), err)
	}
	s.closeIdle()
	if !closed(late) {
		t.Error("a stream outlives the server")
	}
}
