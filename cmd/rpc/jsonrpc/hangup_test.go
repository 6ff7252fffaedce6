package jsonrpc

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// serveSlow has one method, which says that it has begun and ends when it may, or when its context does.
func serveSlow(t *testing.T) (addr string, begun chan struct{}, may chan struct{}, ended chan error) {
	t.Helper()
	begun, may, ended = make(chan struct{}), make(chan struct{}), make(chan error, 1)
	cfg := testConfig()
	cfg.Methods = append(cfg.Methods, Method{Name: "slow", Do: func(ctx context.Context, _ *Call) (any, error) {
		begun <- struct{}{}
		select {
		case <-ctx.Done():
		case <-may:
		}
		ended <- ctx.Err()
		return 1, nil
	}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: NewHandler(cfg), IdleTimeout: time.Minute, ReadHeaderTimeout: time.Minute}
	go func() { _ = serveMost(srv, 64, l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return l.Addr().String(), begun, may, ended
}

func asks(method string) string {
	body := fmt.Sprintf(`{"id":1,"method":"%s"}`, method)
	return fmt.Sprintf("POST / HTTP/1.1\n%s\nContent-Length: %d\n\n%s", authLine, len(body), body)
}

// A call whose client is gone ends: also one that follows others on its connection.
func TestACallEndsWhenItsClientHangsUp(t *testing.T) {
	for _, before := range []int{0, 3} {
		addr, begun, _, ended := serveSlow(t)
		c, r := dial(t, addr)
		for range before {
			_, _ = io.WriteString(c, asks("count"))
			readByHand(t, r)
		}
		_, _ = io.WriteString(c, asks("slow"))
		<-begun
		c.Close()
		select {
		case err := <-ended:
			if err == nil {
				t.Error("the call ended without its context")
			}
		case <-time.After(time.Minute):
			t.Fatalf("after %d others: the client is gone and its call goes on", before)
		}
	}
}

// What a client sends while its call is watched is the beginning of its next request, and nothing of it is lost.
func TestWhatComesWhileACallIsWatchedIsNotLost(t *testing.T) {
	addr, begun, may, ended := serveSlow(t)
	c, r := dial(t, addr)
	for _, pause := range []time.Duration{0, 3 * lookTime} { // before the watch begins, and while it is on
		_, _ = io.WriteString(c, asks("slow"))
		<-begun
		time.Sleep(pause)
		next := asks("count")
		_, _ = io.WriteString(c, next[:7])
		time.Sleep(pause)
		may <- struct{}{}
		if err := <-ended; err != nil {
			t.Errorf("a call whose client is there ended with %v", err)
		}
		if _, answer := readByHand(t, r); answer != `{"result":1,"error":null,"id":1}` {
			t.Errorf("the slow call: %s", answer)
		}
		_, _ = io.WriteString(c, next[7:])
		if _, answer := readByHand(t, r); answer != `{"result":7,"error":null,"id":1}` {
			t.Errorf("the next call: %s", answer)
		}
	}
}

// A deadline far ahead is told once a second at most, and never passes early; one that is near, that has
// passed or that is taken away holds at once, also for who is inside.
func TestADeadlineIsToldWhenItMatters(t *testing.T) {
	var told []time.Time
	d := &deadline{tell: func(t time.Time) error { told = append(told, t); return nil }}
	use := func(at time.Time) (news int) {
		t.Helper()
		before := len(told)
		if err := d.set(at); err != nil || len(told) != before {
			t.Fatal("a deadline of nobody was told")
		}
		if err := d.enter(); err != nil {
			t.Fatal(err)
		}
		d.leave()
		return len(told) - before
	}
	now := time.Now()
	if n := use(time.Time{}); n != 0 {
		t.Error("none was told where there was none")
	}
	if n := use(now.Add(30 * time.Second)); n != 1 || told[0].Before(now.Add(30*time.Second)) || told[0].After(now.Add(31*time.Second)) {
		t.Errorf("30 s ahead: told %v", told)
	}
	if n := use(now.Add(30*time.Second + slack/2)); n != 0 {
		t.Error("half a second later: told again")
	}
	for _, at := range []time.Time{now.Add(32 * time.Second), now.Add(20 * time.Second), now.Add(slack / 2), time.Unix(1, 0), {}, now.Add(time.Minute)} {
		exact := at.IsZero() || at.Before(now.Add(slack))
		if n := use(at); n != 1 || exact && !told[len(told)-1].Equal(at) || told[len(told)-1].Before(at) {
			t.Errorf("%v: told %d times, last %v", at, n, told[len(told)-1])
		}
	}
	if err := d.enter(); err != nil {
		t.Fatal(err)
	}
	before := len(told)
	if err := d.set(time.Unix(1, 0)); err != nil || len(told) != before+1 || !told[before].Equal(time.Unix(1, 0)) {
		t.Errorf("who is inside is not interrupted: %v", told[before:])
	}
}
