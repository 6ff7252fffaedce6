package jsonrpc

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
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

// Who has sent the next request too and then ends his side, as "nc -N" does, has both answered: what is to come is
// known, and nobody looks for its end before it is read.
func TestWhoSendsTwoRequestsAndEndsHisSideHasBothAnswered(t *testing.T) {
	addr, begun, may, ended := serveSlow(t)
	c, r := dial(t, addr)
	_, _ = io.WriteString(c, asks("slow")+"\r\n"+asks("count"))
	if err := closeWrite(c); err != nil {
		t.Fatal(err)
	}
	<-begun
	select {
	case err := <-ended:
		t.Fatalf("the first call ended with %v", err)
	case <-time.After(4 * lookTime):
	}
	may <- struct{}{}
	if err := <-ended; err != nil {
		t.Errorf("the first call: %v", err)
	}
	for _, want := range []string{`{"result":1,"error":null,"id":1}`, `{"result":7,"error":null,"id":1}`} {
		if _, answer := readByHand(t, r); answer != want {
			t.Errorf("%s, want %s", answer, want)
		}
	}
}

// An empty line behind a request, as old clients send, is no next request: the call ends when its client goes.
func TestAnEmptyLineBehindARequestHidesNoHangUp(t *testing.T) {
	addr, begun, _, ended := serveSlow(t)
	c, _ := dial(t, addr)
	_, _ = io.WriteString(c, asks("slow")+"\r\n")
	<-begun
	c.Close()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("the client is gone and its call goes on")
	}
}

// slowToEnd is a connection whose read says late that it has ended.
type slowToEnd struct {
	net.Conn
	reads, closed chan struct{}
	ended         atomic.Bool
}

func (c *slowToEnd) Read([]byte) (int, error) {
	close(c.reads)
	<-c.closed
	time.Sleep(2 * lookTime)
	c.ended.Store(true)
	return 0, net.ErrClosed
}

func (c *slowToEnd) Close() error {
	close(c.closed)
	return nil
}

// Who closes a connection waits for the goroutine that watches its client.
func TestACloseWaitsForWhoWatches(t *testing.T) {
	tcp := &slowToEnd{reads: make(chan struct{}), closed: make(chan struct{})}
	c := newConn(tcp, newConns(1))
	c.hang.begin()
	if one := (&repairConn{Conn: c}); !one.watches() {
		t.Fatal("nobody watches a request that is at work")
	}
	<-tcp.reads
	if err := c.Close(); err != nil || !tcp.ended.Load() {
		t.Errorf("closed (%v) while a goroutine still reads", err)
	}
	c.hang.begin() // net/http had a request ready
	if one := (&repairConn{Conn: c}); one.watches() || c.hang.timer.Stop() {
		t.Error("a closed connection is watched")
	}
}

// A request whose body is still to come is not looked at: thousands of such cost nothing while they wait.
func TestNobodyLooksAtARequestThatIsNotHere(t *testing.T) {
	c := newConn(&slowToEnd{}, newConns(1))
	c.hang.begin()
	if c.hang.timer != nil {
		t.Error("a timer runs for it")
	}
	c.hang.end()
	c.hang.begin()
	if one := (&repairConn{Conn: c}); !one.watches() || c.hang.timer == nil || !c.hang.timer.Stop() {
		t.Error("none runs for one that is")
	}
}

// net/http stops its own look by a deadline that has passed, and on a busy machine that look comes no sooner: our
// watch may begin within. Its read fails then, and the client is not gone for that.
func TestADeadlineIsNoHangUp(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	c := newConn(ours, newConns(1))
	defer c.Close()
	ctx, gone := context.WithCancel(t.Context())
	c.hang.gone = gone
	c.hang.begin()
	if err := c.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if one := (&repairConn{Conn: c}); !one.watches() {
		t.Fatal("nobody watches")
	}
	select {
	case <-ctx.Done():
		t.Error("who is there is taken for gone")
	case <-time.After(3 * lookTime):
	}
	c.hang.end()
	c.hang.begin() // the next request, whose client does go
	(&repairConn{Conn: c}).watches()
	theirs.Close()
	select {
	case <-ctx.Done():
	case <-time.After(time.Minute):
		t.Error("who is gone is taken for there")
	}
}
